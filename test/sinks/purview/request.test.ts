import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AtlasEntity } from '../../../pipeline/atlas/wire.ts';
import { Precedence } from '../../../pipeline/precedence.ts';
import { declareTypes } from '../../../pipeline/typedef-plan.ts';
import type { EntityChange } from '../../../schemas/types.ts';
import { bulkRequest } from '../../../sinks/purview/request.ts';
import { TypeModel } from '../../../pipeline/type-model.ts';
import {
  chunks,
  type Item,
  orderUnits,
  pack,
  planRoot,
  type RequestLimits,
} from '../../../sinks/purview/unit.ts';
import { shop, shopProcess, shopTypes } from '../../support/changes.ts';

const types = new TypeModel(declareTypes([shopTypes]));

function planned(change: EntityChange) {
  const item: Item = { change, offset: 0, index: 0 };
  return planRoot(
    { typeName: change.typeName, qualifiedName: change.qualifiedName },
    [item],
    { before: undefined, replayed: undefined },
    { types, precedence: new Precedence({ producers: [], attributes: {} }) },
  );
}

function requestsOf(
  changes: readonly EntityChange[],
  limits: RequestLimits,
): readonly (readonly AtlasEntity[])[] {
  const units = orderUnits(changes.map(planned), types);
  return [...pack(units, () => limits)].flatMap((part) =>
    chunks(part, limits).map((writes) => bulkRequest(writes).body.entities),
  );
}

/** Everything that a request refers to. */
function referencesOf(entities: readonly AtlasEntity[]): Record<string, unknown>[] {
  const values = entities.flatMap((entity) => Object.values(entity.relationshipAttributes ?? {}));
  return JSON.parse(JSON.stringify(values.flat().filter((value) => value !== null)));
}

describe('bulkRequest()', () => {
  it('refers by placeholder inside the request and by name outside, in relationshipAttributes', () => {
    const change = shopProcess('p', { inputs: ['a', 'gone'], outputs: [] });
    const [entities] = requestsOf([change, shop('a', { shelves: ['1'] })], { entities: 10, bytes: 100_000 });
    expect(entities).toEqual([
      { typeName: 'shop', guid: '-1', attributes: { name: 'a', qualifiedName: 'shop://a' } },
      {
        typeName: 'shop_shelf',
        guid: '-2',
        attributes: { name: '1', size: 3, qualifiedName: 'shop://a/1' },
        relationshipAttributes: { shop: { guid: '-1', typeName: 'shop' } },
      },
      {
        typeName: 'shop_process',
        guid: '-3',
        attributes: { name: 'p', qualifiedName: 'process://p' },
        relationshipAttributes: {
          inputs: [
            { guid: '-1', typeName: 'shop' },
            { typeName: 'shop', uniqueAttributes: { qualifiedName: 'shop://gone' } },
          ],
          outputs: [],
        },
      },
    ]);
  });

  it('clears a single reference that has no target with null', () => {
    const change = shop('a', { shelves: ['1'] });
    const loose = change.entities.map((entity) => ({
      ...entity,
      references: entity.references.map((reference) => ({ ...reference, targets: [] })),
    }));
    const [entities] = requestsOf([{ ...change, entities: loose }], { entities: 10, bytes: 100_000 });
    expect(entities?.[1]?.relationshipAttributes).toEqual({ shop: null });
  });

  it('names the container of a child that does not name it itself', () => {
    const change = shop('a', { shelves: ['1'] });
    const bare = change.entities.map((entity) => ({ ...entity, references: [] }));
    const [entities] = requestsOf([{ ...change, entities: bare }], { entities: 10, bytes: 100_000 });
    expect(entities?.[1]?.relationshipAttributes).toEqual({ shop: { guid: '-1', typeName: 'shop' } });
  });

  it('keeps an attribute named __proto__', () => {
    const change = shop('a');
    const attributes: Record<string, string> = JSON.parse('{"name":"a","__proto__":"kept"}');
    const entities = change.entities.map((entity) => ({ ...entity, attributes }));
    const [built] = requestsOf([{ ...change, entities }], { entities: 10, bytes: 100_000 });
    expect(JSON.stringify(built)).toContain('"__proto__":"kept"');
  });

  it('never splits a placeholder from its use, repeats no guid, loses nothing and keeps its limits', () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    const anyShop = fc
      .record({
        name: fc.constantFrom(...names),
        shelves: fc.uniqueArray(fc.constantFrom('1', '2', '3', '4'), { maxLength: 4 }),
      })
      .map(({ name, shelves }) => shop(name, { shelves }));
    const anyProcess = fc
      .record({
        name: fc.constantFrom('p', 'q', 'r'),
        inputs: fc.uniqueArray(fc.constantFrom(...names)),
        outputs: fc.uniqueArray(fc.constantFrom(...names)),
      })
      .map(({ name, ...lineage }) => shopProcess(name, lineage));
    const anyBatch = fc.uniqueArray(fc.oneof(anyShop, anyProcess), {
      selector: (change) => change.qualifiedName,
      maxLength: 8,
    });
    const anyLimits = fc.record({
      entities: fc.integer({ min: 1, max: 7 }),
      bytes: fc.integer({ min: 600, max: 3000 }),
    });
    fc.assert(
      fc.property(anyBatch, anyLimits, (batch, limits) => {
        const written = new Set<string>();
        for (const entities of requestsOf(batch, limits)) {
          const guids = entities.map((entity) => entity.guid);
          expect(new Set(guids).size).toBe(entities.length);
          expect(entities.length).toBeLessThanOrEqual(limits.entities);
          const bytes = JSON.stringify({ entities }).length;
          // One entity may be larger than a request should be: then it stands alone.
          expect(entities.length === 1 || bytes <= limits.bytes + 16).toBe(true);
          for (const reference of referencesOf(entities)) {
            const isPlaceholder = 'guid' in reference;
            expect(
              isPlaceholder ? guids.includes(String(reference['guid'])) : 'uniqueAttributes' in reference,
            ).toBe(true);
          }
          for (const entity of entities) written.add(JSON.stringify(entity.attributes['qualifiedName']));
        }
        expect([...written].sort()).toEqual(
          batch.flatMap((c) => c.entities.map((e) => JSON.stringify(e.qualifiedName))).sort(),
        );
      }),
    );
  });

  it('refers only to what is in the same request, in an earlier one, or not in the batch at all', () => {
    const batch = [
      shopProcess('p', { inputs: ['a', 'b'], outputs: ['c'] }),
      ...['c', 'b', 'a'].map((name) => shop(name, { shelves: ['1', '2'] })),
    ];
    const written = new Set<string>();
    for (const entities of requestsOf(batch, { entities: 3, bytes: 100_000 })) {
      for (const reference of referencesOf(entities)) {
        expect('guid' in reference || written.has(JSON.stringify(reference['uniqueAttributes']))).toBe(true);
      }
      for (const { attributes } of entities)
        written.add(JSON.stringify({ qualifiedName: attributes['qualifiedName'] }));
    }
    expect(written.size).toBe(10);
  });
});
