import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { sinks } from '../../../sinks/index.ts';
import { deliveries } from '../../support/changes.ts';
import { type CatalogUnderTest, catalogUser, openTestCatalog } from '../../support/local-catalog.ts';
import { anyShopStep, changesOfSteps, deliverAll, heldOfSteps } from '../../support/shop-steps.ts';
import { never, sinkHost } from '../../support/sink-host.ts';

let catalog: CatalogUnderTest;
let runs = 0;

beforeAll(async () => {
  catalog = await openTestCatalog();
});

afterAll(() => catalog.close());

const ones = Array.from({ length: 30 }, () => 1);

it('deliver() ends in the same catalogue for any bounds of the batches', async () => {
  const anyRun = fc.record({
    steps: fc.array(anyShopStep, { minLength: 1, maxLength: 8 }),
    bounds: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 13, maxLength: 13 }),
  });
  await fc.assert(
    fc.asyncProperty(anyRun, async ({ steps, bounds }) => {
      const seen: unknown[] = [];
      for (const sizes of [ones, bounds, [ones.length]]) {
        const run = `r${(runs += 1)}-`;
        const sink = sinks.local.create({ url: catalog.url, ...catalogUser }, sinkHost());
        await sink.open(never);
        const all = deliveries(changesOfSteps(steps, run));
        let from = 0;
        const batches = sizes.map((size) => all.slice(from, (from += size)));
        await deliverAll(sink, batches);
        seen.push(await heldOfSteps(catalog, run));
      }
      expect(seen.slice(1)).toEqual([seen[0], seen[0]]);
    }),
    { numRuns: 12, endOnFailure: true },
  );
}, 120_000);
