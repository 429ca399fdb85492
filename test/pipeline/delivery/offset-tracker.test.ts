import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { OffsetTracker } from '../../../pipeline/delivery/offset-tracker.ts';

/** What the tracker should say, computed anew from everything that ever happened. */
function naive(start: number, tracked: ReadonlyMap<number, number>, settled: ReadonlySet<number>): number {
  let committable = start;
  for (const offset of tracked.keys()) {
    if (!settled.has(offset)) break;
    committable = offset + 1;
  }
  return committable;
}

const steps = fc.array(
  fc.oneof(
    fc.record({ track: fc.integer({ min: 1, max: 3 }), bytes: fc.nat(100) }),
    fc.record({ settle: fc.nat() }),
  ),
  { maxLength: 200 },
);

it('committable is the model’s after every step, and never passes an unsettled offset', () => {
  fc.assert(
    fc.property(fc.nat(1000), steps, (start, script) => {
      const tracker = new OffsetTracker(start);
      const tracked = new Map<number, number>();
      const settled = new Set<number>();
      let next = start;
      let given = { records: 0, bytes: 0 };
      for (const step of script) {
        let foretold: number | undefined;
        if ('track' in step) {
          next += step.track; // gaps are allowed
          tracker.track(next, step.bytes);
          tracked.set(next, step.bytes);
        } else if (tracked.size > 0) {
          const offset = [...tracked.keys()][step.settle % tracked.size] ?? 0;
          settled.add(offset); // often one that is settled already
          foretold = tracker.committableWith([offset]);
          const passed = tracker.settle([offset]);
          given = { records: given.records + passed.records, bytes: given.bytes + passed.bytes };
        }
        const committable = naive(start, tracked, settled);
        expect(tracker.committable).toBe(committable);
        expect(foretold ?? committable).toBe(committable);
        const behind = [...tracked].filter(([offset]) => offset < committable);
        expect(given).toEqual({
          records: behind.length,
          bytes: behind.reduce((sum, [, bytes]) => sum + bytes, 0),
        });
        expect(tracker.pending).toBe(tracked.size - behind.length);
      }
    }),
  );
});

it('settle() of an offset that was never tracked changes nothing', () => {
  const tracker = new OffsetTracker(5);
  tracker.track(5, 1);
  expect(tracker.settle([4])).toEqual({ records: 0, bytes: 0 });
  expect(tracker.settle([6])).toEqual({ records: 0, bytes: 0 });
  expect(tracker.committable).toBe(5);
});

it('keeps nothing of what was passed, over many offsets', () => {
  const tracker = new OffsetTracker(0);
  for (let offset = 0; offset < 10_000; offset += 1) {
    tracker.track(offset, 1);
    expect(tracker.settle([offset])).toEqual({ records: 1, bytes: 1 });
    expect(tracker.pending).toBe(0);
  }
  expect(tracker.committable).toBe(10_000);
});
