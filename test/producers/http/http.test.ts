import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Producer } from '../../../pipeline/producer.ts';
import { failureOf, scanAll, textsOf } from '../../contracts/producer.ts';
import { type FlowsApi, type Interfere, someFlows, startFlowsApi } from '../../support/flows-api.ts';
import { openFlows } from '../../support/http-source.ts';
import { type Answer, sendJson, startServer, type TestServer } from '../../support/http-server.ts';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function startFlows(count: number, interfere?: Interfere): Promise<FlowsApi> {
  const api = await startFlowsApi(someFlows(count), interfere);
  cleanups.push(() => api.close());
  return api;
}

async function serve(answer: Answer): Promise<TestServer> {
  const server = await startServer(answer);
  cleanups.push(() => server.close());
  return server;
}

/** The producer on a plain server: a list of ids, mapped to jobs without lineage. */
async function openPlain(
  server: TestServer,
  more: Readonly<Record<string, unknown>> = {},
): Promise<Producer> {
  const api = Object.assign(server, { flows: new Map(), tokens: new Set<string>() });
  const plain = { url: server.url, auth: undefined, detail: undefined, changes: undefined };
  return openFlows(api, { ...plain, list: { path: 'flows' }, map: '{ "objectId": id }', ...more });
}

const idsOf = async (producer: Producer): Promise<readonly string[]> =>
  (await scanAll(producer)).objects.map(({ objectId }) => objectId);

describe('paging of the producer http', () => {
  const ids = ['a', 'b', 'c', 'd', 'e'];
  const items = ids.map((id) => ({ id }));
  const pageOf = (url: string, name: string) => Number(new URL(url, 'http://x').searchParams.get(name) ?? 0);

  it('counts pages, and items, until one is shorter than its size', async () => {
    const server = await serve(({ url }, response) => {
      const from = url.includes('offset=') ? pageOf(url, 'offset') : (pageOf(url, 'page') - 1) * 2;
      sendJson(response, 200, items.slice(from, from + 2));
    });
    const size = { sizeParameter: 'limit', size: 2 };
    const page = { path: '/flows', paging: { kind: 'page', parameter: 'page', ...size } };
    expect(await idsOf(await openPlain(server, { list: page }))).toEqual(ids);
    const asked = server.seen.map(({ url }) => url);
    const once = ['/flows?page=1&limit=2', '/flows?page=2&limit=2', '/flows?page=3&limit=2'];
    expect(asked).toEqual([...once, ...once]); // read again: pages that are counted may shift
    const offset = { path: 'flows', paging: { kind: 'offset', parameter: 'offset', ...size } };
    expect(await idsOf(await openPlain(server, { list: offset }))).toEqual(ids);
  });

  it('follows links of the answer and of the header, relative ones too', async () => {
    const server = await serve(({ url }, response) => {
      const from = pageOf(url, 'from');
      const next = from + 2 < ids.length ? `?from=${from + 2}` : undefined;
      const link = next === undefined ? {} : { link: `<?from=0>; rel="first", <${next}>; rel="next"` };
      sendJson(response, 200, { list: items.slice(from, from + 2), next }, link);
    });
    for (const paging of [{ kind: 'link', next: 'next' }, { kind: 'link-header' }]) {
      const list = { path: 'flows', items: 'list', paging };
      expect(await idsOf(await openPlain(server, { list }))).toEqual(ids);
    }
  });

  it('finds an item that slips through between two pages', async () => {
    const now = [...items];
    const server = await serve(({ url }, response) => {
      const page = pageOf(url, 'page');
      sendJson(response, 200, now.slice((page - 1) * 2, page * 2));
      if (now.length === 5) now.shift();
    });
    const list = { path: 'flows', paging: { kind: 'page', parameter: 'page', size: 2 } };
    expect([...(await idsOf(await openPlain(server, { list })))].sort()).toEqual(ids);
  });

  it('rejects with SOURCE_INVALID when the API answers every page alike, or links in a circle', async () => {
    const server = await serve((_request, response) =>
      sendJson(response, 200, { list: items, next: '/flows' }),
    );
    for (const [paging, message] of [
      [{ kind: 'page', parameter: 'p' }, 'the same page as the one before'],
      [{ kind: 'link', next: 'next' }, 'goes in a circle'],
    ] as const) {
      const list = { path: 'flows', items: 'list', paging };
      await expect(scanAll(await openPlain(server, { list }))).rejects.toMatchObject({
        code: 'SOURCE_INVALID',
        message: expect.stringContaining(message),
      });
    }
  });

  it.each([
    [{ flows: items }, 'flowz', 'nothing at list.items (flowz). Its fields are flows.'],
    [[], 'data.flows', 'nothing at list.items (data.flows). It has no fields.'],
  ])('rejects with SOURCE_INVALID when the answer %j has nothing at %s', async (answer, path, message) => {
    const server = await serve((_request, response) => sendJson(response, 200, answer));
    const list = { path: 'flows', items: path };
    await expect(scanAll(await openPlain(server, { list }))).rejects.toMatchObject({
      code: 'SOURCE_INVALID',
      message: expect.stringContaining(message),
    });
  });

  it.each([
    ['an empty list', { flows: [] }, 'flows'],
    ['null', { flows: null }, 'flows'],
    ['no field that may be left out', {}, '[flows]'],
    ['nothing that a filter lets through', { flows: items }, 'flows[active]'],
  ])('finds nothing when the API answers %s', async (_what, answer, path) => {
    const server = await serve((_request, response) => sendJson(response, 200, answer));
    expect(await idsOf(await openPlain(server, { list: { path: 'flows', items: path } }))).toEqual([]);
  });

  const elsewhere: readonly (readonly [string, (port: string) => string])[] = [
    ['another port', (port) => `http://127.0.0.1:${port}/flows`],
    ['another host without a scheme', (port) => `//127.0.0.1:${port}/flows`],
    ['another host with backslashes', (port) => `\\\\127.0.0.1:${port}\\flows`],
    ['a decimal address', (port) => `http://2130706433:${port}/flows`],
    ['an octal address', (port) => `http://0177.0.0.1:${port}/flows`],
    ['an address mapped to IPv6', (port) => `http://[::ffff:127.0.0.1]:${port}/flows`],
    ['a user', (port) => `http://flows@127.0.0.1:${port}/flows`],
    ['a file', () => 'file:///etc/passwd'],
  ];
  it.each(elsewhere)('sends nothing elsewhere when a list links to %s', async (_name, link) => {
    const other = await serve((_request, response) => sendJson(response, 200, []));
    const next = link(new URL(other.url).port);
    const server = await serve((_request, response) => sendJson(response, 200, { list: [], next }));
    const list = { path: 'flows', items: 'list', paging: { kind: 'link', next: 'next' } };
    const auth = { kind: 'header', name: 'X-Key', value: 'a-secret-key' };
    await expect(scanAll(await openPlain(server, { list, auth }))).rejects.toMatchObject({
      code: 'SOURCE_INVALID',
    });
    expect(other.seen).toEqual([]);
    expect(server.seen.map(({ headers }) => headers['x-key'])).toEqual(['a-secret-key']);
  });

  it('sends nothing elsewhere when the API redirects, and calls a further origin that is configured', async () => {
    const other = await serve((_request, response) => sendJson(response, 200, { list: [{ id: 'x' }] }));
    const server = await serve(({ url }, response) =>
      url === '/moved'
        ? response.writeHead(302, { location: `${other.url}/flows` }).end()
        : sendJson(response, 200, { list: [], next: `${other.url}/flows` }),
    );
    await expect(scanAll(await openPlain(server, { list: { path: 'moved' } }))).rejects.toMatchObject({
      message: expect.stringContaining('Redirects are not followed'),
    });
    expect(other.seen).toEqual([]);
    const list = { path: 'flows', items: 'list', paging: { kind: 'link', next: 'next' } };
    expect(await idsOf(await openPlain(server, { list, origins: [other.url] }))).toEqual(['x']);
  });
});

