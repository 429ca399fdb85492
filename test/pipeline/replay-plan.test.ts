import { expect, it } from 'vitest';
import { replayScopeOf } from '../../pipeline/delivery/replayed.ts';
import {
  beginPlan,
  cancelPlan,
  liveReading,
  planReading,
  readPlan,
  replayGroup,
  replayInPlace,
} from '../../pipeline/replay-plan.ts';
import { groups, topics } from '../../pipeline/topics.ts';
import { createMemoryTransport } from '../../transports/memory.ts';
import { collect } from '../contracts/transport.ts';

it('replayInPlace() says again what an earlier one had not come to', async () => {
  const transport = createMemoryTransport();
  const group = groups.transform;
  await transport.ensureTopics([{ name: topics.raw, partitions: 1 }]);
  const value = Buffer.from('x');
  await transport.append(
    topics.raw,
    Array.from({ length: 10 }, () => ({ key: 'k', value, headers: {} })),
  );
  await transport.admin.resetOffsets(topics.raw, group, new Map([[0, 8]])); // read up to there
  await replayInPlace(transport, new Map([[0, 0]]), 'whole');
  await transport.admin.resetOffsets(topics.raw, group, new Map([[0, 3]])); // stopped on its way
  await replayInPlace(transport, new Map([[0, 1]]), 'part');
  const read = await liveReading(transport.transactions.state, 0);
  const records = await collect(transport.read(topics.raw, 0, 0));
  expect(records.map((record) => replayScopeOf(read(record)?.headers ?? {}))).toEqual([
    ...Array.from({ length: 8 }, () => 'part'),
    undefined,
    undefined,
  ]);
  await transport.close();
});

it('planReading() takes what stands before the end, of the producer and the key that are asked for', async () => {
  const record = (offset: number, key: string) => ({
    topic: topics.raw,
    partition: 1,
    offset,
    key,
    value: Buffer.from('x'),
    headers: {},
    timestamp: 0,
  });
  const records = ['p/job/a', 'p/job/b', 'q/job/a', 'p/job/a'].map((key, offset) => record(offset, key));
  const common = { asked: '', startedAt: 'now', scope: 'part', from: { 1: 0 }, to: { 1: 3 } } as const;
  const read = (producer: string | null, key: string | null): readonly number[] => {
    const take = planReading({ ...common, producer, key }, 1);
    return records.flatMap((one) => take(one)?.offset ?? []);
  };
  expect(read(null, null)).toEqual([0, 1, 2]);
  expect(read('p', null)).toEqual([0, 1]);
  expect(read(null, 'p/job/a')).toEqual([0]);
  expect(planReading({ ...common, producer: null, key: null }, 0)(record(0, 'p/job/a'))).toBeUndefined();
});

it('cancelPlan() forgets the group also when beginPlan() was cut off before it kept the plan', async () => {
  const transport = createMemoryTransport();
  await transport.ensureTopics([{ name: topics.raw, partitions: 2 }]);
  const groupsOfRaw = async (): Promise<readonly string[]> =>
    (await transport.describe(topics.raw)).flatMap(({ committed }) => Object.keys(committed));
  expect(await cancelPlan(transport)).toBeUndefined();
  const asked = { asked: '--from beginning', startedAt: 'now', producer: null, key: null };
  const plan = { ...asked, scope: 'whole', from: { 0: 0, 1: 0 }, to: { 0: 0, 1: 0 } } as const;
  await beginPlan(transport, plan);
  await transport.transactions.state.write([{ key: 'replay/plan', value: undefined }]); // as if it had died before
  expect(await groupsOfRaw()).toContain(replayGroup);
  expect(await cancelPlan(transport)).toEqual({ plan: undefined });
  expect(await groupsOfRaw()).toEqual([]);
  await beginPlan(transport, plan);
  expect(await cancelPlan(transport)).toEqual({ plan });
  expect(await readPlan(transport.transactions.state)).toBeUndefined();
  expect(await cancelPlan(transport)).toBeUndefined();
  await transport.close();
});

it('readPlan() and liveReading() refuse what another version has kept, and name it; cancelPlan() forgets it', async () => {
  const transport = createMemoryTransport();
  await transport.ensureTopics([{ name: topics.raw, partitions: 1 }]);
  const { state } = transport.transactions;
  const of = (key: string) => ({ code: 'STATE_UNAVAILABLE', message: expect.stringContaining(key) });
  await state.write([
    { key: 'replay/plan', value: { asked: 'everything' } },
    { key: 'replay/in-place', value: { scope: 'half' } },
  ]);
  await expect(readPlan(state)).rejects.toMatchObject(of('replay/plan'));
  await expect(liveReading(state, 0)).rejects.toMatchObject(of('replay/in-place'));
  await expect(replayInPlace(transport, new Map(), 'whole')).rejects.toMatchObject(of('replay/in-place'));
  expect(await cancelPlan(transport)).toEqual({ plan: undefined });
  expect(await readPlan(state)).toBeUndefined();
  await transport.close();
});
