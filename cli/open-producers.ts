import type { LeasedProducer } from '../pipeline/leased-producer.ts';
import type { Producer } from '../pipeline/producer.ts';
import type { ScheduledOptions } from '../pipeline/schedule/scheduled-producer.ts';
import { systemClock } from '../platform/clock.ts';
import { renewalOf } from './configured.ts';
import type { OpenPipeline } from './open-pipeline.ts';
import { openRenewed } from './renewed-producer.ts';

/** The producers of one process, none of them connected yet. */
export interface OpenProducers {
  /** Those that follow the changes of their sources, or are read once. */
  readonly followed: readonly LeasedProducer[];
  /** Those that have a schedule, which a reading that is asked for goes before. */
  readonly scheduled: readonly ScheduledOptions[];
}

/**
 * The named producers. Each is connected whenever this process gets the right to read its source, with its passwords as they are by then.
 *
 * @param once whether each is read once, whatever its schedule says
 */
export function producersOf(
  { transport, store, telemetry, configured }: OpenPipeline,
  names: readonly string[],
  { once = false }: { readonly once?: boolean } = {},
): OpenProducers {
  const { producers, removalThreshold, transport: topics } = configured.loaded.config;
  // Where a look is a request to a service, it is made less often.
  const lookMs = topics.kind === 'embedded' || topics.kind === 'memory' ? 250 : 2000;
  const followed: LeasedProducer[] = [];
  const scheduled: ScheduledOptions[] = [];
  for (const name of names) {
    const first = configured.producers.get(name);
    if (first === undefined) continue;
    const renew = renewalOf(configured, name);
    let setup = first;
    const open = async (): Promise<Producer> => {
      setup = (await renew(false)) ?? setup;
      return openRenewed(setup, renew);
    };
    const patienceMs = 2 * topics.sessionMs; // one that died has lost its right by then
    const common = { name, open, transport, store, telemetry, removalThreshold, patienceMs };
    const schedule = producers[name]?.schedule;
    if (schedule === undefined || once) followed.push(common);
    else scheduled.push({ ...common, schedule, clock: systemClock, lookMs });
  }
  return { followed, scheduled };
}
