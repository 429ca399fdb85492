import { expect, it } from 'vitest';
import { replayScopeOf } from '../../pipeline/delivery/replayed.ts';
import { liveReading, replayInPlace } from '../../pipeline/replay-plan.ts';
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
