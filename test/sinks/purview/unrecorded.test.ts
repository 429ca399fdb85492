import { afterAll, beforeAll, expect, it, vi } from 'vitest';
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

it('deliver() ties what is made anew only to what still refers to it after the batches before it', async () => {
  const state = new SlowState();
  const sink = sinks.local.create({ url: catalog.url, ...catalogUser }, sinkHost({ state }));
  await sink.open(never);
  const [old, out] = [shop('old'), shop('out')];
  const job = (inputs: readonly string[], sequence: number) =>
    shopProcess('job', { inputs, outputs: ['out'] }, { sequence });
  await deliverer(sink)(old, out, job(['old'], 1));
  await sink.deliver(deliveries([deletionOf(old)], 10), never);

  state.hold();
  const scans = state.scans;
  let pass = (): void => undefined;
  const passed = new Promise<void>((resolve) => {
    pass = resolve;
  });
  const now = { hasCome: true, come: () => Promise.resolve(), pass: () => pass() };
  const first = sink.deliver(deliveries([job([], 2)], 20), never, now);
  const next = { hasCome: false, come: () => passed, pass: () => undefined };
  const second = sink.deliver(deliveries([shop('old', {}, { sequence: 3 })], 30), never, next);
  await vi.waitFor(async () => expect((await catalog.entity('shop', 'shop://old'))?.status).toBe('ACTIVE'));
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  expect(state.scans).toBe(scans);
  state.go();
  expect([...kinds(await first), ...kinds(await second)]).toEqual(['unchanged', 'delivered']);
  expect(await catalog.active('shop_process', 'process://job', 'inputs')).toEqual([]);
});
