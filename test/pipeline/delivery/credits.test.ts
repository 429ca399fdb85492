import { expect, it } from 'vitest';
import { Credits } from '../../../pipeline/delivery/credits.ts';

const never = new AbortController().signal;

it('available() is what is not in use', async () => {
  const credits = new Credits({ records: 10, bytes: 100 });
  expect(await credits.available(never)).toEqual({ records: 10, bytes: 100 });
  credits.take(4, 70);
  expect(credits.inUse).toBe(4);
  expect(await credits.available(never)).toEqual({ records: 6, bytes: 30 });
});

it.each([
  ['records', 2, 0],
  ['bytes', 1, 500],
] as const)('available() waits until %s are given back', async (_, records, bytes) => {
  const credits = new Credits({ records: 2, bytes: 100 });
  credits.take(records, bytes);
  let answer: unknown = 'waiting';
  const waiting = credits.available(never).then((limit) => {
    answer = limit;
  });
  await new Promise(setImmediate);
  expect(answer).toBe('waiting');
  credits.give(records, bytes);
  await waiting;
  expect(answer).toEqual({ records: 2, bytes: 100 });
});

it('available() goes on waiting when what came back is not enough', async () => {
  const credits = new Credits({ records: 5, bytes: 10 });
  credits.take(2, 30); // one of them was larger than all credits
  let answer: unknown = 'waiting';
  const waiting = credits.available(never).then((limit) => {
    answer = limit;
  });
  credits.give(1, 5);
  await new Promise(setImmediate);
  expect(answer).toBe('waiting');
  credits.give(1, 25);
  await waiting;
  expect(answer).toEqual({ records: 5, bytes: 10 });
});

it('available() lets one record in alone when nothing is in use, whatever its size', async () => {
  const credits = new Credits({ records: 5, bytes: 10 });
  credits.take(1, 1000);
  credits.give(1, 995); // the bytes of records that passed are counted as they were taken
  expect(await credits.available(never)).toEqual({ records: 5, bytes: 5 });
});

it('available() is undefined when its signal fires, before or while it waits', async () => {
  const credits = new Credits({ records: 1, bytes: 1 });
  expect(await credits.available(AbortSignal.abort())).toBeUndefined();
  credits.take(1, 1);
  const stop = new AbortController();
  const waiting = credits.available(stop.signal);
  stop.abort();
  expect(await waiting).toBeUndefined();
});
