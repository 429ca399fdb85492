import { countParked } from '../pipeline/delivery/parked-entry.ts';
import { createTelemetry, type StageName, stageNames } from '../pipeline/telemetry.ts';
import { groups } from '../pipeline/topics.ts';
import type { RunOptions } from './commands/run.ts';
import { configure } from './configured.ts';
import { readDerivedTotals } from './derived-totals.ts';
import { type LoadedConfig, loadConfig } from './load-config.ts';
import type { LocalCatalog } from './local-catalog.ts';
import { type MetricsServer, startMetrics } from './metrics-server.ts';
import { openPipeline, type OpenPipeline } from './open-pipeline.ts';
import { producersOf } from './open-producers.ts';
import { exitCodes, note, print } from './output.ts';
import { startPipeline } from './pipeline-run.ts';
import { startLog } from './progress.ts';
import { RunSummary } from './run-summary.ts';
import { onShutdown } from './shutdown.ts';
import { drainedText, StageCounts, type Unsettled } from './stage-counts.ts';
import { appendedText, summaryText } from './summary-text.ts';

/** What of a configuration runs. */
interface RunParts {
  /** Names of producers. @default all */
  readonly producers?: readonly string[];
  /** @default all */
  readonly stages?: readonly StageName[];
  /** The configuration, where it is read already, and the local catalogue that was opened by it; whoever opened it closes it. */
  readonly begun?: {
    readonly loaded: LoadedConfig;
    readonly catalog: Promise<LocalCatalog | undefined>;
  };
}

/** Runs the producers of a configuration (or only those named), with all stages (or only those named); resolves with the exit code. */
export async function runProducers(options: RunOptions, parts: RunParts = {}): Promise<number> {
  const started = Date.now();
  const { begun, stages = stageNames } = parts;
  const configured = configure(begun?.loaded ?? (await loadConfig(options.config)));
  const telemetry = createTelemetry();
  const names = parts.producers ?? [...configured.producers.keys()];
  const summary = new RunSummary(names, telemetry);
  const endProgress = await startLog(telemetry, options.log);
  const counts = new StageCounts(telemetry);
  const catalog = begun === undefined ? {} : { catalog: begun.catalog };
  try {
    const common = { telemetry, ...options, stages, catalogInThread: true };
    const pipeline = await openPipeline(configured, { ...common, ...catalog });
    let metrics: MetricsServer | undefined;
    try {
      metrics = await startMetrics(pipeline, options);
      return await runUntilDone({ pipeline, metrics, options, summary, counts, names, started, endProgress });
    } finally {
      endProgress();
      await metrics?.close();
      await pipeline.close();
    }
  } finally {
    endProgress();
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
  let before: Unsettled | undefined;
  const stopped = (): boolean => before !== undefined;
  const offShutdown = onShutdown(() => {
    before = counts.unsettled;
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
      try {
        await running.follow().catch(unless(stopped));
      } finally {
        endFollowing();
      }
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
