import { existsSync } from 'node:fs';
import { Command } from 'commander';
import type { DeadLetter } from '../../schemas/types.ts';
import { StreamError } from '../../pipeline/errors.ts';
import { createEmbeddedTransport } from '../../transports/embedded/transport.ts';
import { defaultConfigFile } from '../load-config.ts';
import { topicsFolder } from '../open-transport.ts';
import { print } from '../output.ts';
import { readDeadLetters } from '../read-dead-letters.ts';
import { stateFolderOf } from '../state-folder.ts';
import { table } from '../table.ts';

interface Options {
  readonly config: string;
  readonly state?: string;
  readonly json?: boolean;
}

/** `dead-letters list|show`: what could not be settled otherwise, and why. */
export function deadLettersCommand(): Command {
  const command = new Command('dead-letters').description(
    'Events that could not be delivered: what, where and why.',
  );
  withOptions(command.command('list'))
    .description('List the dead letters, oldest first.')
    .addHelpText(
      'after',
      '\nExamples:\n  purview-streams dead-letters list\n  purview-streams dead-letters list --json | jq -r .code | sort | uniq -c',
    )
    .action(async (options: Options) => {
      const letters = await readLetters(options);
      if (options.json === true) for (const letter of letters) print(JSON.stringify(head(letter)));
      else print(letters.length === 0 ? 'No dead letters.' : listing(letters));
    });
  withOptions(command.command('show'))
    .argument('<id>', 'id of the dead letter, as `list` prints it')
    .description('Show one dead letter with its headers and its bytes (base64).')
    .addHelpText('after', '\nExample:\n  purview-streams dead-letters show metadata.raw-2-17-9f86d081')
    .action(async (id: string, options: Options) => {
      const letter = (await readLetters(options)).find((candidate) => candidate.id === id);
      if (letter === undefined) {
        throw new StreamError('USAGE', `There is no dead letter ${id}.`, {
          advice: '`dead-letters list` prints the ids.',
        });
      }
      const whole = {
        ...head(letter),
        headers: letter.headers,
        value: letter.value === null ? null : Buffer.from(letter.value).toString('base64'),
      };
      print(JSON.stringify(whole, undefined, options.json === true ? undefined : 2));
    });
  return command;
}

function withOptions(command: Command): Command {
  return command
    .option('-c, --config <file>', 'configuration file', defaultConfigFile)
    .option('--state <folder>', 'folder for what is kept over restarts, instead of the configured one')
    .option('--json', 'print JSON, one dead letter a line');
}

async function readLetters(options: Options): Promise<readonly DeadLetter[]> {
  const folder = topicsFolder(await stateFolderOf(options));
  if (!existsSync(folder)) {
    throw new StreamError('STATE_UNAVAILABLE', `There are no topics in ${folder}.`, {
      advice: 'Run the pipeline first, or name its folder with --state.',
    });
  }
  const transport = createEmbeddedTransport({ folder });
  try {
    return await readDeadLetters(transport);
  } finally {
    await transport.close();
  }
}

function head({
  id,
  stage,
  code,
  message,
  time,
  attempts,
  producer,
  topic,
  partition,
  offset,
  key,
}: DeadLetter) {
  return { id, stage, code, message, time, attempts, producer, topic, partition, offset, key };
}

function listing(letters: readonly DeadLetter[]): string {
  return table(
    ['id', 'stage', 'code', 'producer', 'time', 'message'],
    letters.map(({ id, stage, code, producer, time, message }) => [
      id,
      stage,
      code,
      producer ?? '',
      time,
      message.split('\n')[0] ?? '',
    ]),
  );
}
