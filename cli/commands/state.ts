import { createReadStream, existsSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { Command } from 'commander';
import { StreamError } from '../../pipeline/errors.ts';
import { defaultConfigFile, loadConfig } from '../load-config.ts';
import { openLog } from '../open-log.ts';
import { openTransport, topicsFolder } from '../open-transport.ts';
import { note, print } from '../output.ts';
import { backupState, refuseWhileUsed, restoreState } from '../state-backup.ts';
import { stateFolder } from '../state-folder.ts';
import { exportLines, importLines } from '../state-lines.ts';
import { topicSpecs } from '../topic-specs.ts';

interface Options {
  readonly config: string;
  readonly state?: string;
  readonly json?: boolean;
  readonly yes?: boolean;
}

/** `state backup|restore|export|import|reset`: what the pipeline keeps. */
export function stateCommand(): Command {
  const command = new Command('state').description(
    'What the pipeline keeps: copy it while it runs, put a copy back, move it to another transport, forget it (docs/operations.md).',
  );
  addCopies(command);
  add(command, 'export', {
    description:
      'Print watermarks, inventories and what was applied as JSON lines, for `state import` into another transport.',
    examples: 'purview-streams state export > state.ndjson',
  }).action(exportState);
  add(command, 'import', {
    description: 'Write such lines into the state of the configured transport, before its first run.',
    examples:
      'purview-streams state import state.ndjson -c on-kafka.yaml\n  purview-streams state import - < state.ndjson',
  })
    .argument('<file>', 'the lines; - for standard input')
    .action(importState);
  return command;
}

function add(
  to: Command,
  name: string,
  { description, examples }: { readonly description: string; readonly examples: string },
): Command {
  return to
    .command(name)
    .description(description)
    .option('-c, --config <file>', 'configuration file', defaultConfigFile)
    .addHelpText('after', `\nExamples:\n  ${examples}`);
}

function addCopies(to: Command): void {
  const ofFolder = (one: Command): Command =>
    one.option('--state <folder>', 'folder for what is kept over restarts, instead of the configured one');
  const backupCommand = add(to, 'backup', {
    description:
      'Copy topics, offsets, state and the local catalogue as of one moment, while the pipeline runs. For the transport embedded.',
    examples: 'purview-streams state backup /backups/$(date +%F)',
  });
  ofFolder(backupCommand)
    .argument('<folder>', 'where to; it must not exist yet')
    .option('--json', 'print what was copied as one JSON object')
    .action(backup);
  const restoreCommand = add(to, 'restore', {
    description:
      'Put a backup in the place of what is kept; that is put aside. Stop every process of the pipeline first.',
    examples: 'purview-streams state restore /backups/2026-03-01',
  });
  ofFolder(restoreCommand)
    .argument('<folder>', 'a folder that `state backup` has made')
    .option('--json', 'print what was restored as one JSON object')
    .action(restore);
  const resetCommand = add(to, 'reset', {
    description:
      'Put everything aside that is kept: the next run reads every source anew, and writes every asset again.',
    examples: 'purview-streams state reset --yes',
  });
  ofFolder(resetCommand).option('--yes', 'really do it').action(reset);
}

/** The state folder of the transport embedded. Throws USAGE for the others, whose services have backups of their own. */
async function embeddedFolder(options: Options): Promise<string> {
  const loaded = await loadConfig(options.config, { withoutSources: true });
  const { kind } = loaded.config.transport;
  if (kind === 'embedded') return stateFolder(loaded, options.state);
  throw new StreamError(
    'USAGE',
    `With the transport ${kind}, what is kept is not in a folder of this machine.`,
    {
      advice:
        kind === 'memory'
          ? 'It ends with the process.'
          : 'Use what the service has for it; `state export` and `import` move it.',
    },
  );
}

async function backup(to: string, options: Options): Promise<void> {
  const folder = await embeddedFolder(options);
  const manifest = await backupState(folder, path.resolve(to), new Date());
  if (options.json === true) print(JSON.stringify({ folder: path.resolve(to), ...manifest }));
  else print(`Copied ${manifest.parts.join(' and ')} of ${folder} to ${to}.`);
}

async function restore(from: string, options: Options): Promise<void> {
  const folder = await embeddedFolder(options);
  const { manifest, aside } = await restoreState(folder, path.resolve(from), new Date());
  if (options.json === true) print(JSON.stringify({ folder, ...manifest, aside }));
  else {
    print(`Restored ${manifest.parts.join(' and ')} as of ${manifest.at} to ${folder}.`);
    for (const one of aside) note(`What was there is in ${one}; remove it when all is well.`);
  }
}

async function exportState(options: Options): Promise<void> {
  const log = await openLog(options);
  try {
    for await (const line of exportLines(log.transactions.state)) print(line);
  } finally {
    await log.close();
  }
}

async function importState(file: string, options: Options): Promise<void> {
  if (file !== '-' && !existsSync(file)) throw new StreamError('USAGE', `There is no file ${file}.`);
  const loaded = await loadConfig(options.config, { withoutSources: true });
  const { config } = loaded;
  const transport = await openTransport(config.transport, stateFolder(loaded, undefined));
  try {
    await transport.ensureTopics(topicSpecs(config));
    const lines = file === '-' ? process.stdin : createReadStream(file);
    note(`${await importLines(transport.transactions.state, lines)} entries are written.`);
  } finally {
    await transport.close();
  }
}

async function reset(options: Options): Promise<void> {
  const folder = await embeddedFolder(options);
  const at = topicsFolder(folder);
  if (!existsSync(at)) return print(`Nothing is kept in ${folder}.`);
  await refuseWhileUsed(folder);
  if (options.yes !== true)
    throw new StreamError('USAGE', `This would put ${at} aside.`, { advice: 'Say --yes to do it.' });
  const aside = `${at}.before-${new Date().toISOString().replaceAll(':', '')}`;
  await rename(at, aside);
  print(`What was kept is in ${aside}. The next run reads every source anew.`);
}
