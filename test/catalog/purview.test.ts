import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { openCatalog, type OpenCatalog } from '../../catalog/open-catalog.ts';
import { entity } from './support.ts';

const jwt = (claims: object): string =>
  ['{"alg":"none"}', JSON.stringify(claims), 'x']
    .map((part) => Buffer.from(part).toString('base64url'))
    .join('.');
const now = Date.UTC(2026, 0, 1);
const aud = 'https://purview.azure.net';
const tokens = {
  good: jwt({ aud, exp: now / 1000 + 60 }),
  late: jwt({ aud, exp: now / 1000 - 1 }),
  other: jwt({ aud: 'https://storage.azure.com/', exp: now / 1000 + 60 }),
};
const found = z.object({
  '@search.count': z.number(),
  continuationToken: z.string().optional(),
  value: z.array(z.looseObject({ name: z.string(), entityType: z.string() })),
});

let folder: string;
let catalog: OpenCatalog;
let guids: Record<string, string> = {};

async function call(method: string, target: string, body?: unknown, token = tokens.good) {
  const response = await fetch(`${catalog.url}/datamap/api${target}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const json: unknown = await response.json();
  return { status: response.status, json };
}

const search = async (body: unknown) => {
  const { status, json } = await call('POST', '/search/query?api-version=2023-09-01', body);
  return { status, json, names: found.safeParse(json).data?.value.map(({ name }) => name) };
};

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'catalog-purview-'));
  const bearerTokens = new Map(Object.values(tokens).map((token) => [token, 'writer' as const]));
  catalog = await openCatalog({
    path: folder,
    port: 0,
    mode: 'purview',
    auth: { bearerTokens },
    now: () => now,
  });
  const process = (name: string, from: string, to: string) =>
    entity('Process', name, { inputs: [{ guid: `-${from}` }], outputs: [{ guid: `-${to}` }] });
  const datasets = ['a', 'b', 'c', 'd'].map((name) => entity('DataSet', name, { owner: `Owner ${name}` }));
  const entities = [...datasets, process('p1', 'a', 'b'), process('p2', 'a', 'c'), process('p3', 'b', 'd')];
  const { json } = await call('POST', '/atlas/v2/entity/bulk', { entities });
  guids = z.object({ guidAssignments: z.record(z.string(), z.string()) }).parse(json).guidAssignments;
});

afterAll(async () => {
  await catalog.close();
  await rm(folder, { recursive: true, force: true });
});

describe("the local catalogue with Purview's paths", () => {
  it('refuses a token that has expired or is for another resource, though it knows it', async () => {
    const target = '/atlas/v2/types/typedefs/headers';
    for (const token of [tokens.late, tokens.other, 'unknown'])
      expect((await call('GET', target, undefined, token)).status).toBe(401);
    expect((await call('GET', target)).status).toBe(200);
  });

  it('puts a request id before the code of an error', async () => {
    const { status, json } = await call(
      'GET',
      `/atlas/v2/entity/guid/${'0'.repeat(8)}-0000-0000-0000-${'0'.repeat(12)}`,
    );
    expect(status).toBe(404);
    expect(json).toMatchObject({ requestId: expect.any(String), errorCode: 'ATLAS-404-00-005' });
  });

  it('searches by keywords and filters, page by page', async () => {
    expect((await search({ keywords: 'A' })).names).toEqual(['a']);
    const datasets = { filter: { typeName: 'DataSet' }, orderby: [{ name: 'DESC' }] };
    expect((await search(datasets)).names).toEqual(['d', 'c', 'b', 'a']);
    const first = await search({ ...datasets, limit: 3 });
    const { continuationToken } = found.parse(first.json);
    expect((await search({ ...datasets, limit: 3, continuationToken })).names).toEqual(['a']);
    const either = {
      or: [{ id: guids['-b'] }, { attributeName: 'owner', operator: 'contains', attributeValue: 'NER C' }],
    };
    expect((await search({ filter: either })).names).toEqual(['b', 'c']);
    const neither = { and: [{ entityType: 'DataSet' }, { not: either }] };
    expect((await search({ filter: neither })).names).toEqual(['a', 'd']);
  });

  it('refuses a search that it would answer with less than was asked', async () => {
    expect((await call('POST', '/search/query', {})).status).toBe(400);
    const refused = [
      { limit: 1001 },
      { facets: [{ facet: 'entityType' }] },
      { filter: { assetType: 'Files' } },
      { filter: { attributeName: 'name', operator: 'fuzzy', attributeValue: 'x' } },
      { continuationToken: 'x' },
      { orderby: [{ score: 'ASC' }] },
    ];
    const answers = [];
    for (const body of refused) answers.push([body, (await search(body)).status]);
    expect(answers).toEqual(refused.map((body) => [body, 400]));
  });

  it('gives the next level of lineage page by page', async () => {
    const relations = z.object({ relations: z.array(z.object({ toEntityId: z.string() })) });
    const next = async (query: string) =>
      relations.parse((await call('GET', `/lineage/${guids['-a']}/next/?api-version=x&${query}`)).json)
        .relations;
    expect(await next('direction=OUTPUT')).toHaveLength(4);
    const [one, two] = [
      await next('direction=OUTPUT&limit=3'),
      await next('direction=OUTPUT&limit=3&offset=3'),
    ];
    expect([one.length, two.length]).toEqual([3, 1]);
    expect((await call('GET', `/lineage/${guids['-a']}/next?api-version=x`)).status).toBe(400);
  });
});
