import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { StreamError } from '../../pipeline/errors.ts';
import { isObject, javaText, parseJson, toJson } from '../../catalog/json.ts';

const unit = fc.constantFrom(
  '{',
  '}',
  '[',
  ']',
  '"',
  '\\',
  ':',
  ',',
  '-',
  '1',
  '.',
  'e',
  'n',
  '\n',
  '\u0000',
  '\u0085',
  '\ud800',
  '😀',
);

function codeOf(work: () => unknown): string {
  try {
    work();
    return 'none';
  } catch (thrown) {
    return thrown instanceof StreamError ? thrown.code : String(thrown);
  }
}

describe('parseJson()', () => {
  test('reads what JSON.stringify writes, and toJson() writes it back', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: unit }), (value) => {
        const text = JSON.stringify(value);
        expect(JSON.parse(toJson(parseJson(text)))).toEqual(JSON.parse(text));
      }),
    );
  });

  test('throws only SOURCE_INVALID on anything else', () => {
    fc.assert(
      fc.property(fc.string({ unit }), (text) => {
        expect(codeOf(() => parseJson(text))).toMatch(/^(none|SOURCE_INVALID)$/);
      }),
    );
    expect(() => parseJson('['.repeat(100_000))).toThrow(/offset/);
  });

  test('keeps whole numbers of any size and the key __proto__', () => {
    const text = '{"n":123456789012345678901234567890,"__proto__":{"a":1}}';
    const value = parseJson(text);
    expect(toJson(value)).toBe(text);
    expect(isObject(value) && Object.getPrototypeOf(value)).toBeNull();
  });

  test('ignores what follows the first value, as Atlas does', () => {
    expect(parseJson('[1] trailing')).toEqual([1]);
  });
});

test('javaText() prints maps and lists as Java does', () => {
  expect(javaText(parseJson('{"a":[1,"x",null],"b":{}}'))).toBe('{a=[1, x, null], b={}}');
});
