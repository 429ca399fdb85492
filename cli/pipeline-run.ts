import { fires } from '../pipeline/delivery/backoff.ts';
import { followSource, type LeasedProducer, readSource } from '../pipeline/leased-producer.ts';
import { followSchedule } from '../pipeline/schedule/scheduled-producer.ts';
import { SinkStage } from '../pipeline/sink-stage.ts';
import { runTransformStage } from '../pipeline/transform-stage.ts';
import { stageNames } from '../pipeline/telemetry.ts';
import type { OpenPipeline } from './open-pipeline.ts';
import type { OpenProducers } from './open-producers.ts';
import { waitUntilSettled } from './settled.ts';

/** The stages and producers of one process while they run. */
export interface PipelineRun {
  /**
   * Resolves when every producer was read once, or is another process's to follow, and everything that came of it is settled. Rejects when a stage
   * or the transport fails.
   */
  readonly settled: Promise<void>;
  /** Follows changes until `stop`. Rejects when a stage fails. */
  follow(): Promise<void>;
  /** Stops the producers, lets the stages finish what they hold, and resolves when all of them have. May be called twice. */
  stop(): Promise<void>;
}

/** How long a stop waits for what is in the topics of a transport that forgets, in milliseconds. */
const drainMs = 10_000;

/**
 * Starts the stages that are open and the given producers: those that follow changes, and those that have a schedule.
 *
 * @param once whether sources are read once, and not followed
 */
export function startPipeline(
  pipeline: OpenPipeline,
  { followed, scheduled }: OpenProducers = { followed: [], scheduled: [] },
  { once = false }: { readonly once?: boolean } = {},
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
  // A stage that fails ends the run, and so does the catalogue: nothing can be settled any more.
  const failed = Promise.race([
    stages.then(() => new Promise<never>(() => undefined)),
    pipeline.catalogEnded,
  ]);
  failed.catch(() => producing.abort());
  const { read, running, goOn } = startSources(followed, { once, signal: producing.signal });
  const timed = scheduled.map((options) => followSchedule(options, producing.signal));
  // One that cannot keep to its schedule ends the run as a stage does.
  const schedules = Promise.all(timed);
  schedules.catch(() => producing.abort());
  const settled = Promise.race([
    failed,
    read.then(() => waitUntilSettled(pipeline.transport, producing.signal, settledBy)),
  ]);
  // Who only follows does not wait for it: a stop while something is still behind must not end the process.
  settled.catch((thrown: unknown) => thrown);
  return {
    settled,
    follow: async () => {
      goOn();
      await Promise.race([failed, Promise.all([...running, fires(producing.signal), schedules])]);
    },
    stop: async () => {
      producing.abort();
      await Promise.allSettled([...running, ...timed]); // also those beside one that has failed
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

interface Sources {
  /** Resolves when each was read, or is another process's to follow. */
  readonly read: Promise<unknown>;
  /** Each resolves when it has ended. */
  readonly running: readonly Promise<void>[];
  /** Lets those that were read be followed. */
  readonly goOn: () => void;
}

function startSources(
  followed: readonly LeasedProducer[],
  { once, signal }: { readonly once: boolean; readonly signal: AbortSignal },
): Sources {
  if (once) {
    const running = followed.map((options) => readSource(options, signal));
    return { read: Promise.all(running), running, goOn: () => undefined };
  }
  let goOn = (): void => undefined;
  const going = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const reading: Promise<void>[] = [];
  const running = followed.map((options) => {
    let onRead = (): void => undefined;
    const first = new Promise<void>((resolve) => {
      onRead = resolve;
    });
    const one = followSource(options, { onRead, goOn: going }, signal);
    reading.push(Promise.race([first, one]));
    return one;
  });
  for (const one of running) one.catch((thrown: unknown) => thrown); // `read` or `follow` rejects with it
  return { read: Promise.all(reading), running, goOn };
}
