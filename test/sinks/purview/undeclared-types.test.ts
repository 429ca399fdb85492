import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import type { EntityChange, EntityRef, Reference } from '../../../schemas/types.ts';
import { sinks } from '../../../sinks/index.ts';
import { deletionOf, deliveries, shop, shopProcess, shopRef } from '../../support/changes.ts';
import { startServer } from '../../support/http-server.ts';
import { type CatalogUnderTest, catalogUser, openTestCatalog } from '../../support/local-catalog.ts';
import { deliverer, kinds, never, sinkHost } from '../../support/sink-host.ts';

/** Types that only the catalogue has. */
const types = {
  structDefs: [
    {
      name: 'spark_size',
      attributeDefs: [
        { name: 'unit', typeName: 'string', isOptional: false, cardinality: 'SINGLE' },
        { name: 'cores', typeName: 'int', isOptional: true, cardinality: 'SINGLE' },
        { name: 'note', typeName: 'string', isOptional: true, cardinality: 'SINGLE' },
      ],
    },
  ],
  entityDefs: [
    {
      name: 'spark_app',
      superTypes: ['Process'],
      attributeDefs: [
        { name: 'size', typeName: 'spark_size', isOptional: true, cardinality: 'SINGLE' },
        { name: 'settings', typeName: 'map<string,string>', isOptional: true, cardinality: 'SINGLE' },
        {
          name: 'reads',
          typeName: 'array<DataSet>',
          cardinality: 'SET',
          isOptional: true,
          valuesMaxCount: 99,
        },
      ],
    },
    { name: 'spark_team', superTypes: ['Asset'], attributeDefs: [] },
  ],
  relationshipDefs: [
    {
      name: 'spark_team_apps',
      relationshipCategory: 'ASSOCIATION',
      propagateTags: 'NONE',
      endDef1: { type: 'spark_app', name: 'teams', cardinality: 'SET' },
      endDef2: { type: 'spark_team', name: 'apps', cardinality: 'SET' },
    },
  ],
};

let catalog: CatalogUnderTest;
let sequence = 0;

beforeAll(async () => {
  catalog = await openTestCatalog();
  await catalog.call('POST', '/types/typedefs', types);
});

afterAll(() => catalog.close());

async function open(host = sinkHost()): Promise<ReturnType<typeof deliverer>> {
  const sink = sinks.local.create({ url: catalog.url, ...catalogUser }, host);
  await sink.open(never);
  return deliverer(sink);
}

const many = (attribute: string, targets: readonly EntityRef[]): Reference => ({
  attribute,
  many: true,
  targets,
});

/** What an event of type `entity` becomes. */
function entity(ref: EntityRef, ...references: readonly Reference[]): EntityChange {
  sequence += 1;
  return {
    operation: 'UPSERT',
    ...ref,
    producer: 'files',
    objectId: ref.qualifiedName,
    position: { incarnation: 'one', sequence },
    entities: [{ ...ref, attributes: { name: ref.qualifiedName }, references }],
    complete: [],
    placeholder: false,
  };
}

const app = (name: string): EntityRef => ({ typeName: 'spark_app', qualifiedName: name });
const shops = (names: readonly string[]): readonly EntityRef[] => names.map(shopRef);

/** Delivers one change; resolves with its outcome and the calls that it took: reads, writes. */
async function calls(
  deliver: ReturnType<typeof deliverer>,
  change: EntityChange,
): Promise<readonly [string | undefined, number, number]> {
  const [reads, writes] = [catalog.readCalls(), catalog.writeCalls()];
  const [outcome] = kinds(await deliver(change));
  return [outcome, catalog.readCalls() - reads, catalog.writeCalls() - writes];
}

const guids = z.array(z.looseObject({ guid: z.string() }));

/** Names of the shops in an attribute that is no relationship. */
async function readsOf(name: string): Promise<readonly string[]> {
  const held = guids.parse((await catalog.entity('spark_app', name))?.attributes['reads'] ?? []);
  const known = await Promise.all(
    ['a', 'b', 'c'].map(async (one) => [(await catalog.entity('shop', `shop://${one}`))?.guid, one] as const),
  );
  return held.map(({ guid }) => known.find(([own]) => own === guid)?.[1] ?? 'gone').sort();
}

