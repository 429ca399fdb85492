import { describe, expect, it } from 'vitest';
import { TypeModel } from '../../pipeline/type-model.ts';
import { declareTypes } from '../../pipeline/typedef-plan.ts';
import { entityProblems } from '../../pipeline/what-if.ts';
import type { EntityBody } from '../../schemas/types.ts';
import { shop, shopProcess, shopTypes } from '../support/changes.ts';

const types = new TypeModel(declareTypes([shopTypes]));
const shelf = (attributes: EntityBody['attributes']): EntityBody => ({
  typeName: 'shop_shelf',
  qualifiedName: 'shop://a/1',
  attributes: { name: '1', size: 3, ...attributes },
  references: [],
});
const kindsOf = (body: EntityBody): readonly string[] => entityProblems(body, types).map(({ kind }) => kind);

describe('entityProblems()', () => {
  it('finds nothing wrong with what the sink delivers in tests', () => {
    const changes = [
      shop('a', { city: 'x', shelves: ['1'] }),
      shopProcess('p', { inputs: ['a'], outputs: ['a'] }),
    ];
    expect(changes.flatMap(({ entities }) => entities.flatMap(kindsOf))).toEqual([]);
  });

  it("finds nothing wrong with Atlas's own types, which nobody declares", () => {
    const input = { attribute: 'inputs', many: true, targets: [{ typeName: 'DataSet', qualifiedName: 'a' }] };
    const of = (typeName: string, references: EntityBody['references']): EntityBody => ({
      typeName,
      qualifiedName: 'a',
      attributes: { name: 'a', description: null, owner: 'me' },
      references,
    });
    expect([of('DataSet', []), of('Process', [input])].flatMap(kindsOf)).toEqual([]);
    expect(kindsOf(of('DataSet', [input]))).toEqual(['undefined-attribute']);
  });

  it.each([
    ['an unknown type', { ...shelf({}), typeName: 'nope' }, ['unknown-type']],
    ['a mandatory value that is null', shelf({ size: null }), ['missing-required']],
    ['a text for a number', shelf({ size: 'three' }), ['wrong-kind']],
    ['a boolean for a number', shelf({ size: true }), ['wrong-kind']],
    ['a list for a name', shelf({ name: ['a'] }), ['wrong-kind']],
    ['an attribute that is not declared', shelf({ colour: 'red' }), ['undefined-attribute']],
    [
      'a reference that is not declared',
      { ...shelf({}), references: [{ attribute: 'owner_of', many: true, targets: [] }] },
      ['undefined-attribute'],
    ],
  ] as const)('finds %s', (_, body, expected) => {
    expect(kindsOf(body)).toEqual(expected);
  });

  it.each([['5'], [5.7], [0]])('takes %j for a whole number, as Atlas does', (size) => {
    expect(kindsOf(shelf({ size }))).toEqual([]);
  });
});
