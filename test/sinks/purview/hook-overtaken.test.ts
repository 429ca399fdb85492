import { expect, it } from 'vitest';
import { z } from 'zod';
import { createMemoryState } from '../../../platform/memory-state.ts';
import { HookSink, type HookRecord } from '../../../sinks/purview/hook-sink.ts';
import { deletionOf, deliveries, shop } from '../../support/changes.ts';
import { kinds, never, sinkHost } from '../../support/sink-host.ts';

const envelope = z.object({ message: z.looseObject({ type: z.string() }) });

it('deliver() takes back what a process had told that died before it said so, when it is overtaken in the next one', async () => {
  const state = createMemoryState();
  const records: HookRecord[] = [];
  const topic = {
    open: async () => undefined,
    send: async (some: readonly HookRecord[]) => void records.push(...some),
    close: async () => undefined,
  };
  const host = sinkHost({ state });
  const sink = new HookSink({ topic, user: 'us', host });
  const narrow = (sequence: number) => shop('a', { shelves: ['1'] }, { sequence });
  const gone = shop('b');
  await sink.deliver(deliveries([narrow(1), gone]), never);
  await sink.deliver(deliveries([deletionOf(gone)], 10), never);
  const killed = { ...state, write: () => Promise.reject(new Error('It was killed.')) };
  const dying = new HookSink({ topic, user: 'us', host: { ...host, state: killed } });
  const lost = [
    shop('a', { shelves: ['1', '2'], city: 'Bonn' }, { sequence: 2 }),
    shop('b', {}, { sequence: 3 }),
  ];
  await expect(dying.deliver(deliveries(lost, 20), never)).rejects.toThrow('killed');
  records.length = 0;
  const batch = deliveries([...lost, narrow(3), deletionOf(gone, { sequence: 4 })], 20);
  const outcomes = await sink.deliver(
    batch.map((one) => ({ ...one, isUncertain: true })),
    never,
  );
  expect(kinds(outcomes)).toEqual(['superseded', 'superseded', 'delivered', 'unchanged']);
  const told = records.map(({ key, value }) => ({ key, ...envelope.parse(JSON.parse(value)).message }));
  expect(told).toMatchObject([
    {
      key: 'shop://a',
      type: 'ENTITY_FULL_UPDATE_V2',
      entities: { entities: [{ attributes: { city: null } }, { typeName: 'shop_shelf' }] },
    },
    {
      key: 'shop://a',
      type: 'ENTITY_DELETE_V2',
      entities: [{ uniqueAttributes: { qualifiedName: 'shop://a/2' } }],
    },
    {
      key: 'shop://b',
      type: 'ENTITY_DELETE_V2',
      entities: [{ uniqueAttributes: { qualifiedName: 'shop://b' } }],
    },
  ]);
});
