import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CatalogFaults } from '../../catalog/http/faults.ts';
import { openCatalog, type OpenCatalog } from '../../catalog/open-catalog.ts';
import { basic, entity } from './support.ts';

let folder: string;
let catalog: OpenCatalog;
let time = 0;
const headers = { authorization: basic('admin'), 'content-type': 'application/json' };

async function open(faults: CatalogFaults): Promise<void> {
  catalog = await openCatalog({ path: folder, port: 0, faults, now: () => time, random: () => 0.5 });
}

const write = (name: string, signal?: AbortSignal): Promise<Response> =>
  fetch(`${catalog.url}/api/atlas/v2/entity`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ entity: entity('DataSet', name) }),
    ...(signal === undefined ? {} : { signal }),
  });
const change = (faults: unknown): Promise<Response> =>
  fetch(`${catalog.url}/faults`, { method: 'PUT', headers, body: JSON.stringify(faults) });
const search = async (): Promise<unknown> =>
  (await fetch(`${catalog.url}/api/atlas/v2/search/basic?typeName=DataSet`, { headers })).json();

describe('openCatalog() with faults', () => {
  beforeEach(async () => {
    time = Date.UTC(2026, 0, 1);
    folder = await mkdtemp(path.join(tmpdir(), 'catalog-faults-'));
  });
  afterEach(async () => {
    await catalog.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('refuses what is above the limit with 429 and Retry-After, and allows it after a rest', async () => {
    await open({ requestsPerSecond: 2, burst: 3 });
    const statuses = [];
    for (let call = 0; call < 5; call += 1) statuses.push((await write(`s${call}`)).status);
    expect(statuses).toEqual([200, 200, 200, 429, 429]);
    expect((await write('x')).headers.get('retry-after')).toBe('1');
    expect(catalog.export()).not.toContain('s3');
    time += 1_000;
    expect([(await write('a')).status, (await write('b')).status, (await write('c')).status]).toEqual([
      200, 200, 429,
    ]);
  });

  it.each([
    ['date', 'Thu, 01 Jan 2026 00:00:01 GMT'],
    ['none', null],
    ['0', '0'],
    ['soon', 'soon'],
  ])('writes Retry-After as %s', async (retryAfter, expected) => {
    await open({ throttled: 1, retryAfter });
    const refused = await write('x');
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, expected]);
  });

  it('answers 503 without doing anything, and 200 with HTML after it has done it', async () => {
    await open({ unavailable: 1 });
    expect((await write('away')).status).toBe(503);
    expect((await change({ html: 1 })).status).toBe(200);
    const page = await write('done');
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html']);
    expect(catalog.export()).toContain('"done"');
    expect(catalog.export()).not.toContain('"away"');
  });

  it.each(['reset', 'truncated'] as const)('does what it is asked and then breaks off: %s', async (kind) => {
    await open({ [kind]: 1 });
    await expect(write('done').then((answer) => answer.text())).rejects.toThrow(/fetch failed|terminated/);
    expect(catalog.export()).toContain('"done"');
  });

  it('does what it is asked and never answers: hung', async () => {
    await open({ hung: 1 });
    const left = new AbortController();
    let isAnswered = false;
    const call = write('done', left.signal);
    call.then(() => (isAnswered = true)).catch(() => undefined); // it is looked at below
    while (!catalog.export().includes('"done"')) await new Promise(setImmediate);
    await change({});
    expect(isAnswered).toBe(false);
    left.abort();
    await expect(call).rejects.toThrow(/abort/);
  });

  it('answers late', async () => {
    await open({ slow: 1, slowMs: 60 });
    const since = performance.now();
    expect((await write('late')).status).toBe(200);
    expect(performance.now() - since).toBeGreaterThan(55);
  });

  it('finds what was written only after a while, where searches lag', async () => {
    await open({ searchLagMs: 5_000 });
    await write('new');
    expect(await search()).toMatchObject({ approximateCount: 0 });
    time += 5_000;
    expect(await search()).toMatchObject({ approximateCount: 1 });
  });

  it('says what is wrong with faults, and lets only those who may write change them', async () => {
    await open({ onlyWrites: true, throttled: 1 });
    expect(await (await change({ thrown: 1 })).json()).toMatchObject({ errorCode: 'ATLAS-400-00-01A' });
    const reader = { ...headers, authorization: basic('reader') };
    expect(
      (await fetch(`${catalog.url}/faults`, { method: 'PUT', headers: reader, body: '{}' })).status,
    ).toBe(403);
    expect((await fetch(`${catalog.url}/faults`)).status).toBe(401);
    await search();
    await write('x');
    const shown: unknown = await (await fetch(`${catalog.url}/faults`, { headers })).json();
    expect(shown).toMatchObject({
      faults: { throttled: 1, onlyWrites: true },
      counts: { throttled: 1, passed: 0 },
    });
    await catalog.close();
    await expect(open({ slowMs: -1 })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await open({});
  });
});
