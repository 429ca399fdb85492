import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Command } from 'commander';
import { StreamError } from '../../pipeline/errors.ts';
import { askersOf, producerLease } from '../../pipeline/schedule/lease.ts';
import { readRun, requestWrite, type RunRecord, takenBy } from '../../pipeline/schedule/run-record.ts';
import { decide, nextTime, type Schedule } from '../../pipeline/schedule/timetable.ts';
import { defaultConfigFile, loadConfig } from '../load-config.ts';
import { openKept, type OpenKept } from '../open-state-store.ts';
import { exitCodes, note, print } from '../output.ts';
import { table } from '../table.ts';
import { spanText } from '../units.ts';

interface Options {
  readonly config: string;
  readonly json?: boolean;
  readonly wait?: boolean;
}

/** How often `run-now --wait` looks, in milliseconds. */
const lookMs = 200;

/** `schedules list|run-now`: when producers run, what became of it, and one run in between. */
export function schedulesCommand(setExitCode: (code: number) => void): Command {
  const command = new Command('schedules').description(
    'Producers that have a schedule: when they run next, what became of the last run, and one run in between.',
  );
  command
    .command('list')
    .option('-c, --config <file>', 'configuration file', defaultConfigFile)
    .option('--json', 'print JSON, one producer a line')
    .description('List the producers that have a schedule.')
    .addHelpText(
      'after',
      '\nExamples:\n  purview-streams schedules list\n  purview-streams schedules list --json | jq \'select(.outcome == "failed")\'',
    )
    .action(list);
  command
    .command('run-now')
    .argument('<producer...>', 'names of producers that have a schedule')
    .option('-c, --config <file>', 'configuration file', defaultConfigFile)
    .option('--wait', 'end when the runs have ended')
    .option('--json', 'with --wait: print JSON, one run a line')
    .description('Let the process that has the schedule run producers now, beside their times.')
    .addHelpText(
      'after',
      `
Exit codes: 0 asked for, or done with --wait; 1 a run failed, or no process is there that would do it; 2 wrong usage; 3 done, but some objects could not be read.

Examples:
  purview-streams schedules run-now erp
  purview-streams schedules run-now erp loader --wait`,
    )
    .action(async (names: string[], options: Options) => setExitCode(await runNow(names, options)));
  return command;
}

/** A producer with a schedule, as `list --json` prints it. Times are ISO 8601. */
interface Listed {
  readonly producer: string;
  readonly cron: string;
  readonly timezone: string;
  /** Null where it runs at once, or never. */
  readonly next: string | null;
  readonly why: string;
  /** Processes that would run it: one does, the others stand by. */
  readonly processes: number;
  readonly last: string | null;
  readonly seconds: number | null;
  readonly outcome: string | null;
  readonly objects: number | null;
  readonly rejected: number | null;
  readonly error: string | null;
}

async function schedulesOf(file: string): Promise<ReadonlyMap<string, Schedule>> {
  const { config } = await loadConfig(file, { withoutSources: true });
  return new Map(
    Object.entries(config.producers).flatMap(([name, { schedule }]) =>
      schedule === undefined ? [] : [[name, schedule] as const],
    ),
  );
}

async function list(options: Options): Promise<void> {
  const schedules = await schedulesOf(options.config);
  const kept = await openKept(options).catch((thrown: unknown) => {
    if (thrown instanceof StreamError && thrown.code === 'STATE_UNAVAILABLE') return undefined; // nothing has run yet
    throw thrown;
  });
  const rows: Listed[] = [];
  try {
    for (const [name, schedule] of schedules) rows.push(await listed(name, schedule, kept));
  } finally {
    await kept?.close();
  }
  if (options.json === true) for (const row of rows) print(JSON.stringify(row));
  else if (rows.length === 0) print(`No producer in ${options.config} has a schedule (docs/scheduling.md).`);
  else print(text(rows));
}