describe('deliver() of types that only the catalogue has', () => {
  it('lets the inputs of a process grow and shrink, and reads the definition once', async () => {
    const deliver = await open();
    await deliver(shop('a'), shop('b'), shop('c'));
    const job = (inputs: readonly string[], name = 'job') => entity(app(name), many('inputs', shops(inputs)));
    const inputs = () => catalog.active('spark_app', 'job', 'inputs');
    expect(await calls(deliver, job(['a', 'b']))).toEqual(['delivered', 1, 1]);
    expect(await inputs()).toEqual(['a', 'b']);
    expect(await calls(deliver, job(['a', 'b', 'c']))).toEqual(['delivered', 0, 2]);
    expect(await inputs()).toEqual(['a', 'b', 'c']);
    expect(await calls(deliver, job(['c']))).toEqual(['delivered', 1, 3]); // what it holds is read
    expect(await inputs()).toEqual(['c']);
    expect(await calls(deliver, job(['c']))).toEqual(['unchanged', 0, 0]);
    expect(await calls(deliver, job(['a'], 'other'))).toEqual(['delivered', 0, 1]);
  });

  it('learns anew in another process', async () => {
    const host = sinkHost();
    const job = (names: readonly string[]) => entity(app('again'), many('inputs', shops(names)));
    await (await open(host))(shop('a'), shop('b'), job(['a']));
    expect(await calls(await open(host), job(['b', 'a']))).toEqual(['delivered', 1, 2]);
    expect(await catalog.active('spark_app', 'again', 'inputs')).toEqual(['a', 'b']);
  });

  it('goes through relationships that only the catalogue has, from either end', async () => {
    const deliver = await open();
    const team = (name: string): EntityRef => ({ typeName: 'spark_team', qualifiedName: name });
    await deliver(entity(team('x')), entity(team('y')), entity(app('one')), entity(app('two')));
    await deliver(entity(app('one'), many('teams', [team('x')])));
    await deliver(entity(app('one'), many('teams', [team('y')])));
    expect(await catalog.active('spark_app', 'one', 'teams')).toEqual(['y']);
    await deliver(entity(team('x'), many('apps', [app('one'), app('two')])));
    await deliver(entity(team('x'), many('apps', [app('two')])));
    expect(await catalog.active('spark_team', 'x', 'apps')).toEqual(['two']);
    expect(await catalog.active('spark_app', 'one', 'teams')).toEqual(['y']);
  });

  it('sends a list whole that no relationship makes, each time that it changes', async () => {
    const deliver = await open();
    await deliver(shop('a'), shop('b'), shop('c'));
    const job = (names: readonly string[]) => entity(app('plain'), many('reads', shops(names)));
    for (const names of [['a', 'b'], ['a', 'b', 'c'], ['b'], []]) {
      expect(kinds(await deliver(job(names)))).toEqual(['delivered']);
      expect(await readsOf('plain')).toEqual(names);
      expect(await calls(deliver, job(names))).toEqual(['unchanged', 0, 0]);
    }
  });

  it('ties what was deleted and made anew to those that still refer to it', async () => {
    const host = sinkHost();
    const references = [many('inputs', shops(['a', 'b'])), many('reads', shops(['a', 'b']))];
    await (await open(host))(shop('a'), shop('b'), entity(app('tied'), ...references));
    const deliver = await open(host);
    await deliver(deletionOf(shop('a'), { sequence: 2 }));
    await deliver(shop('a', {}, { sequence: 3 }));
    expect(await catalog.active('spark_app', 'tied', 'inputs')).toEqual(['a', 'b']);
    expect(await readsOf('tied')).toEqual(['a', 'b']);
  });

  it('takes members out of structs, which Atlas only lays over each other, and replaces maps whole', async () => {
    const deliver = await open();
    const sized = (size: object | null, settings: object | null, typeName = 'spark_app') => {
      const json = (value: object | null) => (value === null ? null : { json: JSON.stringify(value) });
      const change = entity({ typeName, qualifiedName: `sized-${typeName}` });
      const [root] = change.entities;
      const attributes = { ...root?.attributes, size: json(size), settings: json(settings) };
      return { ...change, entities: change.entities.map((body) => ({ ...body, attributes })) };
    };
    const held = async () => {
      const { size, settings } = (await catalog.entity('spark_app', 'sized-spark_app'))?.attributes ?? {};
      return { size, settings };
    };
    const whole = { unit: 'GB', cores: 4, note: 'large' };
    await deliver(sized(whole, { a: '1', b: '2' }));
    expect(await held()).toMatchObject({ size: { attributes: whole }, settings: { a: '1', b: '2' } });
    expect(await calls(deliver, sized({ unit: 'MB', cores: 5 }, { b: '3' }))).toEqual(['delivered', 2, 1]); // both definitions
    expect(await held()).toEqual({
      size: { typeName: 'spark_size', attributes: { unit: 'MB', cores: 5, note: null } },
      settings: { b: '3' },
    });
    const named = { typeName: 'spark_size', attributes: { unit: 'kB' } };
    expect(await calls(deliver, sized(named, null))).toEqual(['delivered', 0, 1]);
    expect(await held()).toEqual({
      size: { typeName: 'spark_size', attributes: { unit: 'kB', cores: 0, note: null } },
      settings: null,
    });
    expect(await calls(deliver, sized(named, null))).toEqual(['unchanged', 0, 0]);
  });

  it('parks what is of a missing type, and delivers it whole once the type is there', async () => {
    const deliver = await open();
    const late = { typeName: 'late_app', qualifiedName: 'late' };
    const job = (names: readonly string[]) => entity(late, many('inputs', shops(names)));
    await deliver(shop('a'), shop('b'));
    expect(kinds(await deliver(job(['a'])))).toEqual(['missing CATALOG_MISSING_TYPE']);
    await catalog.call('POST', '/types/typedefs', {
      entityDefs: [{ name: 'late_app', superTypes: ['spark_app'], attributeDefs: [] }],
    });
    await deliver(job(['a']));
    await deliver(job(['b']));
    expect(await catalog.active('late_app', 'late', 'inputs')).toEqual(['b']);
  });

  it('ends as with a declared type, whatever comes and goes', async () => {
    const deliver = await open();
    await deliver(shop('a'), shop('b'), shop('c'), shop('out'));
    let run = 0;
    const lists = fc.array(fc.subarray(['a', 'b', 'c']), { minLength: 2, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(lists, async (steps) => {
        run += 1;
        const name = `run ${run}`;
        for (const inputs of steps) {
          const change = entity(app(name), many('inputs', shops(inputs)), many('outputs', shops(['out'])));
          await deliver(change, shopProcess(name, { inputs, outputs: ['out'] }, { sequence }));
        }
        for (const attribute of ['inputs', 'outputs']) {
          expect(await catalog.active('spark_app', name, attribute)).toEqual(
            await catalog.active('shop_process', `process://${name}`, attribute),
          );
        }
      }),
      { numRuns: 10 },
    );
  });
});

it('deliver() plans anew, and buries nothing, when a question of types is refused while another batch is in flight', async () => {
  let refusals = 1;
  const server = await startServer(
    async ({ method, url, headers: { authorization = '' }, body }, response) => {
      const json = { 'content-type': 'application/json' };
      if (url.includes('/spark_app') && (refusals -= 1) >= 0) {
        const wrong = { errorCode: 'ATLAS-400-00-01B', errorMessage: 'It is wrong.' };
        return response.writeHead(400, json).end(JSON.stringify(wrong));
      }
      const sent = body === '' ? {} : { body };
      const answer = await fetch(catalog.url + url, { method, headers: { authorization, ...json }, ...sent });
      return response.writeHead(answer.status, json).end(await answer.text());
    },
  );
  onTestFinished(() => server.close());
  const sink = sinks.local.create({ url: server.url, ...catalogUser }, sinkHost());
  await sink.open(never);
  const turn = { hasCome: false, come: () => Promise.resolve(), pass: () => undefined };
  const batch = deliveries([entity(app('refused'), many('teams', []))]);
  expect(kinds(await sink.deliver(batch, never, turn))).toEqual(['delivered']);
  expect(refusals).toBeLessThan(0);
});
