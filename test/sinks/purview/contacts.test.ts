import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { openCatalog, type OpenCatalog } from '../../../catalog/open-catalog.ts';
import type { Sink } from '../../../pipeline/sink.ts';
import { catalogSink } from '../../../sinks/purview/config.ts';
import { common } from '../../../sinks/purview/options.ts';
import type { Contact } from '../../../schemas/types.ts';
import { annotatedShop, type Said } from '../../support/annotated.ts';
import { deliverer, kinds, never, sinkHost } from '../../support/sink-host.ts';

const contact = z.looseObject({ id: z.string(), info: z.string().optional() });
const shown = z.object({
  entity: z.looseObject({
    guid: z.string(),
    collectionId: z.string(),
    contacts: z
      .object({ Expert: z.array(contact).default([]), Owner: z.array(contact).default([]) })
      .optional(),
  }),
});

let folder: string;
let catalog: OpenCatalog;
let sink: Sink;
let deliver: ReturnType<typeof deliverer>;
let sequence = 0;
const headers = { authorization: 'Bearer fresh', 'content-type': 'application/json' };

async function call(method: string, path: string, body?: unknown): Promise<unknown> {
  const response = await fetch(`${catalog.url}/datamap/api${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  expect(response.status).toBeLessThan(300);
  return response.json();
}

async function held(): Promise<z.output<typeof shown>['entity']> {
  const query = new URLSearchParams({ 'attr:qualifiedName': 'shop://a' });
  return shown.parse(await call('GET', `/atlas/v2/entity/uniqueAttribute/type/shop?${query.toString()}`))
    .entity;
}

/** Says something of the shop `a`; resolves with the outcome and the number of write calls that it took. */
async function say(said?: Said): Promise<readonly [string | undefined, number]> {
  const before = catalog.counters().writeCalls;
  sequence += 1;
  const outcomes = await deliver(annotatedShop('a', said, { sequence }));
  return [kinds(outcomes)[0], catalog.counters().writeCalls - before];
}

const person = (id: string, info: string | null = null): Contact => ({ id, info });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'purview-'));
  catalog = await openCatalog({
    path: folder,
    port: 0,
    mode: 'purview',
    auth: { bearerTokens: new Map([['fresh', 'writer']]) },
  });
  const options = { ...z.strictObject(common).parse({}), pace: { inFlight: 8 } };
  const access = {
    authorize: async () => ({ authorization: headers.authorization }),
    query: { 'api-version': '2023-09-01' },
  };
  sink = catalogSink({ ...options, url: catalog.url, path: '/datamap/api/atlas/v2' }, sinkHost(), access);
  await sink.open(never);
  deliver = deliverer(sink);
});

afterEach(async () => {
  await sink.close();
  await catalog.close();
  await rm(folder, { recursive: true });
});

describe('deliver() to Purview, of contacts', () => {
  it('writes them with the entity, in no call of their own, and none when nothing changed', async () => {
    const contacts = { experts: [person('e', 'knows it')], owners: [person('o')] };
    expect(await say({ contacts })).toEqual(['delivered', 1]);
    expect((await held()).contacts).toEqual({
      Expert: [{ id: 'e', info: 'knows it' }],
      Owner: [{ id: 'o' }],
    });
    expect(await say({ contacts })).toEqual(['unchanged', 0]);
    expect(await say({ contacts: { experts: [person('e', 'knows all')], owners: [] } })).toEqual([
      'delivered',
      1,
    ]);
    expect((await held()).contacts).toEqual({ Expert: [{ id: 'e', info: 'knows all' }], Owner: [] });
  });

  it('leaves those that people have added or changed, and those of the kind that a source does not tell', async () => {
    await say({ contacts: { experts: [person('e', 'ours'), person('f')], owners: null } });
    const contacts = {
      Expert: [{ id: 'e', info: 'theirs' }, { id: 'f' }, { id: 'x' }],
      Owner: [{ id: 'y' }],
    };
    const entity = { typeName: 'shop', attributes: { qualifiedName: 'shop://a', name: 'a' }, contacts };
    await call('POST', '/atlas/v2/entity', { entity });
    await say({ contacts: { experts: [person('e', 'new'), person('g')], owners: null } });
    expect((await held()).contacts).toEqual({
      Expert: [{ id: 'e', info: 'theirs' }, { id: 'x' }, { id: 'g' }],
      Owner: [{ id: 'y' }],
    });
  });
});

describe('deliver() to Purview, of collections', () => {
  it('moves what belongs to one in one call for a batch, and nothing when nothing changed', async () => {
    const said = { collection: 'abc123' };
    const batch = ['a', 'b', 'c'].map((name) => annotatedShop(name, said));
    const before = catalog.counters().writeCalls;
    expect(kinds(await deliver(...batch))).toEqual(['delivered', 'delivered', 'delivered']);
    expect(catalog.counters().writeCalls - before).toBe(2);
    expect((await held()).collectionId).toBe('abc123');
    expect(await say(said)).toEqual(['unchanged', 0]);
    expect((await say({ collection: 'def456' }))[1]).toBe(2);
    expect((await held()).collectionId).toBe('def456');
  });

  it('leaves an asset where somebody has moved it since', async () => {
    await say({ collection: 'abc123' });
    await call('POST', '/entity/moveTo?collectionId=xyz789&api-version=1', {
      entityGuids: [(await held()).guid],
    });
    await say({ collection: 'def456' });
    expect((await held()).collectionId).toBe('xyz789');
  });

  it('costs only those a dead letter that are to be moved where nothing can be moved to', async () => {
    const [bad, good] = await deliver(annotatedShop('a', { collection: '?' }), annotatedShop('b'));
    expect(bad).toMatchObject({
      kind: 'rejected',
      error: { message: expect.stringContaining('collectionId') },
    });
    expect(good?.kind).toBe('delivered');
  });
});
