import { type StreamError, toStreamError } from '../pipeline/errors.ts';
import type { ProducerLoopOptions } from '../pipeline/producer-loop.ts';
import { ProducerRunner } from '../pipeline/producer-runner.ts';
import { renewalOf } from './configured.ts';
import type { OpenPipeline } from './open-pipeline.ts';
import { openRenewed } from './renewed-producer.ts';

/** A producer whose source could not be opened. */
export interface ProducerFailure {
  readonly name: string;
  readonly error: StreamError;
}

/** The producers of a run: one that cannot be opened does not keep the others from running. */
export interface OpenProducers {
  readonly loops: readonly ProducerLoopOptions[];
  readonly failures: readonly ProducerFailure[];
  /** Closes every producer, the last one first. */
  close(): Promise<void>;
}

/** Opens the named producers and gives each its runner. */
export async function openProducers(
  pipeline: OpenPipeline,
  names: readonly string[],
): Promise<OpenProducers> {
  const { transport, state, telemetry, configured } = pipeline;
  const { removalThreshold } = configured.loaded.config;
  const loops: ProducerLoopOptions[] = [];
  const failures: ProducerFailure[] = [];
  for (const name of names) {
    const setup = configured.producers.get(name);
    if (setup === undefined) continue;
    try {
      const producer = await openRenewed(setup, renewalOf(configured, name));
      const runner = new ProducerRunner({
        name,
        producer,
        transport,
        state,
        telemetry,
        now: () => new Date(),
        removalThreshold,
      });
      loops.push({ name, producer, runner, telemetry });
    } catch (thrown) {
      const error = toStreamError(thrown, 'SOURCE_UNAVAILABLE', `The producer ${name}`);
      failures.push({ name, error });
      telemetry.emit('scanFailed', {
        producer: name,
        code: error.code,
        message: error.message,
        retryInMs: undefined,
      });
    }
  }
  return {
    loops,
    failures,
    close: async () => {
      for (const { producer } of [...loops].reverse()) await producer.close();
    },
  };
}
