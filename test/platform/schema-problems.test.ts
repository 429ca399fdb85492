import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { problemsOf } from '../../platform/schema-problems.ts';

const schema = z.strictObject({
  path: z.string(),
  exclude: z.array(z.string()).default([]),
  interval: z.number().optional(),
  rules: z.record(z.string(), z.strictObject({ type: z.string() })).default({}),
  list: z.array(z.strictObject({ name: z.string() })).optional(),
});

const told = (value: unknown): readonly string[] =>
  (schema.safeParse(value).error?.issues ?? [])
    .flatMap((issue) => problemsOf(issue, schema))
    .map(({ field, message }) => `${field.join('.')}: ${message}`);

describe('problemsOf()', () => {
  it.each([
    [{ path: 'x', exlude: [] }, ['exlude: this key is not known here; did you mean exclude?']],
    [{ path: 'x', Interval: 1 }, ['Interval: this key is not known here; did you mean interval?']],
    [
      { path: 'x', colour: 'red' },
      ['colour: this key is not known here; known are: path, exclude, interval, rules, list'],
    ],
    [
      { path: 'x', rules: { a: { type: 't', tpye: 't' } } },
      ['rules.a.tpye: this key is not known here; known are: type'],
    ],
    [
      { path: 'x', list: [{ name: 'n', nam: 'n' }] },
      ['list.0.nam: this key is not known here; did you mean name?'],
    ],
    [{}, ['path: is missing: expected a text']],
    [{ path: 'x', interval: '10m' }, ['interval: expected a number, but this is a text']],
  ])('says in %j what is wrong, and what was meant', (value, problems) => {
    expect(told(value)).toEqual(problems);
  });

  it('names no keys when no schema tells them', () => {
    const [issue] = schema.safeParse({ path: 'x', exlude: [] }).error?.issues ?? [];
    expect(issue === undefined ? [] : problemsOf(issue, undefined)).toEqual([
      { field: ['exlude'], message: 'this key is not known here' },
    ]);
  });
});
