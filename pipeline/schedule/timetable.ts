import { Cron } from 'croner';
import { hashOf } from '../content-hash.ts';

/** When a producer reads its source. */
export interface Schedule {
  /** Five fields of cron, or `@daily` and its like. */
  readonly cron: string;
  /** IANA name. */
  readonly timezone: string;
  /** Seconds over which the runs of several producers are spread. */
  readonly jitter: number;
  /** What becomes of a run whose time passed while nobody could do it. */
  readonly missed: 'run' | 'skip';
}

/** A time of the timetable that is taken care of, in milliseconds since 1970: run, or let go. */
export interface Taken {
  readonly slot: number;
  /** Whether the run of it has not come to its end. */
  readonly isOpen: boolean;
}

/** What is to be done about a producer now. */
export type Decision =
  | { readonly kind: 'run'; readonly slot: number; readonly why: 'first' | 'due' | 'missed' | 'interrupted' }
  | { readonly kind: 'skip'; readonly slot: number }
  /** `until` is undefined where the timetable has no time any more. */
  | { readonly kind: 'wait'; readonly until: number | undefined };

/** How late a run may be before its time counts as missed, in milliseconds. */
const lateMs = 60_000;
const minuteMs = 60_000;

/**
 * The first time of a schedule after a moment, without jitter; undefined where there is none. A time that the clocks skip in spring comes when they
 * have moved on; one that they repeat in autumn comes once. Throws a RangeError or TypeError that says what is wrong with the pattern or the zone.
 */
export function nextTime(
  { cron, timezone }: Pick<Schedule, 'cron' | 'timezone'>,
  after: number,
): number | undefined {
  const timetable = new Cron(cron, { timezone, mode: '5-part', paused: true });
  // Within the repeated hour the library gives a time of its first pass.
  for (let from = after; ; from += minuteMs) {
    const next = timetable.nextRun(new Date(from))?.getTime();
    if (next === undefined || next > after) return next;
  }
}

/** Milliseconds by which a run comes after its time: from 0 up to the jitter, the same in every process. */
export function jitterMs(schedule: Pick<Schedule, 'jitter'>, producer: string, slot: number): number {
  const share = Number.parseInt(hashOf(producer, String(slot)).slice(0, 8), 16) / 0x1_0000_0000;
  return Math.floor(share * schedule.jitter * 1000);
}

/**
 * What is to be done now, given what was taken care of last, in this process or another. Of several times that passed unseen only one run is made.
 *
 * @param taken undefined for a producer that has never had a schedule
 */
export function decide(
  schedule: Schedule,
  producer: string,
  { taken, now }: { readonly taken: Taken | undefined; readonly now: number },
): Decision {
  const skips = schedule.missed === 'skip';
  if (taken === undefined)
    return skips ? { kind: 'skip', slot: now } : { kind: 'run', slot: now, why: 'first' };
  if (taken.isOpen && !skips) return { kind: 'run', slot: taken.slot, why: 'interrupted' };
  const slot = nextTime(schedule, taken.slot);
  if (slot === undefined) return { kind: 'wait', until: undefined };
  const due = slot + jitterMs(schedule, producer, slot);
  if (now < due) return { kind: 'wait', until: due };
  if (now - due < lateMs) return { kind: 'run', slot, why: 'due' };
  return skips ? { kind: 'skip', slot: now } : { kind: 'run', slot: now, why: 'missed' };
}
