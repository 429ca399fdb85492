import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide, jitterMs, nextTime, type Schedule } from '../../../pipeline/schedule/timetable.ts';

const at = (text: string): number => Date.parse(text);
const iso = (time: number | undefined): string | undefined =>
  time === undefined ? undefined : new Date(time).toISOString();
const berlin = { cron: '30 2 * * *', timezone: 'Europe/Berlin' };
const nightly: Schedule = { cron: '0 3 * * *', timezone: 'UTC', jitter: 0, missed: 'run' };

describe('nextTime()', () => {
  it('takes times of the zone', () => {
    expect(iso(nextTime(berlin, at('2026-07-01T00:00:00Z')))).toBe('2026-07-01T00:30:00.000Z');
    expect(iso(nextTime(berlin, at('2026-01-01T12:00:00Z')))).toBe('2026-01-02T01:30:00.000Z');
  });

  it('comes when the clocks have moved on in spring, and once in autumn, when they repeat an hour', () => {
    expect(iso(nextTime(berlin, at('2026-03-28T12:00:00Z')))).toBe('2026-03-29T01:30:00.000Z');
    expect(iso(nextTime(berlin, at('2026-03-29T01:30:00Z')))).toBe('2026-03-30T00:30:00.000Z');
    const first = at('2026-10-25T00:30:00Z');
    expect(nextTime(berlin, at('2026-10-24T12:00:00Z'))).toBe(first);
    for (const after of [first, first + 1, first + 3_540_000, first + 3_600_000])
      expect(iso(nextTime(berlin, after))).toBe('2026-10-26T01:30:00.000Z');
  });

  it('is undefined when there is no such day, and throws for what is no pattern or zone', () => {
    expect(nextTime({ cron: '0 3 30 2 *', timezone: 'UTC' }, at('2026-01-01'))).toBeUndefined();
    for (const wrong of [
      { cron: '99 * * * *' },
      { cron: '* * * * * *' },
      { cron: '' },
      { timezone: 'Mars/X' },
    ])
      expect(() => nextTime({ ...nightly, ...wrong }, 0)).toThrow(/Cron|zone/u);
  });

  it('always lies after the moment', () => {
    const zones = fc.constantFrom(
      'UTC',
      'Europe/Berlin',
      'America/New_York',
      'Australia/Lord_Howe',
      'Asia/Kolkata',
    );
    const crons = fc.constantFrom('30 2 * * *', '*/15 * * * *', '0 0 29 2 *', '15 1 * * 0', '@hourly');
    const time = fc.integer({ min: at('2026-01-01'), max: at('2027-12-31') });
    fc.assert(
      fc.property(crons, zones, time, (cron, timezone, after) => {
        const next = nextTime({ cron, timezone }, after);
        expect(next).toBeGreaterThan(after);
        expect((next ?? 0) % 60_000).toBe(0);
      }),
      { numRuns: 150 },
    );
  });
});

describe('jitterMs()', () => {
  it('is the same for a run in every process, and spread over the seconds for several', () => {
    const spread = { jitter: 600 };
    const all = Array.from({ length: 100 }, (_, index) => jitterMs(spread, `p${index}`, 1_000_000));
    expect(jitterMs(spread, 'p7', 1_000_000)).toBe(all[7]);
    expect(Math.min(...all)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...all)).toBeLessThan(600_000);
    expect(Math.max(...all) - Math.min(...all)).toBeGreaterThan(300_000);
    expect(jitterMs({ jitter: 0 }, 'p', 1)).toBe(0);
  });
});

describe('decide()', () => {
  const now = at('2026-05-10T12:00:00Z');
  const slot = at('2026-05-10T03:00:00Z');
  const day = 24 * 3600 * 1000;
  const skipping: Schedule = { ...nightly, missed: 'skip' };

  it('waits for the next time, and runs when it has come, for that time', () => {
    const taken = { slot, isOpen: false };
    expect(decide(nightly, 'p', { taken, now })).toEqual({ kind: 'wait', until: slot + day });
    const run = { kind: 'run', slot: slot + day, why: 'due' };
    expect(decide(nightly, 'p', { taken, now: slot + day })).toEqual(run);
    expect(decide(skipping, 'p', { taken, now: slot + day + 59_000 })).toEqual(run);
  });

  it('makes one run of all that were missed, or none', () => {
    const taken = { slot: slot - 5 * day, isOpen: false };
    expect(decide(nightly, 'p', { taken, now })).toEqual({ kind: 'run', slot: now, why: 'missed' });
    expect(decide(skipping, 'p', { taken, now })).toEqual({ kind: 'skip', slot: now });
  });

  it('runs at once the first time, and after one that was interrupted, where missed runs are made', () => {
    expect(decide(nightly, 'p', { taken: undefined, now })).toEqual({ kind: 'run', slot: now, why: 'first' });
    expect(decide(skipping, 'p', { taken: undefined, now })).toEqual({ kind: 'skip', slot: now });
    const taken = { slot, isOpen: true };
    expect(decide(nightly, 'p', { taken, now })).toEqual({ kind: 'run', slot, why: 'interrupted' });
    expect(decide(skipping, 'p', { taken, now })).toEqual({ kind: 'wait', until: slot + day });
  });

  it('waits for its jitter, which makes nothing late', () => {
    const spread: Schedule = { ...skipping, jitter: 7200 };
    const taken = { slot, isOpen: false };
    const due = slot + day + jitterMs(spread, 'p', slot + day);
    expect(decide(spread, 'p', { taken, now: slot + day })).toEqual({ kind: 'wait', until: due });
    expect(decide(spread, 'p', { taken, now: due })).toEqual({ kind: 'run', slot: slot + day, why: 'due' });
  });

  it('waits for ever when no time comes any more', () => {
    const never = { ...nightly, cron: '0 3 30 2 *' };
    expect(decide(never, 'p', { taken: { slot, isOpen: false }, now })).toEqual({
      kind: 'wait',
      until: undefined,
    });
  });
});
