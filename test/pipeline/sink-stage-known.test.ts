import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { Delivery, Outcome } from '../../pipeline/sink.ts';
import type { EntityChange } from '../../schemas/types.ts';
import { ScriptedSink, change, committed, counts, delivered, start, sum } from '../support/sink-stage.ts';

const unchanged: Outcome = { kind: 'unchanged', counts };

/** A sink that keeps the last version of each asset, and knows what it keeps. A version is the first letter of an object id. */
class KeepingSink extends ScriptedSink {
  readonly kept = new Map<string, string>();
  /** Whether it was asked for what it knows of an asset while that was in flight. */
  asked = 0;
  readonly #inFlight = new Set<string>();

  constructor() {
    super(
      ({ change: { qualifiedName, objectId, operation } }) => {
        if (operation === 'DELETE')
          this.kept.clear(); // takes everything along
        else this.kept.set(qualifiedName, objectId.slice(0, 1));
        return delivered;
      },
      async (batch) => {
        for (const { change: of } of batch) this.#inFlight.add(of.qualifiedName);
        await new Promise((resolve) => setImmediate(resolve));
        for (const { change: of } of batch) this.#inFlight.delete(of.qualifiedName);
      },
    );
  }

  async known(changes: readonly Delivery[]): Promise<readonly (Outcome | undefined)[]> {
    await new Promise((resolve) => setImmediate(resolve));
    return changes.map(({ change: { qualifiedName, objectId } }) => {
      if (this.#inFlight.has(qualifiedName)) this.asked += 1;
      return this.kept.get(qualifiedName) === objectId.slice(0, 1) ? unchanged : undefined;
    });
  }
}

describe('SinkStage.run(), with a sink that knows what the catalogue has', () => {
  it('fills batches with what has to be written, and settles the rest without one', async () => {
    const sink = new KeepingSink();
    const assets = Array.from({ length: 400 }, (_, index) => `t${index}`);
    for (const asset of assets) sink.kept.set(asset, 'a');
    const scan = assets.map((asset, index) => change(`${index % 20 === 0 ? 'b' : 'a'}${index}`, asset));
    const stage = await start(sink, scan, {
      lanes: 1,
      credits: { records: 400, bytes: 1_000_000 },
      batch: { count: 10, bytes: 1_000_000, withinMs: 1 },
    });
    await vi.waitFor(async () => expect(await committed(stage)).toBe(400), { timeout: 30_000 });
    expect(sink.batches.map((batch) => batch.length)).toEqual([10, 10]);
    expect(stage.settled).toMatchObject({ received: 400, delivered: 20, unchanged: 380 });
  });

  it('ends like one change after the other, whatever is known when', async () => {
    const one = fc.record({
      asset: fc.nat(4),
      version: fc.constantFrom('a', 'b'),
      deletes: fc.integer({ min: 0, max: 9 }).map((roll) => roll === 0),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(one, { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 1, max: 20 }),
        async (said, records) => {
          const changes = said.map(({ asset, version, deletes }, index): EntityChange => {
            const upsert = change(`${version}${index}`, `t${asset}`);
            return deletes ? { ...upsert, operation: 'DELETE' } : upsert;
          });
          const sink = new KeepingSink();
          const stage = await start(sink, changes, { lanes: 1, credits: { records, bytes: 1_000_000 } });
          await vi.waitFor(async () => expect(await committed(stage)).toBe(changes.length), {
            timeout: 30_000,
          });
          const expected = new Map<string, string>();
          for (const { qualifiedName, objectId, operation } of changes) {
            if (operation === 'DELETE') expected.clear();
            else expected.set(qualifiedName, objectId.slice(0, 1));
          }
          expect(Object.fromEntries(sink.kept)).toEqual(Object.fromEntries(expected));
          expect(sink.asked).toBe(0);
          expect(sink.overlaps).toBe(0);
          expect(sum(stage.settled)).toBe(changes.length);
          stage.stop();
          await stage.ended;
        },
      ),
      { numRuns: 40 },
    );
  }, 60_000);
});
