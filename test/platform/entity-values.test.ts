import { describe, expect, it } from 'vitest';
import { attributeValueOf, jsonOf } from '../../pipeline/attribute-value.ts';
import { withValues } from '../../platform/entity-values.ts';

describe('withValues()', () => {
  it('takes structs, maps and lists of numbers as plain JSON, and what has the form of the schema as it is', () => {
    const given = {
      typeName: 't',
      attributes: {
        text: 'a',
        number: 1,
        none: null,
        texts: ['a'],
        map: { a: 1 },
        numbers: [1],
        made: { json: '1' },
      },
      classifications: [{ typeName: 'c', attributes: { map: {} } }, { typeName: 'd' }],
      businessAttributes: { B: { dates: [1, 2] } },
    };
    expect(withValues(given)).toEqual({
      typeName: 't',
      attributes: {
        text: 'a',
        number: 1,
        none: null,
        texts: ['a'],
        map: { json: '{"a":1}' },
        numbers: { json: '[1]' },
        made: { json: '1' },
      },
      classifications: [{ typeName: 'c', attributes: { map: { json: '{}' } } }, { typeName: 'd' }],
      businessAttributes: { B: { dates: { json: '[1,2]' } } },
    });
  });

  it('leaves what has another form to the schema, which says what is wrong', () => {
    const given = { attributes: 'x', classifications: ['PII'], businessAttributes: { B: 1 } };
    expect(withValues(given)).toEqual(given);
  });
});

describe('attributeValueOf() and jsonOf()', () => {
  it('give back any value', () => {
    for (const value of [null, true, 0, '', [], ['a'], [1], ['a', null], {}, { a: { b: [1] } }])
      expect(jsonOf(attributeValueOf(value))).toEqual(value);
  });
});
