import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StreamError } from '../../pipeline/errors.ts';
import { type JsonValue, parseJson, writeJson } from '../../platform/json.ts';

const plain = (value: JsonValue): unknown => {
  if (value instanceof Map) {
    return Object.fromEntries([...value].map(([key, item]: [string, JsonValue]) => [key, plain(item)]));
  }
  return Array.isArray(value) ? value.map(plain) : value;
};

const parse = (text: string): JsonValue => parseJson(text, { file: 'f.json' });

describe('parseJson()', () => {
  it('agrees with JSON.parse on every valid text', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), fc.constantFrom(0, 1, 3), (text, indent) => {
        const expected: unknown = JSON.parse(text);
        expect(plain(parse(JSON.stringify(expected, null, indent)))).toEqual(expected);
        expect(JSON.parse(writeJson(parse(text)))).toEqual(expected);
      }),
      { numRuns: 200 },
    );
  });

  it('refuses what JSON.parse refuses, with a StreamError, when a valid text is cut or changed', () => {
    const changed = fc.tuple(
      fc.json({ maxDepth: 3 }),
      fc.nat(40),
      fc.constantFrom('', '"', ',', '\\', '\n', '{', ']', '0', '-'),
    );
    const result = fc.check(
      fc.property(changed, ([text, at, with_]) => {
        const broken = text.slice(0, at) + with_ + text.slice(at + 1);
        let valid = true;
        try {
          JSON.parse(broken);
        } catch {
          valid = false;
        }
        try {
          parse(broken);
          return valid;
        } catch (thrown) {
          if (!(thrown instanceof StreamError)) throw thrown;
          return !valid || thrown.message.includes('stands twice');
        }
      }),
      { numRuns: 500 },
    );
    expect(result).toMatchObject({ failed: false, counterexample: null });
  });

  it.each([
    ['{\n  "a": 1,\n  "a": 2}', 'f.json:3:3 is not JSON: the key "a" stands twice in one object'],
    ['{"a":1,}', 'f.json:1:8 is not JSON: a key in double quotes is missing'],
    ['[1 2]', 'f.json:1:4 is not JSON: "," or "]" is missing, at "2".'],
    ['[1] x', 'f.json:1:5 is not JSON: there is text after the value, at "x".'],
    ['{"a" 1}', 'f.json:1:6 is not JSON: ":" is missing after a key'],
    ['"\\x"', 'f.json:1:1 is not JSON: a string is not closed or has a character or escape'],
    ['[nil]', 'f.json:1:2 is not JSON: a value is missing, at "n".'],
    ['[', 'f.json:1:2 is not JSON: a value is missing, at the end of the file.'],
  ])('names line and column for %j', (text, message) => {
    expect(() => parse(text)).toThrow(message);
  });

  it('refuses what lies too deep, and takes a million characters in a moment', () => {
    expect(() => parse('['.repeat(1_000_000))).toThrow('f.json:1:65 lies deeper than 64 levels.');
    expect(parse(`"${'a'.repeat(1_000_000)}"`)).toHaveLength(1_000_000);
    expect(parse(`[${'1,'.repeat(200_000)}1]`)).toHaveLength(200_001);
  });
});
