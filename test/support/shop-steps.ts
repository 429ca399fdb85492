/** Histories of two shops and the processes between them, for tests that any way of delivering them ends in the same catalogue. */
import * as fc from 'fast-check';
import { expect } from 'vitest';
import type { Delivery, Sink } from '../../pipeline/sink.ts';
import type { EntityChange } from '../../schemas/types.ts';
import { deletionOf, shop, shopProcess } from './changes.ts';
import type { CatalogUnderTest } from './local-catalog.ts';
import { never } from './sink-host.ts';

/** What is delivered, without the prefix that keeps runs apart. */
export interface ShopStep {
  readonly kind: 'shop' | 'process' | 'delete';
  readonly name: 'a' | 'b';
  readonly producer: 'p' | 'q';
  readonly city: string | null | undefined;
  readonly shelves: readonly string[];
  readonly inputs: readonly string[];
  readonly placeholder: boolean;
}

/** Any of them. */
export const anyShopStep: fc.Arbitrary<ShopStep> = fc.record({
  kind: fc.constantFrom('shop', 'shop', 'process', 'delete'),
  name: fc.constantFrom('a', 'b'),
  producer: fc.constantFrom('p', 'q'),
  city: fc.constantFrom('x', 'y', null, undefined),
  shelves: fc.subarray(['1', '2', '3']),
  inputs: fc.subarray(['a', 'b']),
  placeholder: fc.boolean(),
});

/** The changes of a history, whose names begin with `run`. */
export function changesOfSteps(steps: readonly ShopStep[], run: string): readonly EntityChange[] {
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

/** Delivers batches as a lane does: what waits for its referent goes along with the next batch, and at the end until nothing moves. */
export async function deliverAll(sink: Sink, batches: readonly (readonly Delivery[])[]): Promise<void> {
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

/** What a catalogue holds of a history, without the prefix. */
export async function heldOfSteps(catalog: CatalogUnderTest, run: string): Promise<unknown> {
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
