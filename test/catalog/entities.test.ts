import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ownList, ownObject } from '../../catalog/json.ts';
import { assigned, entity, openTestCatalog, type TestCatalog } from './support.ts';

const names = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,6}$/), { minLength: 1, maxLength: 8 });
const text = fc.string({ unit: 'grapheme', maxLength: 20 });
const properties = { numRuns: 15 };

describe('POST /entity/bulk', () => {
  let server: TestCatalog;
  beforeEach(async () => {
    server = await openTestCatalog();
  });
  afterEach(async () => {
    await server.close();
  });

  test('writes nothing when one entity of the batch is bad', async () => {
    const batch = fc.tuple(names, fc.nat(), fc.constantFrom('no-name', 'no-referent', 'no-type'));
    await fc.assert(
      fc.asyncProperty(batch, async ([good, place, kind]) => {
        const before = server.export();
        // No good entity can have this name: beside one, a missing mandatory attribute would be an update of it.
        const name = 'bad-1';
        const bad = {
          'no-name': { typeName: 'shop_table', guid: '-bad', attributes: { qualifiedName: name } },
          'no-referent': entity('shop_column', name, { table: { guid: '-nowhere' } }),
          'no-type': entity('no_such_type', name),
        }[kind];
        const entities = good.map((name) => entity('shop_table', name));
        entities.splice(place % (entities.length + 1), 0, bad);
        const { status } = await server.call('POST', '/entity/bulk', { entities });
        expect(status).toBeGreaterThanOrEqual(400);
        expect(server.export()).toBe(before);
      }),
      properties,
    );
  });

  test('lists nothing when the same batch is sent again', async () => {
    await fc.assert(
      fc.asyncProperty(names, text, async (tables, comment) => {
        const entities = tables.flatMap((name) => [
          entity('shop_table', name, { comment }),
          entity('shop_column', `${name}#c`, { table: { guid: `-${name}` } }),
        ]);
        await server.call('POST', '/entity/bulk', { entities });
        const before = server.export();
        const again = await server.call('POST', '/entity/bulk', { entities });
        expect(again.status).toBe(200);
        expect(ownObject(again.body, 'mutatedEntities')).toBeUndefined();
        expect(Object.keys(ownObject(again.body, 'guidAssignments') ?? {})).toHaveLength(entities.length);
        expect(server.export()).toBe(before);
      }),
      properties,
    );
  });

  test('keeps the attributes that an update does not name', async () => {
    await server.call('POST', '/entity/bulk', {
      entities: [entity('shop_table', 't', { comment: 'kept', owner: 'x' })],
    });
    await server.call('POST', '/entity/bulk', { entities: [entity('shop_table', 't', { owner: null })] });
    const { body } = await server.call('GET', '/entity/uniqueAttribute/type/shop_table?attr:qualifiedName=t');
    const attributes = ownObject(ownObject(body, 'entity'), 'attributes');
    expect(attributes?.['comment']).toBe('kept');
    expect(attributes?.['owner']).toBeNull();
  });

  test('refuses a reference by name to an entity of the same batch, as references are resolved first', async () => {
    const table = { typeName: 'shop_table', uniqueAttributes: { qualifiedName: 't' } };
    const entities = [entity('shop_table', 't'), entity('shop_column', 'c', { table })];
    const { status, body } = await server.call('POST', '/entity/bulk', { entities });
    expect([status, body['errorCode']]).toEqual([404, 'ATLAS-404-00-00A']);
  });

  test('keeps keys and values that look like parts of a prototype', async () => {
    const custom: Record<string, string> = JSON.parse('{"__proto__":"1","toString":"2"}');
    const sent = { ...entity('shop_table', 'constructor'), customAttributes: custom };
    const { body } = await server.call('POST', '/entity/bulk', { entities: [sent] });
    const { body: read } = await server.call('GET', `/entity/guid/${assigned(body, '-constructor')}`);
    expect(Object.entries(ownObject(ownObject(read, 'entity'), 'customAttributes') ?? {})).toEqual([
      ['__proto__', '1'],
      ['toString', '2'],
    ]);
    expect(server.export()).toContain('"customAttributes":{"__proto__":"1","toString":"2"}');
  });

  test('deletes the columns that a complete list no longer has, and lists them', async () => {
    const columns = ['a', 'b'].map((name) => entity('shop_column', name, { table: { guid: '-t' } }));
    const first = await server.call('POST', '/entity/bulk', {
      entities: [entity('shop_table', 't'), ...columns],
    });
    const keep = { columns: [{ guid: assigned(first.body, '-a') }] };
    const { body } = await server.call('POST', '/entity/bulk', {
      entities: [entity('shop_table', 't', keep)],
    });
    expect(ownList(ownObject(body, 'mutatedEntities'), 'DELETE')).toHaveLength(1);
    expect(server.export()).not.toContain('"qualifiedName":"b"');
  });
});

test('exportLines() does not depend on the order in which entities came', async () => {
  const items = fc.uniqueArray(fc.tuple(fc.stringMatching(/^[a-z]{1,4}$/), text), {
    minLength: 1,
    maxLength: 6,
    selector: ([name]) => name,
  });
  await fc.assert(
    fc.asyncProperty(
      items.chain((list) =>
        fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
      ),
      async ([one, other]) => {
        const exports: string[] = [];
        for (const order of [one, other]) {
          const server = await openTestCatalog();
          try {
            for (const [name, comment] of order) {
              const job = { inputs: [{ guid: `-${name}` }], outputs: [{ guid: `-${name}` }] };
              const column = entity('shop_column', `${name}#c`, { table: { guid: `-${name}` } });
              const entities = [
                entity('shop_job', `${name}!`, job),
                entity('shop_table', name, { comment }),
                column,
              ];
              const { status } = await server.call('POST', '/entity/bulk', { entities });
              expect(status).toBe(200);
            }
            exports.push(server.export());
          } finally {
            await server.close();
          }
        }
        expect(exports[1]).toBe(exports[0]);
        expect(exports[0]?.split('\n')).toHaveLength(one.length * 3 + 1);
      },
    ),
    { numRuns: 6 },
  );
});
