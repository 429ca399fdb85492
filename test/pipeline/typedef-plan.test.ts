import { describe, expect, it } from 'vitest';
import type { TypesDef } from '../../pipeline/atlas/wire.ts';
import { typesDefSchema } from '../../pipeline/atlas/replies.ts';
import { declareTypes, entityTypesToRead, type HeldTypes, planTypes } from '../../pipeline/typedef-plan.ts';
import type { EntityType, SourceTypes } from '../../pipeline/types.ts';
import { shopTypes } from '../support/changes.ts';

const none: HeldTypes = { entityTypes: new Map(), relationshipTypes: new Map() };

function held(types: TypesDef | Readonly<Record<string, unknown>>): HeldTypes {
  const { entityDefs, relationshipDefs } = typesDefSchema.parse(types);
  return {
    entityTypes: new Map(entityDefs.map((def) => [def.name, def])),
    relationshipTypes: new Map(relationshipDefs.map((def) => [def.name, def])),
  };
}

const base = {
  entityDefs: [
    { name: 'Asset', superTypes: ['Referenceable'], attributeDefs: [{ name: 'name', typeName: 'string' }] },
    { name: 'DataSet', superTypes: ['Asset'] },
  ],
};

function sourceOf(...entityTypes: readonly EntityType[]): SourceTypes {
  return { entityTypes, relationshipTypes: [] };
}

const box: EntityType = {
  name: 'box',
  description: 'A box.',
  superTypes: ['DataSet'],
  attributes: { size: { typeName: 'int', description: 'Its size.', required: true } },
  qualifiedName: 'box://{box}',
};

describe('planTypes()', () => {
  it('creates every type when the catalogue has none, and nothing when it has what was created', () => {
    const declared = declareTypes([shopTypes]);
    const plan = planTypes(declared, none);
    expect(plan.create.entityDefs.map((def) => def.name)).toEqual(['shop', 'shop_process', 'shop_shelf']);
    expect(plan.create.relationshipDefs).toMatchObject([
      {
        name: 'shop_shelves',
        relationshipCategory: 'COMPOSITION',
        endDef1: { type: 'shop', name: 'shelves', cardinality: 'SET', isContainer: true },
        endDef2: { type: 'shop_shelf', name: 'shop', cardinality: 'SINGLE', isContainer: false },
      },
    ]);
    expect(plan.update).toEqual([]);
    const again = planTypes(declared, held({ ...plan.create }));
    expect(again).toEqual({ create: { entityDefs: [], relationshipDefs: [] }, update: [], conflicts: [] });
  });

  it('writes array attributes as lists, and required ones as not optional', () => {
    const { create } = planTypes(declareTypes([shopTypes]), none);
    const attribute = (type: string) =>
      create.entityDefs.find((def) => def.name === type)?.attributeDefs?.[0];
    expect(attribute('shop_process')).toMatchObject({ typeName: 'array<string>', cardinality: 'LIST' });
    expect(attribute('shop_shelf')).toMatchObject({
      isOptional: false,
      valuesMinCount: 1,
      cardinality: 'SINGLE',
    });
  });

  it('extends with the union, and adds a required attribute as optional', () => {
    const existing = {
      entityDefs: [
        {
          name: 'box',
          guid: 'g',
          superTypes: ['DataSet'],
          attributeDefs: [{ name: 'colour', typeName: 'string' }],
          options: { theirs: '1' },
          relationshipAttributeDefs: [{ name: 'things' }],
        },
      ],
    };
    const plan = planTypes(declareTypes([sourceOf({ ...box, options: { ours: '2' } })]), held(existing));
    expect(plan.create.entityDefs).toEqual([]);
    expect(plan.update).toMatchObject([
      {
        name: 'box',
        guid: 'g',
        attributeDefs: [{ name: 'colour' }, { name: 'size', isOptional: true }],
        options: { ours: '2', theirs: '1' },
      },
    ]);
    expect(plan.update[0]).not.toHaveProperty('relationshipAttributeDefs');
  });

  it('adds a supertype, and never takes one away', () => {
    const existing = {
      entityDefs: [
        { name: 'box', superTypes: ['Other'], attributeDefs: [{ name: 'size', typeName: 'int' }] },
      ],
    };
    const plan = planTypes(declareTypes([sourceOf(box)]), held(existing));
    expect(plan.update).toMatchObject([{ superTypes: ['Other', 'DataSet'] }]);
  });

  it('leaves out what a supertype has already, there or in a declaration', () => {
    const named = { typeName: 'string', description: 'A name.' } as const;
    const big: EntityType = {
      ...box,
      name: 'big_box',
      superTypes: ['box'],
      attributes: { ...box.attributes, name: named, lid: named },
    };
    const plan = planTypes(declareTypes([sourceOf(box, big)]), held(base));
    expect(plan.conflicts).toEqual([]);
    expect(
      plan.create.entityDefs.find((def) => def.name === 'big_box')?.attributeDefs?.map((a) => a.name),
    ).toEqual(['lid']);
  });

  it.each([
    [
      'an attribute has another type',
      { attributeDefs: [{ name: 'size', typeName: 'string' }] },
      'box.size as string',
    ],
    [
      'the catalogue demands an attribute that we do not know',
      {
        attributeDefs: [
          { name: 'size', typeName: 'int' },
          { name: 'owner2', typeName: 'string', isOptional: false },
        ],
      },
      'box.owner2',
    ],
  ])('is a conflict when %s', (_, def, named) => {
    const existing = { entityDefs: [{ name: 'box', superTypes: ['DataSet'], ...def }] };
    const plan = planTypes(declareTypes([sourceOf(box)]), held(existing));
    expect(plan.conflicts).toEqual([expect.stringContaining(named)]);
    expect(plan.update).toEqual([]);
  });

  it('is a conflict when a supertype has the attribute with another type', () => {
    const wrong = { ...box, attributes: { name: { typeName: 'int', description: 'A number.' } } } as const;
    const plan = planTypes(declareTypes([sourceOf(wrong)]), held(base));
    expect(plan.conflicts).toEqual([expect.stringContaining('supertype Asset')]);
  });

  it('is a conflict when a relationship has other ends or another category', () => {
    const { relationshipDefs } = planTypes(declareTypes([shopTypes]), none).create;
    const existing = {
      relationshipDefs: relationshipDefs.map((def) => ({ ...def, relationshipCategory: 'AGGREGATION' })),
    };
    const { conflicts } = planTypes(declareTypes([shopTypes]), held(existing));
    expect(conflicts).toEqual([expect.stringMatching(/shop_shelves as AGGREGATION.*not as COMPOSITION/)]);
  });

  it('takes a built-in type as it is where there is one, and creates it where there is none', () => {
    const declared = declareTypes([sourceOf({ ...box, builtIn: true })]);
    const existing = {
      entityDefs: [{ name: 'box', attributeDefs: [{ name: 'size', typeName: 'string', isOptional: false }] }],
    };
    expect(planTypes(declared, held(existing))).toMatchObject({
      create: { entityDefs: [] },
      update: [],
      conflicts: [],
    });
    expect(planTypes(declared, none).create.entityDefs).toMatchObject([{ name: 'box' }]);
  });

  it('does not create a built-in relationship that the account has under another name', () => {
    const builtIn = {
      ...shopTypes,
      relationshipTypes: shopTypes.relationshipTypes.map((type) => ({ ...type, builtIn: true })),
    };
    const existing = {
      entityDefs: [
        {
          name: 'shop_shelf',
          attributeDefs: [{ name: 'size', typeName: 'int' }],
          relationshipAttributeDefs: [{ name: 'shop' }],
        },
      ],
    };
    expect(planTypes(declareTypes([builtIn]), held(existing)).create.relationshipDefs).toEqual([]);
    expect(planTypes(declareTypes([builtIn]), none).create.relationshipDefs).toHaveLength(1);
  });
});

