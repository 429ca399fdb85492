import { expect, it } from 'vitest';
import { z } from 'zod';
import { HookSink, type HookRecord } from '../../../sinks/purview/hook-sink.ts';
import { deletionOf, shop, shopProcess } from '../../support/changes.ts';
import { formerly, renamedShop } from '../../support/renamed.ts';
import { deliverer, kinds, never, sinkHost } from '../../support/sink-host.ts';

const envelope = z.object({ message: z.looseObject({ type: z.string() }) });
const pairs = renamedShop('a', 'b', { shelves: [['1', 'x']], until: 1 });
const old = shop('a', { shelves: ['1'] });
const gone = formerly(deletionOf(old), pairs);
const renamed = formerly(shop('b', { shelves: ['x'] }, { sequence: 2 }), pairs);

/** A sink before a topic that keeps what it is told. */
async function openSink() {
  const records: HookRecord[] = [];
  const topic = {
    open: async () => undefined,
    send: async (some: readonly HookRecord[]) => void records.push(...some),
    close: async () => undefined,
  };
  const sink = new HookSink({ topic, user: 'us', host: sinkHost() });
  await sink.open(never);
  /** What was told since the last call, as key and message. */
  const told = () =>
    records.splice(0).map(({ key, value }) => ({ key, ...envelope.parse(JSON.parse(value)).message }));
  return { sink, deliver: deliverer(sink), told };
}

it('deliver() tells of a rename by partial updates, and of the deletion of the old name only where that did not come about', async () => {
  const { sink, deliver, told } = await openSink();
  await deliver(old);
  expect(kinds(await deliver(gone))).toEqual(['missing CATALOG_MISSING_REFERENT']);
  told();
  await deliver(renamed);
  const messages = told();
  expect(messages.map(({ key, type }) => `${key} ${type}`)).toEqual([
    'shop://b ENTITY_PARTIAL_UPDATE_V2',
    'shop://b ENTITY_PARTIAL_UPDATE_V2',
    'shop://b ENTITY_FULL_UPDATE_V2',
  ]);
  expect(messages[1]).toMatchObject({
    entityId: { typeName: 'shop_shelf', uniqueAttributes: { qualifiedName: 'shop://a/1' } },
    entity: { entity: { typeName: 'shop_shelf', attributes: { qualifiedName: 'shop://b/x' } } },
  });
  expect(kinds(await deliver(gone))).toEqual(['unchanged']);
  expect(told()).toEqual([]);
  await deliver(shop('c', { shelves: ['1'] }));
  const never2 = formerly(deletionOf(shop('c')), renamedShop('c', 'd', { shelves: [], until: 1 }));
  told();
  await sink.deliver([{ change: never2, offset: 9, hasWaited: true }], never);
  expect(told().map(({ type }) => type)).toEqual(['ENTITY_DELETE_V2']);
});

it('deliver() says lists again that name something by its old name, once that has its new one', async () => {
  const { deliver, told } = await openSink();
  const job = shopProcess('job', { inputs: ['a'], outputs: ['out'] });
  const again = formerly(job, renamedShop('a', 'b', { shelves: [], until: 1 }));
  await deliver(shop('out'), old, job);
  expect(kinds(await deliver(again))).toEqual(['missing CATALOG_MISSING_REFERENT']);
  await deliver(renamed);
  told();
  await deliver(again);
  expect(told().map(({ key, type }) => `${key} ${type}`)).toEqual(['process://job ENTITY_FULL_UPDATE_V2']);
});

it('deliver() tells of nothing but the last name when something was renamed there and back, and keeps what was told', async () => {
  const { deliver, told } = await openSink();
  const backAgain = renamedShop('b', 'a', { shelves: [['x', '1']], until: 2 });
  const back = formerly(shop('a', { shelves: ['1'] }, { sequence: 4 }), backAgain);
  const leftB = formerly(deletionOf(shop('b'), { sequence: 3 }), backAgain);
  await deliver(old);
  told();
  expect(kinds(await deliver(gone, renamed, back, leftB)).map((kind) => kind.split(' ')[0])).toEqual([
    'missing',
    'superseded',
    'missing',
    'unchanged',
  ]);
  expect(kinds(await deliver(gone, back))).toEqual(['superseded', 'unchanged']);
  expect(told().filter(({ key }) => key === 'shop://a')).toEqual([]);
});
