import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { PartitionCounts, readStageTotals } from '../../../pipeline/delivery/partition-counts.ts';
import type { StateStore, StateWrite } from '../../../pipeline/state.ts';
import { settlements } from '../../../pipeline/telemetry.ts';
import { groups } from '../../../pipeline/topics.ts';
import { createMemoryState } from '../../../platform/memory-state.ts';

const life = fc.record({
  batches: fc.array(
    fc.record({
      received: fc.nat(20),
      settled: fc.array(fc.constantFrom(...settlements), { maxLength: 20 }),
      isRefused: fc.boolean(),
      /** Whether the offset is committed with the counts, behind them, or not at all after them. */
      commit: fc.constantFrom('with', 'behind', 'never'),
    }),
    { maxLength: 6 },
  ),
});

/** What the next owner writes, which has settled nothing yet. */
async function heir(state: StateStore, committed: number): Promise<StateWrite> {
  const counts = new PartitionCounts(state, groups.sink, 0);
  await counts.open(committed);
  return counts.write([]);
}

it('readStageTotals() keeps received = settled + returned + in flight over any lives of owners', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(life, { minLength: 1, maxLength: 5 }), async (lives) => {
      const state = createMemoryState();
      let committed = 0;
      for (const { batches } of lives) {
        const counts = new PartitionCounts(state, groups.sink, 0);
        await counts.open(committed);
        let open = 0;
        for (const { received, settled, isRefused, commit } of batches) {
          counts.received(received);
          open += received;
          const passed = settled.slice(0, open);
          const write = counts.write(passed, commit === 'with' ? undefined : committed + passed.length);
          if (isRefused) break; // its partition is someone else's
          await state.write([write]);
          if (commit === 'never' && passed.length > 0) break; // it died
          counts.written(passed);
          open -= passed.length;
          committed += passed.length;
        }
      }
      await state.write([await heir(state, committed)]);
      for (const total of await readStageTotals(state)) {
        const done = Object.values(total.settled).reduce((sum, events) => sum + events, 0);
        expect(done).toBe(committed);
        // What owners that died had taken and not settled is given back: the next one has nothing in hand yet.
        expect(total.inFlight).toBe(0);
        expect(total.received).toBe(done + total.returned + total.inFlight);
      }
    }),
  );
});

it('PartitionCounts.open() puts aside what another version has counted, and begins anew', async () => {
  const state = createMemoryState();
  const key = `stage-counts/${groups.sink}/0`;
  await state.write([{ key, value: { received: 7, settled: {} } }]);
  await expect(readStageTotals(state)).rejects.toMatchObject({
    code: 'STATE_UNAVAILABLE',
    message: expect.stringContaining(key),
  });
  const counts = new PartitionCounts(state, groups.sink, 0);
  await counts.open(0);
  expect(await state.get(`put-aside/${key}`)).toEqual({ received: 7, settled: {} });
  counts.received(2);
  await state.write([counts.write(['delivered'])]);
  expect(await readStageTotals(state)).toMatchObject([
    { stage: 'sink', received: 2, inFlight: 1, owners: 1 },
  ]);
});
