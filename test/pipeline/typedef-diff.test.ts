import { describe, expect, it } from 'vitest';
import { declarationProblems, typeDifferences } from '../../pipeline/typedef-diff.ts';
import { declareTypes, type HeldEntityType, type HeldRelationshipType } from '../../pipeline/typedef-plan.ts';
import type { EntityType, RelationshipType } from '../../pipeline/types.ts';
import { shopTypes } from '../support/changes.ts';

const declared = declareTypes([shopTypes]);

function held(entities: readonly HeldEntityType[] = [], relationships: readonly HeldRelationshipType[] = []) {
  return {
    entityTypes: new Map(entities.map((type) => [type.name, type])),
    relationshipTypes: new Map(relationships.map((type) => [type.name, type])),
  };
}

const attribute = (name: string, typeName: string, isOptional = true) => ({ name, typeName, isOptional });
const shopThere = (...attributeDefs: HeldEntityType['attributeDefs'][number][]): HeldEntityType => ({
  name: 'shop',
  superTypes: ['DataSet'],
  attributeDefs,
});

/** Verdicts and details of one type. */
function of(type: string, there: ReturnType<typeof held>): readonly string[] {
  return typeDifferences(declared, there)
    .filter((one) => one.type === type)
    .map(({ verdict, detail }) => `${verdict}: ${detail}`);
}

describe('typeDifferences()', () => {
  it('creates what is not there, and finds nothing where all is as declared', () => {
    expect(new Set(typeDifferences(declared, held()).map(({ verdict }) => verdict))).toEqual(
      new Set(['create']),
    );
    expect(of('shop', held([shopThere(attribute('city', 'string'))]))).toEqual([]);
  });

  it('adds an attribute as optional, and says so of one that is declared mandatory', () => {
    expect(of('shop', held([shopThere()]))).toEqual(['safe: attribute city (string) is added.']);
    const shelf = { name: 'shop_shelf', superTypes: ['DataSet'], attributeDefs: [] };
    expect(of('shop_shelf', held([shelf]))[0]).toMatch(
      /^safe: attribute size \(int\) is added\. .*400-00-00C/u,
    );
  });

  it('refuses another type of an attribute, with a way to get there', () => {
    const found = typeDifferences(declared, held([shopThere(attribute('city', 'int'))]));
    expect(found.find(({ type }) => type === 'shop')).toMatchObject({
      verdict: 'unsafe',
      detail: expect.stringContaining('400-00-029'),
      way: expect.stringContaining('another name'),
    });
  });

  it('keeps what is there and not declared, but for a mandatory attribute, which would refuse every write', () => {
    const there = [
      attribute('city', 'string'),
      attribute('old', 'string'),
      attribute('must', 'string', false),
    ];
    const lines = of('shop', held([{ ...shopThere(...there), superTypes: ['DataSet', 'Extra'] }]));
    expect(lines.map((line) => line.split(' ', 3).join(' '))).toEqual([
      'kept: attribute old',
      'unsafe: attribute must',
      'kept: supertype Extra',
    ]);
  });

  it('refuses another shape of a relationship', () => {
    const ends = { endDef1: { type: 'shop', name: 'shelves', cardinality: 'SET' } };
    const other = { type: 'shop_shelf', name: 'shop', cardinality: 'SET' };
    const there = { name: 'shop_shelves', relationshipCategory: 'AGGREGATION', ...ends, endDef2: other };
    expect(of('shop_shelves', held([], [there]))[0]).toMatch(/^unsafe: .*AGGREGATION.*COMPOSITION/u);
  });
});

describe('declarationProblems()', () => {
  const [shop] = shopTypes.entityTypes;
  const [shelves] = shopTypes.relationshipTypes;
  if (shop === undefined || shelves === undefined) throw new Error('The shop has no types.');
  const problems = (type: Partial<EntityType>, relationship: Partial<RelationshipType> = {}) =>
    declarationProblems(
      declareTypes([
        { entityTypes: [{ ...shop, ...type }], relationshipTypes: [{ ...shelves, ...relationship }] },
      ]),
    );

  it('finds nothing wrong with the shop', () => {
    expect(declarationProblems(declared)).toEqual([]);
    expect(problems({ options: { schemaAttributes: '["city","description"]' } })).toEqual([]);
  });

  it.each([
    ['a name with a dash', { name: 'shop-2' }, {}, /400-00-019/u],
    [
      'an attribute with a dash',
      { attributes: { 'a-b': { typeName: 'string', description: '' } } },
      {},
      /400-00-09A/u,
    ],
    ['a child with many containers', {}, { end2: { ...shelves.end2, many: true } }, /400-00-033/u],
    [
      'a schema tab of no list',
      { options: { schemaElementsAttribute: 'columns' } },
      {},
      /schemaElementsAttribute/u,
    ],
    [
      'a schema tab of no attribute',
      { options: { schemaAttributes: '["kind"]' } },
      {},
      /schemaAttributes names kind/u,
    ],
    ['a schema tab of no JSON', { options: { schemaAttributes: '["city' } }, {}, /no list as JSON/u],
  ] as const)('finds %s', (_, type, relationship, expected) => {
    expect(problems(type as Partial<EntityType>, relationship)).toContainEqual(
      expect.stringMatching(expected),
    );
  });
});