describe('declareTypes()', () => {
  it('joins the attributes when two sources declare one type', () => {
    const other = {
      ...box,
      attributes: { colour: { typeName: 'string', description: 'Its colour.' } },
    } as const;
    const { entityTypes } = declareTypes([sourceOf(box), sourceOf(other)]);
    expect(Object.keys(entityTypes.get('box')?.attributes ?? {})).toEqual(['size', 'colour']);
  });

  it('throws TYPE_CONFLICT when two sources disagree about an attribute or a relationship', () => {
    const other = { ...box, attributes: { size: { typeName: 'string', description: 'Its size.' } } } as const;
    expect(() => declareTypes([sourceOf(box), sourceOf(other)])).toThrow(/box.*size \(int, string\)/);
    const turned = {
      ...shopTypes,
      relationshipTypes: shopTypes.relationshipTypes.map((type) => ({
        ...type,
        end1: type.end2,
        end2: type.end1,
      })),
    };
    expect(() => declareTypes([shopTypes, turned])).toThrow(
      expect.objectContaining({ code: 'TYPE_CONFLICT' }),
    );
  });
});

describe('entityTypesToRead()', () => {
  it('names the declared types and every ancestor known so far', () => {
    const declared = declareTypes([sourceOf(box)]);
    expect(entityTypesToRead(declared, new Map())).toEqual(['DataSet', 'box']);
    expect(entityTypesToRead(declared, held(base).entityTypes)).toEqual([
      'Asset',
      'DataSet',
      'Referenceable',
      'box',
    ]);
  });

  it('ends when supertypes go round in a circle', () => {
    const declared = declareTypes([
      sourceOf({ ...box, superTypes: ['crate'] }, { ...box, name: 'crate', superTypes: ['box'] }),
    ]);
    expect(entityTypesToRead(declared, new Map())).toEqual(['box', 'crate']);
    expect(planTypes(declared, none).conflicts).toEqual([]);
  });
});
