import { Command, InvalidArgumentError, Option } from 'commander';
import { readStageTotals } from '../../pipeline/delivery/partition-counts.ts';
import type { StoredRecord, Transport } from '../../pipeline/transport.ts';
import { StreamError } from '../../pipeline/errors.ts';
import { type LogOptions, openLog } from '../open-log.ts';
import { note, print } from '../output.ts';
import { addStateOptions } from '../state-folder.ts';
import { stageTotalText } from '../stage-counts.ts';
import { onShutdown } from '../shutdown.ts';
import { listTopics, topicsText } from '../topic-listing.ts';
import { parsePosition, resolvePosition } from '../topic-positions.ts';
import { addPlanCommands } from './topics-plan.ts';
import { followRecords, recordJson, recordsByTime, recordText, shownRecord } from '../topic-records.ts';

interface ListOptions extends LogOptions {
  readonly json?: boolean;
}

interface ShowOptions extends ListOptions {
  readonly from?: string;
  readonly partition?: number;
  readonly key?: string;
  readonly limit?: number;
  readonly follow?: boolean;
}

/** Records that `show` prints where no other number is asked for. */
const shownByDefault = 20;

/** `topics list|show|plan|apply`: what stands in the topics, how far the stages are, and what the topics are to be. */
export function topicsCommand(): Command {
  const command = new Command('topics').description(
    'The topics between the stages: what stands in them, and how far each stage is. May be used while a pipeline runs.',
  );
  addStateOptions(command.command('list'))
    .description(
      'List partitions with their offsets, how far behind each consumer group is, and what the stages have done over all processes.',
    )
    .option('--json', 'print JSON, one partition a line')
    .addHelpText(
      'after',
      "\nExamples:\n  purview-streams topics list\n  purview-streams topics list --json | jq '.groups[] | select(.lag > 0)'",
    )
    .action(list);
  addStateOptions(command.command('show'))
    .argument('<topic>', 'name of the topic, as `list` prints it')
    .description('Print the events of a topic, decoded, in the order in which they were appended.')
    .option(
      '--from <place>',
      'beginning, end, an offset, or a time (2026-03-01T12:00:00Z); with --follow: end',
      'beginning',
    )
    .addOption(new Option('--partition <number>', 'only this partition').argParser(wholeNumber))
    .option('--key <key>', 'only events of this key')
    .addOption(
      new Option('--limit <number>', `events at the most; ${shownByDefault} unless --follow`).argParser(
        wholeNumber,
      ),
    )
    .option('--follow', 'go on with what is appended, until Ctrl-C')
    .option('--json', 'print JSON, one event a line, with headers')
    .addHelpText(
      'after',
      `
Examples:
  purview-streams topics show metadata.raw --limit 5
  purview-streams topics show metadata.entities --follow
  purview-streams topics show metadata.raw --key erp/job/load_orders --json | jq .value
  purview-streams topics show metadata.dead-letters --from 2026-03-01T12:00:00Z`,
    )
    .action(show);
  addPlanCommands(command);
  return command;
}

async function list(options: ListOptions): Promise<void> {
  const transport = await openLog(options);
  try {
    const listed = await listTopics(transport, Date.now());
    if (options.json === true) for (const partition of listed) print(JSON.stringify(partition));
    else {
      print(topicsText(listed));
      const totals = await readStageTotals(transport.transactions.state);
      if (totals.length > 0) print(['', ...totals.map(stageTotalText)].join('\n'));
    }
  } finally {
    await transport.close();
  }
}

async function show(topic: string, options: ShowOptions, command: Command): Promise<void> {
  const transport = await openLog(options);
  const ended = new AbortController();
  const offShutdown = options.follow === true ? onShutdown(() => ended.abort()) : () => undefined;
  try {
    await checkTopic(transport, topic);
    const from = await startOf(transport, topic, options, command.getOptionValueSource('from') === 'default');
    const records =
      options.follow === true
        ? followRecords(transport, topic, from, ended.signal)
        : recordsByTime(transport, topic, from);
    await printRecords(records, options);
  } finally {
    offShutdown();
    await transport.close();
  }
}

async function checkTopic(transport: Transport, topic: string): Promise<void> {
  const names = await transport.admin.topics();
  if (names.includes(topic)) return;
  throw new StreamError('USAGE', `There is no topic ${topic}.`, {
    advice: `There are: ${names.join(', ')}.`,
  });
}

async function startOf(
  transport: Transport,
  topic: string,
  { from = 'beginning', follow, partition }: ShowOptions,
  isDefault: boolean,
): Promise<ReadonlyMap<number, number>> {
  const position = parsePosition('--from', isDefault && follow === true ? 'end' : from);
  const offsets = await resolvePosition(transport, topic, position);
  if (partition === undefined) return offsets;
  const offset = offsets.get(partition);
  if (offset !== undefined) return new Map([[partition, offset]]);
  throw new StreamError('USAGE', `The topic ${topic} has no partition ${partition}.`, {
    advice: `It has ${offsets.size}, from 0.`,
  });
}

async function printRecords(records: AsyncIterable<StoredRecord>, options: ShowOptions): Promise<void> {
  const limit = options.limit ?? (options.follow === true ? Number.POSITIVE_INFINITY : shownByDefault);
  let shown = 0;
  for await (const record of records) {
    if (options.key !== undefined && record.key !== options.key) continue;
    if (shown >= limit) {
      note(`There is more after ${shown === 1 ? 'this event' : `these ${shown} events`}: --limit, --from.`);
      return;
    }
    const decoded = shownRecord(record);
    print(options.json === true ? recordJson(decoded) : recordText(decoded));
    shown += 1;
    if (options.follow === true && shown >= limit) return;
  }
  if (shown === 0 && options.json !== true) note('No events.');
}

function wholeNumber(text: string): number {
  if (/^\d+$/u.test(text)) return Number(text);
  throw new InvalidArgumentError('It is a whole number from 0.');
}
