import { firstScan, followChanges, type ProducerLoopOptions } from '../pipeline/producer-loop.ts';
import { runSinkStage } from '../pipeline/sink-stage.ts';
import { runTransformStage } from '../pipeline/transform-stage.ts';
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

/** Starts all stages and the given producers. */
export function startPipeline(pipeline: OpenPipeline, loops: readonly ProducerLoopOptions[]): PipelineRun {
  const producing = new AbortController();
  const consuming = new AbortController();
  const stages = Promise.all([
    runTransformStage(pipeline.transformStage, consuming.signal),
    runSinkStage(pipeline.sinkStage, consuming.signal),
  ]);
  // A stage that fails ends the run: nothing can be settled any more.
  const failed = stages.then(() => new Promise<never>(() => undefined));
  failed.catch(() => producing.abort());
  const scans = Promise.allSettled(loops.map((loop) => firstScan(loop, producing.signal)));
  const settled = Promise.race([
    failed,
    scans.then(() => waitUntilSettled(pipeline.transport, producing.signal)),
  ]);
  return {
    settled,
    follow: async () => {
      await Promise.race([failed, Promise.all(loops.map((loop) => followChanges(loop, producing.signal)))]);
    },
    stop: async () => {
      producing.abort();
      await scans;
      consuming.abort();
      await stages;
    },
  };
}
