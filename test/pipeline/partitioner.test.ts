import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { murmur2, partitionOf } from '../../pipeline/partitioner.ts';

it.each([
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
])('murmur2() of "%s" is what the tests of Kafka (UtilsTest) say', (text, hash) => {
  const bytes = new TextEncoder().encode(text);
  expect(murmur2(bytes)).toBe(hash);
  const within = Uint8Array.from([9, 9, 9, ...bytes, 9]).subarray(3, 3 + bytes.length);
  expect(murmur2(within)).toBe(hash);
});

it('partitionOf() is a partition of the topic, and the same each time', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 1000 }), (key, partitions) => {
      const partition = partitionOf(key, partitions);
      expect(Number.isInteger(partition) && partition >= 0 && partition < partitions).toBe(true);
      expect(partitionOf(key, partitions)).toBe(partition);
    }),
  );
});
