import { expect, it } from 'vitest';
import { comingAgain, type Saying } from '../../../pipeline/derive/coming-again.ts';

interface Said {
  readonly key: string;
  readonly own: boolean;
}

const own = (key: string): Said => ({ key, own: true });
const other = (key: string): Said => ({ key, own: false });
const saying = (object: string | undefined, ...said: readonly Said[]): Saying<Said> => ({
  object,
  said,
  own: new Set(said.filter((one) => one.own)),
});
const keys = (...batch: readonly Saying<Said>[]): readonly string[] =>
  [...comingAgain(batch, ({ key }) => key)].map(({ key }) => key).sort();

it('comingAgain() takes what the last event of an object says itself', () => {
  expect(keys(saying('o', own('a'), other('b')), saying('p', own('c')))).toEqual(['a', 'c']);
  expect(keys(saying('o', own('a')), saying('p'), saying('o'))).toEqual([]);
  expect(keys(saying(undefined, other('a')))).toEqual([]);
});

it('comingAgain() leaves out what something else is said behind of the same key', () => {
  expect(keys(saying('o', own('a')), saying('p', other('a')))).toEqual([]);
  expect(keys(saying('o', own('a'), other('a')))).toEqual([]);
  expect(keys(saying('o', other('a'), own('a')))).toEqual(['a']);
  expect(keys(saying('o', own('a')), saying('p', own('a')))).toEqual(['a']); // the later one
});
