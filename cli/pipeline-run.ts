import { firstScan, followChanges, type ProducerLoopOptions } from '../pipeline/producer-loop.ts';
import { followSchedule, type ScheduledOptions } from '../pipeline/schedule/scheduled-producer.ts';
import { SinkStage } from '../pipeline/sink-stage.ts';
import { runTransformStage } from '../pipeline/transform-stage.ts';
import { stageNames } from '../pipeline/telemetry.ts';
import type { OpenPipeline } from './open-pipeline.ts';
import { waitUntilSettled } from './settled.ts';

/** The stages and producers of one process while they run. */
export interface PipelineRun {
  /** Resolves when every producer was read once and everything that came of it is settled. Rejects when a stage fails. */
  readonly settled: Promise<void>;
  /** Follows changes until `stop`. Rejects when a stage fails. */
  follow(): Promise<void>;
  /** Stops the producers, lets the stages finish what they hold, and resolves when all of them have. May be called twice. */
  stop(): Promise<void>;
}

/** How long a stop waits for what is in the topics of a transport that forgets, in milliseconds. */
const drainMs = 10_000;

/** Starts the stages that are open and the given producers: those that follow changes, and those that have a schedule. */
export function startPipeline(
  pipeline: OpenPipeline,
  loops: readonly ProducerLoopOptions[],
  scheduled: readonly ScheduledOptions[] = [],
): PipelineRun {
  const producing = new AbortController();
  const consuming = new AbortController();
  const { transformStage, sinkStage } = pipeline;
  const names = stageNames.filter((stage) => pipeline[`${stage}Stage`] !== undefined);
  const sink = sinkStage && new SinkStage(sinkStage);
  const settledBy = { stages: names, sink };
  const stages = Promise.all([
    transformStage && runTransformStage(transformStage, consuming.signal),
    sink?.run(consuming.signal),
  ]);
  // A stage that fails ends the run: nothing can be settled any more.
  const failed = stages.then(() => new Promise<never>(() => undefined));
  failed.catch(() => producing.abort());
  const scans = Promise.allSettled(loops.map((loop) => firstScan(loop, producing.signal)));
  // One that cannot keep to its schedule ends the run as a stage does.
  const schedules = Promise.all(scheduled.map((options) => followSchedule(options, producing.signal)));
  schedules.catch(() => producing.abort());
  const settled = Promise.race([
    failed,
    scans.then(() => waitUntilSettled(pipeline.transport, producing.signal, settledBy)),
  ]);
  // Who only follows does not wait for it: a stop while something is still behind must not end the process.
  settled.catch((thrown: unknown) => thrown);
  let following: Promise<unknown> = scans;
  return {
    settled,
    follow: async () => {
      const loopsEnded = loops.map((loop) => followChanges(loop, producing.signal));
      following = Promise.allSettled(loopsEnded);
      await Promise.race([failed, Promise.all([...loopsEnded, stopped(producing.signal), schedules])]);
    },
    stop: async () => {
      producing.abort();
      await scans;
      await following;
      await Promise.allSettled([schedules]);
      if (pipeline.configured.loaded.config.transport.kind === 'memory') {
        // A removal is said once: what such a transport forgets of it would stay in the catalogue.
        const late = AbortSignal.any([AbortSignal.timeout(drainMs), consuming.signal]);
        await Promise.race([stages, waitUntilSettled(pipeline.transport, late, settledBy)]).catch(
          (thrown: unknown) => thrown, // too late, or a stage failed: then `stages` rejects below
        );
      }
      consuming.abort();
      await stages;
    },
  };
}

function stopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