async function listed(name: string, schedule: Schedule, kept: OpenKept | undefined): Promise<Listed> {
  const last = kept && (await readRun(kept.ofProducers, name));
  const { cron, timezone } = schedule;
  return {
    producer: name,
    cron,
    timezone,
    ...nextOf(name, schedule, last),
    processes: kept === undefined ? 0 : await askersOf(kept.log, producerLease(name)),
    ...lastOf(last),
  };
}

function nextOf(name: string, schedule: Schedule, last: RunRecord | undefined): Pick<Listed, 'next' | 'why'> {
  const now = Date.now();
  const decision = decide(schedule, name, { taken: takenBy(last), now });
  if (last?.outcome === 'running') return { next: null, why: 'running' };
  if (decision.kind === 'run') return { next: null, why: decision.why };
  const next = decision.kind === 'wait' ? decision.until : nextTime(schedule, now);
  return { next: next === undefined ? null : new Date(next).toISOString(), why: decision.kind };
}

function lastOf(
  last: RunRecord | undefined,
): Omit<Listed, 'producer' | 'cron' | 'timezone' | 'next' | 'why' | 'processes'> {
  if (last === undefined)
    return { last: null, seconds: null, outcome: null, objects: null, rejected: null, error: null };
  const { startedAt, endedAt, outcome, objects, rejected, message } = last;
  const seconds = endedAt === null ? null : (endedAt - startedAt) / 1000;
  return { last: new Date(startedAt).toISOString(), seconds, outcome, objects, rejected, error: message };
}

function text(rows: readonly Listed[]): string {
  const head = ['producer', 'cron', 'zone', 'next', 'processes', 'last', 'took', 'outcome', 'objects'];
  const lines = rows.map((row) => [
    row.producer,
    row.cron,
    row.timezone,
    row.next ?? (row.why === 'wait' ? 'never' : row.why),
    row.processes,
    row.last ?? '-',
    row.seconds === null ? '-' : spanText(row.seconds * 1000),
    row.outcome ?? '-',
    row.objects === null ? '-' : String(row.objects),
  ]);
  const errors = rows.flatMap(({ producer, error }) => (error === null ? [] : [`${producer}: ${error}`]));
  return [table(head, lines), ...errors].join('\n');
}

async function runNow(names: readonly string[], options: Options): Promise<number> {
  const schedules = await schedulesOf(options.config);
  for (const name of names) {
    if (schedules.has(name)) continue;
    throw new StreamError('USAGE', `There is no producer ${name} with a schedule in ${options.config}.`, {
      advice: schedules.size === 0 ? 'No producer has one.' : `It has: ${[...schedules.keys()].join(', ')}.`,
    });
  }
  const kept = await openKept(options);
  try {
    const codes = await Promise.all(names.map((name) => askFor(kept, name, options)));
    return codes.find((code) => code === exitCodes.failed) ?? Math.max(...codes);
  } finally {
    await kept.close();
  }
}

async function askFor(
  { log, ofProducers: state }: OpenKept,
  name: string,
  { wait, json }: Options,
): Promise<number> {
  const request = { id: randomUUID(), at: Date.now() };
  await state.write([requestWrite(name, request)]);
  if ((await askersOf(log, producerLease(name))) === 0) {
    note(
      `${name}: no process runs it by its schedule now; it runs as soon as one does (\`run\`, \`produce ${name}\`).`,
    );
    return exitCodes.failed;
  }
  if (wait !== true) {
    note(`${name}: asked for.`);
    return exitCodes.done;
  }
  for (;;) {
    const last = await readRun(state, name);
    if (last?.request === request.id && last.outcome !== 'running') return tell(name, last, json === true);
    await delay(lookMs);
  }
}

function tell(name: string, run: RunRecord, json: boolean): number {
  const { outcome, objects, published, rejected, removed, message } = run;
  if (json)
    print(JSON.stringify({ producer: name, outcome, objects, published, rejected, removed, error: message }));
  else
    print(
      `${name}: ${message ?? `${outcome}: ${objects} objects read, ${published} published, ${removed} removed, ${rejected} rejected`}`,
    );
  if (outcome === 'failed') return exitCodes.failed;
  return outcome === 'partly' ? exitCodes.partly : exitCodes.done;
}
