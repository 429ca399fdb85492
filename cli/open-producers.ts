import { type StreamError, toStreamError } from '../pipeline/errors.ts';
import type { ProducerLoopOptions } from '../pipeline/producer-loop.ts';
import { ProducerRunner } from '../pipeline/producer-runner.ts';
import type { Producer } from '../pipeline/producer.ts';
import type { ScheduledOptions } from '../pipeline/schedule/scheduled-producer.ts';
import { systemClock } from '../platform/clock.ts';
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

/** The named producers that have a schedule. Each is connected anew for every run, with its passwords as they are by then. */
export function scheduledProducers(
  { transport, store, telemetry, configured }: OpenPipeline,
  names: readonly string[],
): readonly ScheduledOptions[] {
  const { producers, removalThreshold, transport: topics } = configured.loaded.config;
  // Where a look is a request to a service, it is made less often.
  const lookMs = topics.kind === 'embedded' || topics.kind === 'memory' ? 250 : 2000;
  return names.flatMap((name): readonly ScheduledOptions[] => {
    const first = configured.producers.get(name);
    const schedule = producers[name]?.schedule;
    if (first === undefined || schedule === undefined) return [];
    const renew = renewalOf(configured, name);
    let setup = first;
    const open = async (): Promise<Producer> => {
      setup = (await renew(false)) ?? setup;
      return openRenewed(setup, renew);
    };
    const common = { transport, store, telemetry, clock: systemClock, removalThreshold, lookMs };
    return [{ name, schedule, open, ...common }];
  });
}

/** Opens the named producers and gives each its runner. */
export async function openProducers(
  pipeline: OpenPipeline,
  names: readonly string[],
): Promise<OpenProducers> {
  const { transport, store, telemetry, configured } = pipeline;
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
        state: store ?? transport.transactions.state,
        isBeside: store !== undefined,
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
