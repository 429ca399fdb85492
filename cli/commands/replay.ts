import { Command, Option } from 'commander';
import { StreamError } from '../../pipeline/errors.ts';
import { cancelPlan, replayInPlace } from '../../pipeline/replay-plan.ts';
import type { Transport } from '../../pipeline/transport.ts';
import { configureWithoutSources, requireProducer } from '../configured.ts';
import { defaultConfigFile } from '../load-config.ts';
import { openLog } from '../open-log.ts';
import { exitCodes, note, print } from '../output.ts';
import { parsePort } from '../parse-port.ts';
import { replayDryRun } from '../replay-dry-run.ts';
import { replayLive } from '../replay-live.ts';
import { rangeOf, type ReplayOptions } from '../replay-options.ts';
import { requireSharedTopics } from './stage.ts';

/** `replay`: raw events through the transforms and the sink once more. */
export function replayCommand(setExitCode: (code: number) => void): Command {
  return new Command('replay')
    .description(
      'Take raw events through the transforms and the sink once more: after a transform was mended, or the catalogue has lost something. Live processes go on meanwhile; what is newer in the catalogue stays.',
    )
    .option('-c, --config <file>', 'configuration file', defaultConfigFile)
    .option('--state <folder>', 'folder for what is kept over restarts, instead of the configured one')
    .option(
      '--from <place>',
      'where it begins: beginning, an offset of every partition, or a time (2026-03-01T12:00:00Z)',
    )
    .option(
      '--to <place>',
      'where it ends, likewise; what comes after the start of the replay is never part of it',
    )
    .option('--producer <name>', 'only events of this producer')
    .option('--key <key>', 'only events of this key, as `topics show` prints it')
    .option(
      '--dry-run',
      'into an empty local catalogue that is thrown away; says how it differs from the present one',
    )
    .option('--export <file>', 'with --dry-run: write what the events make, as `catalog export` would')
    .option('--in-place', 'put the live group of the transforms back instead; its processes must be stopped')
    .option('--restart', 'begin anew, although a replay is not through')
    .option('--cancel', 'forget a replay that is not through')
    .option('--json', 'print the result as one JSON object')
    .addOption(
      new Option('--host <address>', 'address of the local catalogue, instead of the configured one'),
    )
    .addOption(
      new Option('--port <number>', 'port of the local catalogue, instead of the configured one').argParser(
        parsePort,
      ),
    )
    .addHelpText(
      'after',
      `
Ctrl-C finishes what is in flight; \`replay\` without --from goes on from there.

Exit codes: 0 done or stopped, 1 failed, 2 wrong usage or configuration, 3 done, but some events are dead letters or, with --dry-run, parked.

Examples:
  purview-streams replay --from beginning --dry-run        what would be different?
  purview-streams replay --from beginning
  purview-streams replay --from 2026-03-01T00:00:00Z --producer erp
  purview-streams replay --from beginning --key erp/job/load_orders
  purview-streams replay --from beginning --in-place && purview-streams run --once`,
    )
    .action(async (options: ReplayOptions) => setExitCode(await replay(options)));
}

async function replay(options: ReplayOptions): Promise<number> {
  checkTogether(options);
  if (options.cancel === true) return withLog(options, (transport) => cancel(transport, options));
  if (options.inPlace === true) return withLog(options, (transport) => inPlace(transport, options));
  const configured = await configureWithoutSources(options.config);
  requireSharedTopics(configured, 'replay');
  if (options.producer !== undefined) requireProducer(configured, options.producer);
  return options.dryRun === true ? replayDryRun(configured, options) : replayLive(configured, options);
}

function checkTogether({
  dryRun,
  inPlace: isInPlace,
  export: file,
  to,
  producer,
  key,
  cancel: isCancel,
}: ReplayOptions): void {
  if (file !== undefined && dryRun !== true) throw new StreamError('USAGE', '--export goes with --dry-run.');
  if ([dryRun, isInPlace, isCancel].filter((one) => one === true).length > 1) {
    throw new StreamError('USAGE', '--dry-run, --in-place and --cancel exclude each other.');
  }
  if (isInPlace === true && (to ?? producer ?? key) !== undefined) {
    throw new StreamError(
      'USAGE',
      '--in-place reads everything from --from on: it takes no --to, --producer or --key.',
    );
  }
}

async function inPlace(transport: Transport, options: ReplayOptions): Promise<number> {
  const range = await rangeOf(transport, options);
  const from = new Map(Object.entries(range.from).map(([partition, offset]) => [Number(partition), offset]));
  await replayInPlace(transport, from, range.scope);
  if (options.json === true) print(JSON.stringify({ from: range.from }));
  else print('The transforms begin there when they are started: `run`, or `transform` and `sink`.');
  return exitCodes.done;
}

async function cancel(transport: Transport, options: ReplayOptions): Promise<number> {
  const cancelled = await cancelPlan(transport);
  if (cancelled === undefined) throw new StreamError('USAGE', 'There is no unfinished replay.');
  const { plan } = cancelled;
  if (options.json === true) print(JSON.stringify({ cancelled: plan?.asked ?? null }));
  else if (plan === undefined) print('A replay that had hardly begun is forgotten.');
  else print(`The replay ${plan.asked} of ${plan.startedAt} is forgotten.`);
  note('What it has already said again stays.');
  return exitCodes.done;
}

async function withLog(
  options: ReplayOptions,
  work: (transport: Transport) => Promise<number>,
): Promise<number> {
  const transport = await openLog(options);
  try {
    return await work(transport);
  } finally {
    await transport.close();
  }
}
