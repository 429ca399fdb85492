import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StreamError } from '../../pipeline/errors.ts';
import { failureOf } from '../contracts/producer.ts';
import { compileMapping } from '../../platform/json-mapping.ts';

const evaluate = (text: string, input: unknown, timeoutMs = 5_000): Promise<unknown> =>
  compileMapping(text, { option: 'map', timeoutMs }).evaluate(input, 'item 1');

describe('compileMapping()', () => {
  it('gives plain JSON, and undefined where the expression gives nothing', async () => {
    const input = { a: [{ b: 1 }, { b: 2 }], t: 'x-12' };
    expect(await evaluate('{ "b": a.b, "n": $match(t, /([0-9]+)$/).groups[0] }', input)).toEqual({
      b: [1, 2],
      n: '12',
    });
    expect(await evaluate('nothing', input)).toBeUndefined();
    expect(await evaluate('$replace(t, /[0-9]/, "")', input)).toBe('x-');
    expect(await evaluate('$split("a, b;c", /[,;] ?/)', input)).toEqual(['a', 'b', 'c']);
  });

  it.each([
    ['{ "a": ', 'map: Expected "}" before end of expression (line 1, behind'],
    ['$now()', 'map: $now is not allowed here'],
    ['a.$eval(b)', 'map: $eval is not allowed here'],
    ['$map([1], $random)', 'map: $random is not allowed here'],
    ['$match(a, /(?=x)/)', 'map: /(?=x)/ is no regular expression'],
    ['$match(a, /(x)\\1/)', 'is no regular expression'],
  ])('refuses %s', (text, message) => {
    expect(() => compileMapping(text, { option: 'map' })).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining(message) }),
    );
  });

  it.each([
    ['recursion without an end', '($f := function($x) { 1 + $f($x) }; $f(1))'],
    ['a loop without an end', '($f := function($x) { $f($x + 1) }; $f(1))'],
    ['a list out of all measure', '[1..9000000]'],
    ['a text out of all measure', '$join([1..900].($pad("x", 20000)))'],
  ])('bounds %s', async (_what, text) => {
    await expect(evaluate(text, {}, 300)).rejects.toMatchObject({ code: 'SOURCE_LIMIT' });
  });

  it('takes linear time for a pattern that takes exponential time elsewhere', async () => {
    expect(await evaluate('$contains(t, /^(a+)+$/)', { t: `${'a'.repeat(5_000)}!` })).toBe(false);
  });

  it('names item, expression and value in an error, without what looks like a secret', async () => {
    await expect(evaluate('{\n "a": t * 2 }', { t: 'password=hunter2' })).rejects.toMatchObject({
      code: 'SOURCE_INVALID',
      message: expect.stringMatching(
        /^item 1: map: .*\(line 2, behind ".*t \*"\), at the value "password=\*\*\*"\.$/s,
      ),
    });
  });

  it('leaves no prototype changed, and throws nothing but a StreamError, for any input', async () => {
    const mapping = compileMapping(
      '{ "a": a.b, "c": $merge([$, { "d": 1 }]), "e": $keys($), "f": $sum(a) }',
      { option: 'map' },
    );
    const keys = fc.constantFrom('a', 'b', '__proto__', 'constructor', 'toString');
    const input = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.jsonValue(),
        fc.dictionary(keys, tie('value')),
        fc.array(tie('value')),
      ),
    })).value;
    await fc.assert(
      fc.asyncProperty(input, async (value) => {
        const failure = await failureOf(mapping.evaluate(value, 'item'));
        expect(failure === undefined || failure instanceof StreamError).toBe(true);
        expect(Object.keys(Object.prototype)).toEqual([]);
      }),
      { numRuns: 50 },
    );
  });
});
