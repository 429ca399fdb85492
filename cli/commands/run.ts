import { Command, Option } from 'commander';
import { createTelemetry, type StageName, stageNames } from '../../pipeline/telemetry.ts';
import { countParked } from '../../pipeline/delivery/parked-entry.ts';
import { groups } from '../../pipeline/topics.ts';
import { configure } from '../configured.ts';
import { readDerivedTotals } from '../derived-totals.ts';
import { defaultConfigFile, loadConfig } from '../load-config.ts';
import { openPipeline, type OpenPipeline } from '../open-pipeline.ts';
import { exitCodes, note, print } from '../output.ts';
import { type MetricsServer, startMetrics } from '../metrics-server.ts';
import { startPipeline } from '../pipeline-run.ts';
import { producersOf } from '../open-producers.ts';
import { parsePort } from '../parse-port.ts';
import { startLog } from '../progress.ts';
import { RunSummary } from '../run-summary.ts';
import type { LogFormat } from '../json-log.ts';
import { onShutdown } from '../shutdown.ts';
import { drainedText, StageCounts } from '../stage-counts.ts';
import { appendedText, summaryText } from '../summary-text.ts';

/** Options of `run` and `produce`. */
export interface RunOptions {
  readonly config: string;
  readonly once?: boolean;
  readonly json?: boolean;
  readonly state?: string;
  readonly host?: string;
  readonly port?: number;
  readonly metricsPort?: number;
  readonly force?: boolean;
  readonly log?: LogFormat;
}

/** Text of the option that the commands with a sink share. */
export const forceOption = [
  '--force',
  'write everything that comes to the catalogue, also what it is known to have; `replay --in-place` says everything again',
] as const;

/** Options of every command that runs a part of the pipeline. */
export function addConfigOptions(command: Command): Command {
  return command
    .option('-c, --config <file>', 'configuration file', defaultConfigFile)
    .option('--once', 'end when everything is settled, instead of following changes')
    .option('--json', 'print the summary as one JSON object')
    .addOption(
      new Option(
        '--log <format>',
        'how standard error is written: lines for people, or JSON, one object a line',
      )
        .choices(['text', 'json'])
        .default('text'),
    )
    .option('--state <folder>', 'folder for what is kept over restarts, instead of the configured one')
    .addOption(
      new Option(
        '--metrics-port <number>',
        'port of /metrics, /healthz and /readyz, instead of the configured one',
      ).argParser(parsePort),
    );
}

/** Options that `run` and `produce` share. */
export function addRunOptions(command: Command): Command {
  return addConfigOptions(command)
    .addOption(
      new Option('--host <address>', 'address of the local catalogue, instead of the configured one'),
    )
    .addOption(
      new Option('--port <number>', 'port of the local catalogue, instead of the configured one').argParser(
        parsePort,
      ),
    );
}

/** `run`: all producers and stages in one process. */
export function runCommand(setExitCode: (code: number) => void): Command {
  return addRunOptions(new Command('run'))
    .option(...forceOption)
    .description(
      'Run every producer, the transforms and the sink in one process, then follow changes until Ctrl-C.',
    )
    .addHelpText(
      'after',
      `
Exit codes: 0 done, 1 a source or the catalogue failed, 2 wrong usage or configuration, 3 done, but some events are dead letters or parked.

Examples:
  purview-streams run                              run purview-streams.yaml and follow changes
  purview-streams run --once --json | jq .         one pass, the summary for a program
  purview-streams run -c prod.yaml --state /var/lib/purview-streams`,
    )
    .action(async (options: RunOptions) => setExitCode(await runProducers(options)));
}

/** Runs the producers of a configuration (or only those named), with all stages (or only those named); resolves with the exit code. */
export async function runProducers(
  options: RunOptions,
  only: { readonly producers?: readonly string[]; readonly stages?: readonly StageName[] } = {},
): Promise<number> {
  const started = Date.now();
  const configured = configure(await loadConfig(options.config));
  const telemetry = createTelemetry();
  const names = only.producers ?? [...configured.producers.keys()];
  const summary = new RunSummary(names, telemetry);
  const endProgress = await startLog(telemetry, options.log);
  const counts = new StageCounts(telemetry);
  const { stages = stageNames } = only;
  const pipeline = await openPipeline(configured, { telemetry, ...options, stages, catalogInThread: true });
  let metrics: MetricsServer | undefined;
  try {
    metrics = await startMetrics(pipeline, options);
    return await runUntilDone({ pipeline, metrics, options, summary, counts, names, started, endProgress });
  } finally {
    endProgress();
    await metrics?.close();
    await pipeline.close();
  }
}

interface Run {
  readonly pipeline: OpenPipeline;
  readonly metrics: MetricsServer | undefined;
  readonly options: RunOptions;
  readonly summary: RunSummary;
  readonly counts: StageCounts;
  readonly names: readonly string[];
  readonly started: number;
  readonly endProgress: () => void;
}

async function finalText({ pipeline, options, summary, started }: Run, parked: number): Promise<string> {
  const common = { summary, seconds: (Date.now() - started) / 1000, json: options.json === true };
  if (pipeline.transformStage === undefined) return appendedText(common);
  return summaryText({
    ...common,
    parked,
    derived: await readDerivedTotals(pipeline.transport),
    writeCalls: await pipeline.writeCalls(),
    addresses: options.once === true ? [] : pipeline.addresses,
  });
}

async function runUntilDone(run: Run): Promise<number> {
  const { pipeline, options, summary, counts, names, endProgress } = run;
  const once = options.once === true;
  const running = startPipeline(pipeline, producersOf(pipeline, names, { once }), { once });
  let before: number | undefined;
  const stopped = (): boolean => before !== undefined;
  const offShutdown = onShutdown(() => {
    before = counts.inFlight;
    run.metrics?.drain();
    running.stop().catch((thrown: unknown) => thrown); // called again at the end, where its failure is reported
  });
  try {
    await running.settled.catch(unless(stopped));
    if (stopped()) return once ? exitCodes.interrupted : exitCodes.done;
    endProgress();
    // What others have parked is no matter of a process that only appends.
    const parked = pipeline.sinkStage === undefined ? 0 : await countParked(pipeline.state, groups.sink);
    print(await finalText(run, parked));
    if (!once) {
      note('Following changes. Ctrl-C drains and ends.');
      const endFollowing = await startLog(pipeline.telemetry, options.log);
      await running.follow().catch(unless(stopped));
      endFollowing();
      return exitCodes.done;
    }
    return exitCodeOfRun(summary, parked);
  } finally {
    try {
      await running.stop();
      if (before !== undefined) note(drainedText(counts, before));
    } finally {
      offShutdown();
    }
  }
}

function exitCodeOfRun(summary: RunSummary, parked: number): number {
  if (summary.failures > 0) return exitCodes.failed;
  return parked > 0 || summary.deadLetters > 0 ? exitCodes.partly : exitCodes.done;
}

/** Swallows a failure that a stop has caused. */
export function unless(stopped: () => boolean): (thrown: unknown) => void {
  return (thrown) => {
    if (!stopped()) throw thrown;
  };
}
