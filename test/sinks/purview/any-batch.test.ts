import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Delivery, Sink } from '../../../pipeline/sink.ts';
import type { EntityChange } from '../../../schemas/types.ts';
import { sinks } from '../../../sinks/index.ts';
import { deletionOf, deliveries, shop, shopProcess } from '../../support/changes.ts';
import { type CatalogUnderTest, catalogUser, openTestCatalog } from '../../support/local-catalog.ts';
import { never, sinkHost } from '../../support/sink-host.ts';

let catalog: CatalogUnderTest;
let runs = 0;

beforeAll(async () => {
  catalog = await openTestCatalog();
});

afterAll(() => catalog.close());

const ones = Array.from({ length: 30 }, () => 1);

/** What is delivered, without the prefix that keeps runs apart. */
interface Step {
  readonly kind: 'shop' | 'process' | 'delete';
  readonly name: 'a' | 'b';
  readonly producer: 'p' | 'q';
  readonly city: string | null | undefined;
  readonly shelves: readonly string[];
  readonly inputs: readonly string[];
  readonly placeholder: boolean;
}

const anyStep: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('shop', 'shop', 'process', 'delete'),
  name: fc.constantFrom('a', 'b'),
  producer: fc.constantFrom('p', 'q'),
  city: fc.constantFrom('x', 'y', null, undefined),
  shelves: fc.subarray(['1', '2', '3']),
  inputs: fc.subarray(['a', 'b']),
  placeholder: fc.boolean(),
});

function changesOf(steps: readonly Step[], run: string): readonly EntityChange[] {
  const name = (short: string) => `${run}${short}`;
  const base = [shop(name('out')), shop(name('a')), shop(name('b'))];
  return [
    ...base,
    ...steps.map((step, index) => {
      const options = { producer: step.producer, sequence: index + 2 };
      if (step.kind === 'process') {
        const inputs = step.inputs.map(name);
        return shopProcess(name(step.name), { inputs, outputs: [name('out')] }, options);
      }
      const { city, shelves, placeholder } = step;
      if (step.kind === 'delete') return deletionOf(shop(name(step.name)), options);
      const content = placeholder ? {} : { shelves, ...(city === undefined ? {} : { city }) };
      return shop(name(step.name), content, { ...options, placeholder });
    }),
    // Whatever a process names stands at least as a placeholder: its own derivation says so.
    ...['a', 'b'].map((short) => shop(name(short), {}, { producer: 'etl', placeholder: true })),
  ];
}

/** Delivers as a lane does: what waits for its referent goes along with the next batch, and at the end until nothing moves. */
async function deliverAll(sink: Sink, batches: readonly (readonly Delivery[])[]): Promise<void> {
  let waiting: readonly Delivery[] = [];
  const deliver = async (batch: readonly Delivery[]): Promise<void> => {
    const open = [...waiting, ...batch];
    const outcomes = await sink.deliver(open, never);
    waiting = open.filter((_, index) => outcomes[index]?.kind === 'missing');
    expect(outcomes.filter(({ kind }) => kind === 'rejected' || kind === 'retry')).toEqual([]);
  };
  for (const batch of batches) await deliver(batch);
  for (let before = -1; waiting.length > 0 && waiting.length !== before; ) {
    before = waiting.length;
    await deliver([]);
  }
}

async function stateOf(run: string): Promise<unknown> {
  const state: Record<string, unknown> = {};
  for (const short of ['a', 'b']) {
    const name = `shop://${run}${short}`;
    const held = await catalog.entity('shop', name);
    state[name.replace(run, '')] =
      held === undefined
        ? 'none'
        : [held.attributes['city'] ?? null, await catalog.active('shop', name, 'shelves')];
    const inputs = await catalog.active('shop_process', `process://${run}${short}`, 'inputs');
    state[`process ${short}`] = inputs.map((input) => input.replace(run, ''));
  }
  return state;
}

it('deliver() ends in the same catalogue for any bounds of the batches', async () => {
  const anyRun = fc.record({
    steps: fc.array(anyStep, { minLength: 1, maxLength: 8 }),
    bounds: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 13, maxLength: 13 }),
  });
  await fc.assert(
    fc.asyncProperty(anyRun, async ({ steps, bounds }) => {
      const seen: unknown[] = [];
      for (const sizes of [ones, bounds, [ones.length]]) {
        const run = `r${(runs += 1)}-`;
        const sink = sinks.local.create({ url: catalog.url, ...catalogUser }, sinkHost());
        await sink.open(never);
        const all = deliveries(changesOf(steps, run));
        let from = 0;
        const batches = sizes.map((size) => all.slice(from, (from += size)));
        await deliverAll(sink, batches);
        seen.push(await stateOf(run));
      }
      expect(seen.slice(1)).toEqual([seen[0], seen[0]]);
    }),
    { numRuns: 12, endOnFailure: true },
  );
}, 120_000);