describe('credentials of the producer http', () => {
  it('asks for a new token when the API refuses the old one', async () => {
    const api = await startFlows(1);
    const producer = await openFlows(api);
    expect(await idsOf(producer)).toEqual(['f0']);
    api.tokens.clear();
    expect(await idsOf(producer)).toEqual(['f0']);
    expect(api.seen.filter(({ url }) => url === '/token')).toHaveLength(2);
  });

  it('repeats no secret in an error, whatever the API answers', async () => {
    const server = await serve(({ headers }, response) =>
      response.writeHead(200).end(`<html>your key is ${String(headers['x-key'])}</html>`),
    );
    const auth = { kind: 'header', name: 'X-Key', value: 'a-secret-key' };
    const failure = await failureOf(scanAll(await openPlain(server, { auth })));
    expect(failure).toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
    expect(textsOf(failure)).not.toContain('a-secret-key');
  });

  it('refuses a value that no header may hold, without printing it', async () => {
    const server = await serve((_request, response) => sendJson(response, 200, []));
    const failure = await failureOf(openPlain(server, { auth: { kind: 'bearer', token: 'sécret' } }));
    expect(failure).toMatchObject({ code: 'CONFIG_INVALID' });
    expect(textsOf(failure)).not.toContain('sécret');
  });
});

