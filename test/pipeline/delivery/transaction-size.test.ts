import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { TransactionSize } from '../../../pipeline/delivery/transaction-size.ts';

const dear = { deriving: 10, committing: 3 };
const cheap = { deriving: 10, committing: 0.5 };

it('took() grows the next transaction to 500 records when a commit costs a good part of its deriving', () => {
  const size = new TransactionSize();
  const seen = Array.from({ length: 5 }, () => {
    const { records } = size;
    size.took(records, dear);
    return records;
  });
  expect(seen).toEqual([100, 200, 400, 500, 500]);
});

it('took() shrinks it again when commits are cheap, and leaves it between', () => {
  const size = new TransactionSize();
  for (let grown = 0; grown < 3; grown += 1) size.took(size.records, dear);
  size.took(500, { deriving: 10, committing: 2 });
  expect(size.records).toBe(500);
  size.took(500, cheap);
  expect(size.records).toBe(250);
});

it('took() learns nothing of a transaction that was not full', () => {
  const size = new TransactionSize();
  size.took(99, dear);
  expect(size.records).toBe(100);
});

it('took() stays within 100 and 500 whatever transactions cost', () => {
  const cost = fc.record({
    deriving: fc.double({ min: 0, max: 1e6, noNaN: true }),
    committing: fc.double({ min: 0, max: 1e6, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.array(cost), (costs) => {
      const size = new TransactionSize();
      for (const one of costs) {
        size.took(size.records, one);
        expect(size.records).toBeGreaterThanOrEqual(100);
        expect(size.records).toBeLessThanOrEqual(500);
      }
    }),
  );
});
