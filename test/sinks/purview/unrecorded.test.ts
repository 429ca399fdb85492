import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { BatchTurn, Sink } from '../../../pipeline/sink.ts';
import type { StateStore } from '../../../pipeline/state.ts';
import { createMemoryState } from '../../../platform/memory-state.ts';
import { sinks } from '../../../sinks/index.ts';
import { deletionOf, deliveries, shop, shopProcess } from '../../support/changes.ts';
import { type CatalogUnderTest, catalogUser, openTestCatalog } from '../../support/local-catalog.ts';
import { deliverer, kinds, never, sinkHost } from '../../support/sink-host.ts';

let catalog: CatalogUnderTest;

beforeAll(async () => {
  catalog = await openTestCatalog();
});

afterAll(() => catalog.close());

/** A state whose writes take until the test lets them go; nothing of them can be read before. */
class SlowState implements StateStore {
  scans = 0;
  readonly #memory = createMemoryState();
  #held: Promise<void> | undefined;
  #go = (): void => undefined;

  hold(): void {
    this.#held = new Promise((resolve) => {
      this.#go = resolve;
    });
  }

  go(): void {
    this.#held = undefined;
    this.#go();
  }

  get(key: string): ReturnType<StateStore['get']> {
    return this.#memory.get(key);
  }

  scan(prefix: string): ReturnType<StateStore['scan']> {
    this.scans += 1;
    return this.#memory.scan(prefix);
  }

  async write(...work: Parameters<StateStore['write']>): Promise<void> {
    await this.#held;
    await this.#memory.write(...work);
  }

  close(): Promise<void> {
    return this.#memory.close();
  }
}

/** The turns of two batches that follow each other. */
function twoTurns(): readonly [BatchTurn, BatchTurn] {
  let pass = (): void => undefined;
  const passed = new Promise<void>((resolve) => {
    pass = resolve;
  });
  return [
    { hasCome: true, come: () => Promise.resolve(), pass: () => pass() },
    { hasCome: false, come: () => passed, pass: () => undefined },
  ];
}

async function openSink(state: StateStore): Promise<Sink> {
  const sink = sinks.local.create({ url: catalog.url, ...catalogUser }, sinkHost({ state }));
  await sink.open(never);
  return sink;
}

/** Waits for as long as a few requests take. */
async function aWhile(): Promise<void> {
  for (let request = 0; request < 5; request += 1) await catalog.entity('shop', 'shop://out');
}

describe('deliver(), while the batch before is accepted and not recorded', () => {
  it('waits with the ties of what is made anew until it is known what still refers to it', async () => {
    const state = new SlowState();
    const sink = await openSink(state);
    const [old, out] = [shop('old'), shop('out')];
    const job = (inputs: readonly string[], sequence: number) =>
      shopProcess('job', { inputs, outputs: ['out'] }, { sequence });
    await deliverer(sink)(old, out, job(['old'], 1));
    await sink.deliver(deliveries([deletionOf(old)], 10), never);
    state.hold();
    const scans = state.scans;
    const [now, next] = twoTurns();
    const first = sink.deliver(deliveries([job([], 2)], 20), never, now);
    const second = sink.deliver(deliveries([shop('old', {}, { sequence: 3 })], 30), never, next);
    await vi.waitFor(async () => expect((await catalog.entity('shop', 'shop://old'))?.status).toBe('ACTIVE'));
    await aWhile();
    expect(state.scans).toBe(scans);
    state.go();
    expect([...kinds(await first), ...kinds(await second)]).toEqual(['unchanged', 'delivered']);
    expect(await catalog.active('shop_process', 'process://job', 'inputs')).toEqual([]);
  });

  it('waits with the deletion of a dropped child, which may take along what is not recorded', async () => {
    const state = new SlowState();
    const sink = await openSink(state);
    await deliverer(sink)(shop('full', { shelves: ['1'] }));
    state.hold();
    const [now, next] = twoTurns();
    const first = sink.deliver(deliveries([shop('other')], 20), never, now);
    const second = sink.deliver(deliveries([shop('full', {}, { sequence: 2 })], 30), never, next);
    await vi.waitFor(async () =>
      expect((await catalog.entity('shop', 'shop://other'))?.status).toBe('ACTIVE'),
    );
    await aWhile();
    expect(await catalog.active('shop', 'shop://full', 'shelves')).toEqual(['1']);
    state.go();
    expect([...kinds(await first), ...kinds(await second)]).toEqual(['delivered', 'delivered']);
    expect(await catalog.active('shop', 'shop://full', 'shelves')).toEqual([]);
  });
});