describe('items of the producer http', () => {
  it('costs one dead letter each when they cannot be mapped or have no detail, and the others are found', async () => {
    const api = await startFlows(4, ({ url }, response) => {
      if (!url.endsWith('/flows/f2')) return false;
      sendJson(response, 404, {});
      return true;
    });
    api.flows.set('f1', {
      id: 'f1',
      updatedAt: '2026-11-21T00:00:00Z',
      name: 'x',
      steps: [{ kind: 'read', connector: 'c', table: 't' }],
      password: 'hunter2-secret',
    });
    const map = '{ "objectId": id, "name": name, "inputs": id = "f1" ? steps.(table * 2) : [] }';
    const { objects, rejections } = await scanAll(await openFlows(api, { map }));
    expect(objects.map(({ objectId }) => objectId)).toEqual(['f0', 'f3']);
    expect(rejections.map(({ objectId }) => objectId)).toEqual(['item "f1"', 'item "f2"']);
    const [first, second] = rejections;
    expect(first?.error.message).toMatch(
      /^item "f1": map: .*\(line 1, behind ".*table \*".*at the value "t"\.$/,
    );
    expect(Buffer.from(first?.bytes ?? []).toString()).not.toContain('hunter2-secret');
    expect(second?.error).toMatchObject({
      code: 'SOURCE_INVALID',
      message: expect.stringContaining('(404)'),
    });
  });

  it('are rejected when their id would lead elsewhere, or is another one already', async () => {
    const api = await startFlows(0);
    for (const id of ['..', 'ok', 'a/b']) api.flows.set(id, { id, updatedAt: '2026-11-21T00:00:00Z' });
    const { objects, rejections } = await scanAll(await openFlows(api, { map: '{ "objectId": "same" }' }));
    expect(objects).toHaveLength(1);
    expect(rejections.map(({ error }) => error.message)).toEqual([
      expect.stringContaining('no usable value for detail.path'),
      expect.stringContaining('another item has given the job "same" already'),
    ]);
  });

  it('are read slowly where the requests are limited', async () => {
    const server = await serve((_request, response) => sendJson(response, 200, { id: 'a' }));
    const before = performance.now();
    const producer = await openPlain(server, { requestsPerSecond: 20 });
    for (const _ of [1, 2, 3]) expect(await idsOf(producer)).toEqual(['a']);
    expect(performance.now() - before).toBeGreaterThanOrEqual(95);
  });
});

describe('changes() of the producer http', () => {
  it('asks only for what changed since the mark, and what of it is gone or cannot be mapped', async () => {
    const api = await startFlows(3);
    const producer = await openFlows(api, {
      map: '{ "objectId": id, "name": $uppercase(name), "removed": name = "GONE" }',
    });
    await scanAll(producer);
    const scanned = api.seen.length;
    const stop = new AbortController();
    const told: unknown[] = [];
    const following = (async () => {
      for await (const change of producer.changes(stop.signal)) {
        if (change === undefined) told.push('scan');
        else {
          const ids: string[] = [];
          for await (const { objectId } of change.found) ids.push(objectId);
          const rejected = (change.rejected ?? []).map(({ objectId }) => objectId);
          told.push([change.mark, ...ids, ...change.looked, ...rejected]);
        }
      }
    })();
    const until = (what: unknown) => vi.waitFor(() => expect(told.at(-1)).toEqual(what), { timeout: 20_000 });
    await until(['2026-11-22T00:00:00Z', 'f2']);
    api.flows.set('f0', { id: 'f0', updatedAt: '2026-11-23T00:00:00Z', name: 'again' });
    await until(['2026-11-23T00:00:00Z', 'f0']);
    api.flows.set('f1', {
      id: 'f1',
      updatedAt: '2026-11-24T00:00:00Z',
      steps: [],
      name: 5 as unknown as string,
    });
    await until(['2026-11-24T00:00:00Z', 'item "f1"']);
    api.flows.set('f2', { id: 'f2', updatedAt: '2026-11-25T00:00:00Z', name: 'GONE' });
    await until(['2026-11-25T00:00:00Z', 'job/f2']);
    stop.abort();
    await following;
    expect(told).not.toContain('scan');
    const lists = api.seen.slice(scanned).filter(({ url }) => url.includes('/flows?'));
    expect(lists.every(({ url }) => url.includes('updatedSince=2026-11-2'))).toBe(true);
  });

  it('yields for a scan when the list differs, where there is no watermark, and after rescan', async () => {
    const api = await startFlows(2);
    const producer = await openFlows(api, { changes: undefined, detail: undefined });
    await scanAll(producer);
    const stop = new AbortController();
    const changes = producer.changes(stop.signal)[Symbol.asyncIterator]();
    const next = changes.next();
    api.flows.delete('f0');
    expect(await next).toEqual({ done: false, value: undefined });
    stop.abort();
    expect((await changes.next()).done).toBe(true);
    const often = await openFlows(api, { rescan: 0.001 });
    await scanAll(often);
    for await (const change of often.changes(new AbortController().signal, '2026-11-22T00:00:00Z')) {
      expect(change).toBeUndefined();
      break;
    }
  });
});
