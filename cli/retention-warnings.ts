import type { Config } from '../pipeline/config.ts';
import { nextTime, type Schedule } from '../pipeline/schedule/timetable.ts';

/** Runs of a schedule that are looked at. */
const runsLookedAt = 30;
const hourMs = 3600_000;

/**
 * Producers that may leave `metadata.raw` without an event of an object that is still there, with why: Event Hubs forgets by age, be it over AMQP or by its
 * Kafka endpoint, and a producer says everything anew only when it starts and at the times of its schedule. Empty where the last event of each key is
 * kept. `now` in milliseconds since 1970.
 */
export function retentionWarnings(
  { transport, producers }: Config,
  now: number,
): ReadonlyMap<string, string> {
  const { kind, preset, retentionHours } = transport;
  const forgets = kind === 'event-hubs' || (kind === 'kafka' && preset === 'event-hubs');
  if (!forgets || retentionHours === 'compacted') return new Map();
  const kept = `the event hubs keep events for ${retentionHours} h (transport.retentionHours)`;
  return new Map(
    Object.entries(producers).flatMap(([name, { schedule }]) => {
      const hours = schedule === undefined ? undefined : longestPauseMs(schedule, now) / hourMs;
      if (hours !== undefined && hours <= retentionHours) return [];
      const says =
        hours === undefined
          ? 'it says everything anew only when it starts'
          : `it says everything anew after up to ${Math.ceil(hours)} h`;
      return [
        [name, `${says}, and ${kept}: give it a schedule that comes sooner, or replay cannot bring back all`],
      ];
    }),
  );
}

/** The longest pause between two of the next runs, in milliseconds. */
function longestPauseMs(schedule: Schedule, now: number): number {
  let longest = 0;
  let before = nextTime(schedule, now);
  for (let run = 0; run < runsLookedAt && before !== undefined; run += 1) {
    const next = nextTime(schedule, before);
    if (next === undefined) return Number.POSITIVE_INFINITY;
    longest = Math.max(longest, next - before);
    before = next;
  }
  return longest + schedule.jitter * 1000;
}
