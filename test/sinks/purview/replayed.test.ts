import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Delivery, Sink } from '../../../pipeline/sink.ts';
import { sinks } from '../../../sinks/index.ts';
import type { EntityChange, EntityRef } from '../../../schemas/types.ts';
import { deletionOf, shop, shopProcess, shopRef } from '../../support/changes.ts';
import { type CatalogUnderTest, catalogUser, openTestCatalog } from '../../support/local-catalog.ts';
import { kinds, never, sinkHost } from '../../support/sink-host.ts';

let catalog: CatalogUnderTest;
let sink: Sink;
let offset = 0;

beforeEach(async () => {
  catalog = await openTestCatalog();
  sink = sinks.local.create({ url: catalog.url, ...catalogUser }, sinkHost());
  await sink.open(never);
});

afterEach(async () => {
  await sink.close();
  await catalog.close();
});

const deliver = (changes: readonly EntityChange[], how: Partial<Delivery> = {}) => {
  const batch = changes.map((change): Delivery => {
    offset += 1;
    return { change, offset, ...how };
  });
  return sink.deliver(batch, never);
};

/** Deletes an entity as a person would in the catalogue. */
async function deleteByHand({ typeName, qualifiedName }: EntityRef): Promise<void> {
  const query = new URLSearchParams({ 'attr:qualifiedName': qualifiedName });
  await catalog.call('DELETE', `/entity/uniqueAttribute/type/${typeName}?${query.toString()}`);
}

const a = shop('a', { shelves: ['s1', 's2'], city: 'Here' });
const b = shop('b');
const job = shopProcess('job', { inputs: ['a'], outputs: ['b'] }, {});

it('deliver() puts back what was deleted by hand, references of others included, when a part is replayed', async () => {
  await deliver([a, b, job]);
  await deleteByHand(shopRef('a'));
  expect(kinds(await deliver([a]))).toEqual(['unchanged']);
  expect((await catalog.entity('shop', 'shop://a'))?.status).not.toBe('ACTIVE');
  expect(kinds(await deliver([a], { replayed: 'part' }))).toEqual(['delivered']);
  expect((await catalog.entity('shop', 'shop://a'))?.status).toBe('ACTIVE');
  expect(await catalog.active('shop', 'shop://a', 'shelves')).toHaveLength(2);
  expect(await catalog.active('shop_process', 'process://job', 'inputs')).toHaveLength(1);
});

it('deliver() puts back a child and the references of a process when all is replayed', async () => {
  await deliver([a, b, job]);
  await deleteByHand({ typeName: 'shop_shelf', qualifiedName: 'shop://a/s1' });
  await deleteByHand({ typeName: 'shop_process', qualifiedName: 'process://job' });
  await deleteByHand(shopRef('b'));
  await deliver([a, b, job], { replayed: 'whole' });
  expect(await catalog.active('shop', 'shop://a', 'shelves')).toHaveLength(2);
  expect(await catalog.active('shop_process', 'process://job', 'inputs')).toHaveLength(1);
  expect(await catalog.active('shop_process', 'process://job', 'outputs')).toHaveLength(1);
});

it('deliver() changes nothing when what is replayed is there, or older than what is', async () => {
  await deliver([shop('a', { city: 'New' }, { sequence: 5 }), b, job]);
  expect(
    kinds(await deliver([shop('a', { city: 'New' }, { sequence: 5 }), job], { replayed: 'whole' })),
  ).toEqual(['unchanged', 'unchanged']);
  expect(kinds(await deliver([shop('a', { city: 'Old' }, { sequence: 4 })], { replayed: 'whole' }))).toEqual([
    'superseded',
  ]);
  expect((await catalog.entity('shop', 'shop://a'))?.attributes['city']).toBe('New');
});

it('deliver() drops what was a dead letter when its producer was heard since, also of the same content', async () => {
  const [first, second] = [shop('a', { city: 'First' }), shop('a', { city: 'Second' })];
  await deliver([second]);
  const late = offset + 1;
  offset += 10;
  await deliver([second]); // nothing to write, but said after the letter
  expect(kinds(await sink.deliver([{ change: first, offset: late, isLate: true }], never))).toEqual([
    'superseded',
  ]);
  expect((await catalog.entity('shop', 'shop://a'))?.attributes['city']).toBe('Second');
  expect(kinds(await sink.deliver([{ change: first, offset: offset + 1, isLate: true }], never))).toEqual([
    'delivered',
  ]);
});

it('deliver() drops what was derived before what its producer or a deletion has said since, in any batch', async () => {
  const at = (number: number): Partial<Delivery> => ({
    sequence: `writer-${String(number).padStart(16, '0')}`,
  });
  const [first, second] = [shop('a', { city: 'First' }), shop('a', { city: 'Second' })];
  await deliver([second], at(2));
  expect(kinds(await deliver([first], at(1)))).toEqual(['superseded']);
  expect((await catalog.entity('shop', 'shop://a'))?.attributes['city']).toBe('Second');
  await deliver([deletionOf(second)], at(3));
  expect(kinds(await deliver([second], at(2)))).toEqual(['superseded']);
  const other = shop('a', { city: 'Third' }, { producer: 'other' });
  expect(kinds(await deliver([other], at(4)))).toEqual(['delivered']);
  expect(kinds(await deliver([second], at(2)))).toEqual(['superseded']);
  expect((await catalog.entity('shop', 'shop://a'))?.attributes['city']).toBe('Third');
  expect(kinds(await deliver([second], at(5)))).toEqual(['delivered']);
});
