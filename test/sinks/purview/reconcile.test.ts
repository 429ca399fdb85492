import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SinkHost } from '../../../pipeline/sink-component.ts';
import type { Drift, Sink } from '../../../pipeline/sink.ts';
import { createMemoryState } from '../../../platform/memory-state.ts';
import { sinks } from '../../../sinks/index.ts';
import { deliveries, shop, shopProcess, shopRef } from '../../support/changes.ts';
import { type CatalogUnderTest, catalogUser, openTestCatalog } from '../../support/local-catalog.ts';
import { deliverer, kinds, never, sinkHost } from '../../support/sink-host.ts';

let catalog: CatalogUnderTest;
let sink: Sink;
let deliver: ReturnType<typeof deliverer>;

async function openSink(options: Partial<SinkHost> = {}): Promise<Sink> {
  const opened = sinks.local.create({ url: catalog.url, ...catalogUser }, sinkHost(options));
  await opened.open(never);
  return opened;
}

beforeEach(async () => {
  catalog = await openTestCatalog();
  sink = await openSink();
  deliver = deliverer(sink);
});

afterEach(async () => {
  await sink.close();
  await catalog.close();
});

describe('deliver() after the state was lost', () => {
  it('reads in bulk before it writes when the state was lost, and writes only what differs', async () => {
    const shops = Array.from({ length: 60 }, (_, n) => shop(`s${n}`, { city: 'here', shelves: ['1', '2'] }));
    const moves = Array.from({ length: 5 }, (_, n) =>
      shopProcess(`m${n}`, { inputs: [`s${n}`], outputs: [`s${n + 1}`] }),
    );
    await deliver(...shops, ...moves);
    await catalog.call('PUT', '/entity/uniqueAttribute/type/shop?attr:qualifiedName=shop://s7', {
      entity: { typeName: 'shop', attributes: { city: 'moved by hand' } },
    });
    const fresh = deliverer(await openSink({ state: createMemoryState() }));
    const before = { writes: catalog.writeCalls(), reads: catalog.readCalls() };
    const outcomes = kinds(await fresh(...shops, ...moves));
    expect(outcomes.filter((kind) => kind !== 'unchanged')).toEqual(['delivered']);
    expect(outcomes[7]).toBe('delivered');
    expect(catalog.writeCalls() - before.writes).toBe(1);
    expect(catalog.readCalls() - before.reads).toBeLessThanOrEqual(5); // 60 + 120 + 5 names, three types
    expect((await catalog.entity('shop', 'shop://s7'))?.attributes['city']).toBe('here');
    expect(kinds(await fresh(...shops, ...moves)).every((kind) => kind === 'unchanged')).toBe(true);
    expect(catalog.writeCalls() - before.writes).toBe(1);
  });

  it('reads before it writes also what comes while another batch is in flight', async () => {
    await deliver(shop('a', { city: 'here' }));
    const fresh = await openSink({ state: createMemoryState() });
    const writes = catalog.writeCalls();
    const turn = { hasCome: false, come: () => Promise.resolve(), pass: () => undefined };
    const outcomes = await fresh.deliver(deliveries([shop('a', { city: 'here' })]), never, turn);
    expect([kinds(outcomes), catalog.writeCalls() - writes]).toEqual([['unchanged'], 0]);
  });
});

describe('reconcile()', () => {
  async function drifts(repair: boolean): Promise<readonly Drift[]> {
    const found: Drift[] = [];
    for await (const drift of sink.reconcile?.(repair, never) ?? []) found.push(drift);
    return found;
  }

  it('lists what is gone or changed, in few calls; with repair, the next change of it is written whole', async () => {
    const shops = Array.from({ length: 120 }, (_, n) => shop(`s${n}`, { city: 'here', shelves: ['1'] }));
    const move = shopProcess('move', { inputs: ['s0'], outputs: ['s1'] });
    await deliver(...shops, move);
    expect(await drifts(false)).toEqual([]);
    await catalog.call('DELETE', '/entity/uniqueAttribute/type/shop?attr:qualifiedName=shop://s3');
    await catalog.call('PUT', '/entity/uniqueAttribute/type/shop?attr:qualifiedName=shop://s5', {
      entity: { typeName: 'shop', attributes: { city: 'by hand' } },
    });
    const reads = catalog.readCalls();
    const root = shopRef('s3');
    const expected = [
      { root, ...root, what: 'gone', attributes: [] },
      { root, typeName: 'shop_shelf', qualifiedName: 'shop://s3/1', what: 'gone', attributes: [] },
      { root: shopRef('s5'), ...shopRef('s5'), what: 'changed', attributes: ['city'] },
    ];
    expect(await drifts(false)).toEqual(expected);
    expect(catalog.readCalls() - reads).toBeLessThanOrEqual(12);
    expect(kinds(await deliver(...shops, move)).every((kind) => kind === 'unchanged')).toBe(true);
    expect(await drifts(true)).toEqual(expected);
    const again = kinds(await deliver(...shops, move));
    expect(again.flatMap((kind, index) => (kind === 'delivered' ? [index] : []))).toEqual([3, 5]);
    expect(await drifts(false)).toEqual([]);
  });
});
