import { expect, it } from 'vitest';
import { PartitionReader } from '../../../transports/kafka/partition-reader.ts';

const fetcher = { add: () => undefined, remove: () => undefined, kick: () => undefined };
const limit = { records: 10, bytes: 1000 };
const record = (offset: number) => {
  const place = { topic: 't', partition: 0, offset, timestamp: 0 };
  return { ...place, key: 'k', value: Buffer.from('v'), headers: {} };
};

it('settledBy() never counts a record that a pull takes at this moment', async () => {
  const reader = new PartitionReader({ fetcher, topic: 't', partition: 0, start: 5, onGap: () => undefined });
  const state = { isOver: false };
  const pulled = reader.pull(limit, new AbortController().signal).then((records) => {
    state.isOver = true;
    return records;
  });
  reader.accept({ records: [record(5), record(6)], next: 8 });
  while (!state.isOver) {
    expect(reader.settledBy(5)).toBe(5);
    await Promise.resolve();
  }
  expect((await pulled).map(({ offset }) => offset)).toEqual([5, 6]);
  expect(reader.settledBy(5)).toBe(5);
  expect(reader.settledBy(6)).toBe(6);
  expect(reader.settledBy(7)).toBe(8); // 7 is the mark of a transaction
});

it('settledBy() stops before what is read ahead', async () => {
  const reader = new PartitionReader({ fetcher, topic: 't', partition: 0, start: 0, onGap: () => undefined });
  reader.accept({ records: [record(0), record(4)], next: 6 });
  expect(reader.settledBy(0)).toBe(0);
  await reader.pull({ ...limit, records: 1 }, new AbortController().signal);
  expect(reader.settledBy(1)).toBe(4);
});
