import { createReadStream, existsSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { Command } from 'commander';
import { StreamError } from '../../pipeline/errors.ts';
import { producerLease } from '../../pipeline/schedule/lease.ts';
import type { FencedStateStore } from '../../pipeline/state.ts';
import { defaultConfigFile, type LoadedConfig, loadConfig } from '../load-config.ts';
import { openKept, openStateStore } from '../open-state-store.ts';
import { openTransport, topicsFolder } from '../open-transport.ts';
import { note, print } from '../output.ts';
import { backupState, refuseWhileUsed, restoreState, writeProducers } from '../state-backup.ts';
import { stateFolder } from '../state-folder.ts';
import { clearProducers, exportLines, importLines, producerLines } from '../state-lines.ts';
import { topicSpecs } from '../topic-specs.ts';

interface Options {
  readonly config: string;
  readonly state?: string;
  readonly json?: boolean;
  readonly yes?: boolean;
  readonly producers?: boolean;
}

/** `state backup|restore|export|import|reset`: what the pipeline keeps. */
export function stateCommand(): Command {
  const command = new Command('state').description(
    'What the pipeline keeps: copy it while it runs, put a copy back, move it to another transport or store, forget it (docs/operations.md).',
  );
  addCopies(command);
  add(command, 'export', {
    description:
      'Print watermarks, inventories and what was applied as JSON lines, for `state import` into another transport or store.',
    examples:
      'purview-streams state export > state.ndjson\n  purview-streams state export --producers | purview-streams state import - -c with-postgres.yaml',
  })
    .option(
      '--producers',
      'only what producers keep: to move it to another stateStore beside the same topics',
    )
    .action(exportState);
  add(command, 'import', {
    description:
      'Write such lines into the state of the configured transport and store, before the first run with them.',
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
      'Copy topics, offsets, state and the local catalogue, each as of one moment, while the pipeline runs; with a transport that is not embedded, what producers keep in a stateStore of its own.',
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

/** What is kept on this machine or in a store of its own. */
interface Kept {
  readonly loaded: LoadedConfig;
  readonly folder: string;
  readonly isEmbedded: boolean;
  readonly store: FencedStateStore | undefined;
}

/** Throws USAGE where there is nothing of that: other transports have backups of their own. */
async function withKept<T>(options: Options, work: (kept: Kept) => Promise<T>): Promise<T> {
  const loaded = await loadConfig(options.config, { withoutSources: true });
  const { kind } = loaded.config.transport;
  const isEmbedded = kind === 'embedded';
  const folder = stateFolder(loaded, options.state);
  const store = await openStateStore(loaded, folder);
  try {
    if (isEmbedded || store !== undefined) return await work({ loaded, folder, isEmbedded, store });
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
  } finally {
    await store?.close();
  }
}

/** Parts of a backup as a person names them. */
function partsText(parts: readonly string[]): string {
  return parts.map((part) => (part === 'producers' ? 'what producers keep' : part)).join(' and ');
}

async function backup(to: string, options: Options): Promise<void> {
  const at = path.resolve(to);
  const manifest = await withKept(options, ({ folder, isEmbedded, store }) =>
    backupState({ folder: isEmbedded ? folder : undefined, store }, at, new Date()),
  );
  if (options.json === true) print(JSON.stringify({ folder: at, ...manifest }));
  else print(`Copied ${partsText(manifest.parts)} to ${to}.`);
}

async function restore(from: string, options: Options): Promise<void> {
  await withKept(options, async ({ loaded, folder, isEmbedded, store }) => {
    const producers = Object.keys(loaded.config.producers);
    const target = { folder, isEmbedded, store, producers };
    const { manifest, aside } = await restoreState(target, path.resolve(from), new Date());
    if (options.json === true) print(JSON.stringify({ folder, ...manifest, aside }));
    else {
      print(`Restored ${partsText(manifest.parts)} as of ${manifest.at}.`);
      for (const one of aside) note(`What was there is in ${one}; remove it when all is well.`);
    }
  });
}

async function exportState(options: Options): Promise<void> {
  const kept = await openKept(options);
  try {
    const { log, ofProducers } = kept;
    const ofStages = log.transactions.state;
    const lines =
      options.producers === true ? producerLines(ofProducers) : exportLines({ ofStages, ofProducers });
    for await (const line of lines) print(line);
  } finally {
    await kept.close();
  }
}

async function importState(file: string, options: Options): Promise<void> {
  if (file !== '-' && !existsSync(file)) throw new StreamError('USAGE', `There is no file ${file}.`);
  const loaded = await loadConfig(options.config, { withoutSources: true });
  const { config } = loaded;
  const folder = stateFolder(loaded, undefined);
  const transport = await openTransport(config.transport, folder);
  const store = await openStateStore(loaded, folder);
  try {
    await transport.ensureTopics(topicSpecs(config));
    const lines = file === '-' ? process.stdin : createReadStream(file);
    const ofStages = transport.transactions.state;
    const count = await importLines({ ofStages, ofProducers: store ?? ofStages }, lines);
    note(`${count} entries are written.`);
  } finally {
    await store?.close();
    await transport.close();
  }
}

async function reset(options: Options): Promise<void> {
  await withKept(options, async (kept) => {
    const { folder, isEmbedded, store } = kept;
    const at = topicsFolder(folder);
    const hasTopics = isEmbedded && existsSync(at);
    if (!hasTopics && store === undefined) return print(`Nothing is kept in ${folder}.`);
    if (isEmbedded) await refuseWhileUsed(folder);
    const what = hasTopics ? at : `what producers keep in ${kept.loaded.config.stateStore.kind}`;
    if (options.yes !== true)
      throw new StreamError('USAGE', `This would put ${what} aside.`, { advice: 'Say --yes to do it.' });
    const suffix = `before-${new Date().toISOString().replaceAll(':', '')}`;
    if (store !== undefined) {
      const file = path.join(folder, `producers.${suffix}.ndjson`);
      await mkdir(folder, { recursive: true });
      for (const name of Object.keys(kept.loaded.config.producers)) await store.take(producerLease(name));
      await writeProducers(store, file);
      await clearProducers(store);
      print(`What producers kept is in ${file}.`);
    }
    if (hasTopics) await rename(at, `${at}.${suffix}`);
    print(`${hasTopics ? `What was kept is in ${at}.${suffix}. ` : ''}The next run reads every source anew.`);
  });
}
