import { Command, Option } from 'commander';
import type { DeadLetter } from '../../schemas/types.ts';
import type { Transport } from '../../pipeline/transport.ts';
import {
  filterLetters,
  findLetter,
  type LetterFilter,
  parseStage,
  selectLetters,
} from '../dead-letter-selection.ts';
import { type LogOptions, openLog } from '../open-log.ts';
import { exitCodes, note, print } from '../output.ts';
import { addStateOptions } from '../state-folder.ts';
import { readDeadLetters } from '../read-dead-letters.ts';
import { dropLetters, redriveLetters } from '../redrive.ts';
import { table } from '../table.ts';

interface Options extends LogOptions, LetterFilter {
  readonly json?: boolean;
  readonly all?: boolean;
}

/** `dead-letters list|show|redrive|drop`: what could not be settled otherwise, and why; and what is to become of it. */
export function deadLettersCommand(setExitCode: (code: number) => void): Command {
  const command = new Command('dead-letters').description(
    'Events that could not be delivered: what, where and why; to be tried again or dropped. May be used while a pipeline runs.',
  );
  withFilter(addStateOptions(command.command('list'), 'print JSON, one dead letter a line'))
    .description('List the dead letters, oldest first.')
    .addHelpText(
      'after',
      '\nExamples:\n  purview-streams dead-letters list --stage sink\n  purview-streams dead-letters list --json | jq -r .code | sort | uniq -c',
    )
    .action(list);
  addStateOptions(command.command('show'), 'print JSON, one dead letter a line')
    .argument('<id>', 'id of the dead letter, as `list` prints it')
    .description('Show one dead letter with its headers and its bytes (base64).')
    .addHelpText('after', '\nExample:\n  purview-streams dead-letters show metadata.raw-9f86d081884c7d65')
    .action(show);
  withFilter(addStateOptions(command.command('redrive'), 'print JSON, one dead letter a line'))
    .argument('[id...]', 'ids of dead letters, as `list` prints them')
    .option('--all', 'every dead letter')
    .description(
      'Put the events of dead letters back on the topics that they came from, as they were and in their order, after the cause is mended. Where something newer has come since, that wins.',
    )
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 3 done, but some stay dead letters.\n\nExamples:\n  purview-streams dead-letters redrive metadata.entities-9f86d081884c7d65\n  purview-streams dead-letters redrive --code CATALOG_BAD_ENTITY --producer erp\n  purview-streams dead-letters redrive --all --json',
    )
    .action(async (ids: readonly string[], options: Options) => setExitCode(await redrive(ids, options)));
  withFilter(addStateOptions(command.command('drop'), 'print JSON, one dead letter a line'))
    .argument('[id...]', 'ids of dead letters, as `list` prints them')
    .option('--all', 'every dead letter')
    .description('Forget dead letters, and the events in them, for good.')
    .addHelpText(
      'after',
      '\nExamples:\n  purview-streams dead-letters drop metadata.raw-9f86d081884c7d65\n  purview-streams dead-letters drop --stage produce --producer erp',
    )
    .action(drop);
  return command;
}

function withFilter(command: Command): Command {
  return command
    .option('--code <code>', 'only those with this cause, as docs/errors.md names it')
    .option('--producer <name>', 'only those of this producer')
    .addOption(
      new Option('--stage <stage>', 'only those of this stage: produce, decode, transform, sink').argParser(
        parseStage,
      ),
    );
}

async function list(options: Options): Promise<void> {
  const letters = await withLetters(options, async (all) => filterLetters(all, options));
  if (options.json === true) for (const letter of letters) print(JSON.stringify(head(letter)));
  else print(letters.length === 0 ? 'No dead letters.' : listing(letters));
}

async function show(id: string, options: Options): Promise<void> {
  const letter = await withLetters(options, async (letters) => findLetter(letters, id));
  const whole = {
    ...head(letter),
    headers: letter.headers,
    value: letter.value === null ? null : Buffer.from(letter.value).toString('base64'),
  };
  print(JSON.stringify(whole, undefined, options.json === true ? undefined : 2));
}

async function redrive(ids: readonly string[], options: Options): Promise<number> {
  const results = await withLetters(options, (letters, transport) =>
    redriveLetters(transport, selectLetters(letters, ids, options), new Date()),
  );
  const back = results.filter(({ redriven }) => redriven).length;
  const code = back < results.length ? exitCodes.partly : exitCodes.done;
  if (options.json === true) {
    for (const result of results) print(JSON.stringify(result));
    return code;
  }
  print(`${back} of ${results.length} dead letters went back to their topics.`);
  for (const result of results) if (!result.redriven) print(`${result.id} stays: ${result.reason}`);
  if (back > 0) note('What is running settles them; where nothing runs, the next `run` does.');
  return code;
}

async function drop(ids: readonly string[], options: Options): Promise<void> {
  const dropped = await withLetters(options, async (letters, transport) => {
    const selected = selectLetters(letters, ids, options);
    await dropLetters(transport, selected, new Date());
    return selected;
  });
  if (options.json === true) for (const { id } of dropped) print(JSON.stringify({ id, dropped: true }));
  else print(`${dropped.length} dead letters are dropped.`);
}

async function withLetters<T>(
  options: Options,
  work: (letters: readonly DeadLetter[], transport: Transport) => Promise<T>,
): Promise<T> {
  const transport = await openLog(options);
  try {
    return await work(await readDeadLetters(transport), transport);
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
