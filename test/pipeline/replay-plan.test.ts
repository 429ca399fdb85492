import { expect, it } from 'vitest';
import { replayScopeOf } from '../../pipeline/delivery/replayed.ts';
import {
  beginPlan,
  cancelPlan,
  liveReading,
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
