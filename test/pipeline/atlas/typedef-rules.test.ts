import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isTypeName, namedTypes, parseTypeName } from '../../../pipeline/atlas/typedef-rules.ts';

describe('parseTypeName()', () => {
  test('takes arrays and maps apart', () => {
    expect(namedTypes(parseTypeName('array<map<string,DataSet>>'))).toEqual(['string', 'DataSet']);
    expect(parseTypeName('array<string')).toEqual({ kind: 'named', name: 'array<string' });
  });

  test('ends on every text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(namedTypes(parseTypeName(text)).length).toBeGreaterThan(0);
      }),
    );
    expect(namedTypes(parseTypeName('array<'.repeat(50) + '>'.repeat(50)))).toHaveLength(1);
  });
});

test('isTypeName() takes a dot only in classifications', () => {
  expect([
    isTypeName('a b_1'),
    isTypeName('a.b'),
    isTypeName('a.b', true),
    isTypeName('1a'),
    isTypeName('a-b'),
  ]).toEqual([true, false, true, false, false]);
});
