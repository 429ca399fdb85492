import { Command } from 'commander';
import { type ParkedEntry, scanParked } from '../../pipeline/delivery/parked-entry.ts';
import { groups } from '../../pipeline/topics.ts';
import { defaultConfigFile } from '../load-config.ts';
import { type LogOptions, openLog } from '../open-log.ts';
import { print } from '../output.ts';
import { table } from '../table.ts';

interface Options extends LogOptions {
  readonly json?: boolean;
}

/** `parked list`: what waits for assets or types that the catalogue does not have. */
export function parkedCommand(): Command {
  const command = new Command('parked').description(
    'Changes that wait for assets or types that the catalogue does not have.',
  );
  command
    .command('list')
    .description('List what is parked: the asset, since when, and what it waits for.')
    .option('-c, --config <file>', 'configuration file', defaultConfigFile)
    .option('--state <folder>', 'folder for what is kept over restarts, instead of the configured one')
    .option('--json', 'print JSON, one asset a line')
    .addHelpText(
      'after',
      "\nExamples:\n  purview-streams parked list\n  purview-streams parked list --json | jq -r '.wanted.types[]' | sort | uniq -c",
    )
    .action(async (options: Options) => {
      const entries = await readParkedWork(options);
      if (options.json === true) for (const entry of entries) print(JSON.stringify(head(entry)));
      else print(entries.length === 0 ? 'Nothing is parked.' : listing(entries));
    });
  return command;
}

async function readParkedWork(options: LogOptions): Promise<readonly ParkedEntry[]> {
  const transport = await openLog(options);
  try {
    const entries: ParkedEntry[] = [];
    const { state } = transport.transactions;
    for await (const entry of scanParked(state, { group: groups.sink })) entries.push(entry);
    return entries.sort((a, b) => a.since - b.since);
  } finally {
    await transport.close();
  }
}

function head({ key, since, attempts, wanted, message, items }: ParkedEntry) {
  const producers = [...new Set(items.map(({ producer }) => producer))];
  return {
    key,
    producers,
    changes: items.length,
    since: new Date(since).toISOString(),
    attempts,
    wanted,
    message,
  };
}

function listing(entries: readonly ParkedEntry[]): string {
  return table(
    ['asset', 'producers', 'since', 'attempts', 'waits for'],
    entries
      .map(head)
      .map(({ key, producers, since, attempts, wanted }) => [
        key,
        producers.join(', '),
        since,
        attempts,
        [
          ...wanted.types.map((type) => `type ${type}`),
          ...wanted.refs.map((ref) => `${ref.typeName} ${ref.qualifiedName}`),
        ].join(', '),
      ]),
  );
}
