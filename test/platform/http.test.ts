import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { createHttpClient, type HttpClientOptions } from '../../platform/http.ts';
import { type Answer, sendJson, startServer, type TestServer } from '../support/http-server.ts';

const servers: TestServer[] = [];

async function serve(answer: Answer): Promise<TestServer> {
  const server = await startServer(answer);
  servers.push(server);
  return server;
}

function client(baseUrl: string, options: Partial<HttpClientOptions> = {}) {
  return createHttpClient({ baseUrl, timeoutMs: 5000, maxResponseBytes: 10_000, ...options });
}

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

describe('createHttpClient()', () => {
  it('sends JSON under the base path and keeps the connection', async () => {
    const server = await serve((_, response) => sendJson(response, 200, { ok: true }));
    const http = client(`${server.url}/api/v2/`);
    const request = {
      method: 'POST',
      path: '/things',
      query: { q: 'a b&c', n: ['1', '2'] },
      body: { x: 'ü' },
    } as const;
    const answer = await http.request(request);
    await http.request({ method: 'GET', path: 'other?x=1', query: { y: '2' } });
    expect(answer).toMatchObject({ status: 200, body: { kind: 'json', value: { ok: true } } });
    expect(server.seen[0]).toMatchObject({
      method: 'POST',
      url: '/api/v2/things?q=a+b%26c&n=1&n=2',
      body: '{"x":"ü"}',
    });
    expect(server.seen[1]?.url).toBe('/api/v2/other?x=1&y=2');
    for (let n = 0; n < 20; n += 1) await http.request({ method: 'GET', path: '/again' });
    expect(server.connections()).toBeLessThan(4);
  });

  it('gives a body that is no JSON as text, and any status as an answer', async () => {
    const server = await serve((request, response) =>
      request.url === '/empty' ? response.writeHead(204).end() : response.writeHead(500).end('<html>'),
    );
    const http = client(server.url);
    expect(await http.request({ method: 'GET', path: '/' })).toMatchObject({
      status: 500,
      body: { kind: 'text', text: '<html>' },
    });
    expect(await http.request({ method: 'GET', path: '/empty' })).toMatchObject({
      status: 204,
      body: { kind: 'text', text: '' },
    });
  });

  it('does not follow a redirect', async () => {
    const other = await serve((_, response) => sendJson(response, 200, 'secret'));
    const server = await serve((_, response) => response.writeHead(302, { location: other.url }).end());
    const answer = await client(server.url).request({ method: 'GET', path: '/' });
    expect(answer.status).toBe(302);
    expect(other.seen).toEqual([]);
  });

  it('refuses an URL of another origin without a request, and takes it when it is allowed', async () => {
    const other = await serve((_, response) => sendJson(response, 200, 'here'));
    const server = await serve((_, response) => sendJson(response, 200, {}));
    const next = { method: 'GET', path: `${other.url}/page/2` } as const;
    await expect(client(server.url).request(next)).rejects.toMatchObject({ code: 'SOURCE_INVALID' });
    expect(other.seen).toEqual([]);
    const allowed = client(server.url, { allowedOrigins: [other.url] });
    expect(await allowed.request(next)).toMatchObject({ body: { value: 'here' } });
    expect(await client(server.url).request({ method: 'GET', path: `${server.url}/p?c=2` })).toMatchObject({
      status: 200,
    });
  });

  it.each(['//evil.example/x', '\\\\evil.example', '../../x', '@evil.example/'])(
    'stays with its server when the path is %j',
    async (path) => {
      const server = await serve((_, response) => sendJson(response, 200, {}));
      await client(`${server.url}/base`).request({ method: 'GET', path });
      expect(server.seen).toHaveLength(1);
    },
  );

  it('rejects with the given code when the answer is larger than allowed, also when it is compressed', async () => {
    const zeros = Buffer.alloc(1_000_000);
    const server = await serve((request, response) =>
      request.url === '/gzip'
        ? response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(zeros))
        : response.writeHead(200).end(zeros),
    );
    const http = client(server.url, { tooLargeCode: 'CATALOG_UNEXPECTED' });
    for (const path of ['/plain', '/gzip']) {
      await expect(http.request({ method: 'GET', path })).rejects.toMatchObject({
        code: 'CATALOG_UNEXPECTED',
      });
    }
  });

  it('rejects with the given code when nobody listens, when the answer breaks off, and when it takes too long', async () => {
    const gone = await startServer(() => undefined);
    await gone.close();
    const broken = await serve((_, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('{"a":');
      response.destroy();
    });
    const silent = await serve(() => undefined);
    const unavailableCode = 'CATALOG_UNAVAILABLE';
    const request = { method: 'GET', path: '/x?token=s3cret' } as const;
    await expect(client(gone.url, { unavailableCode }).request(request)).rejects.toMatchObject({
      code: unavailableCode,
      retryable: true,
      message: expect.stringContaining('ECONNREFUSED'),
    });
    await expect(client(broken.url, { unavailableCode }).request(request)).rejects.toMatchObject({
      code: unavailableCode,
    });
    const late = client(silent.url, { unavailableCode, timeoutMs: 50 }).request(request);
    await expect(late).rejects.toMatchObject({
      code: unavailableCode,
      message: expect.stringContaining('50 ms'),
    });
    await expect(late).rejects.not.toMatchObject({ message: expect.stringContaining('s3cret') });
  });

  it("rejects with the caller's reason when its signal fires", async () => {
    const controller = new AbortController();
    const reason = new Error('shutdown');
    const server = await serve(() => controller.abort(reason));
    const request = { method: 'GET', path: '/', signal: controller.signal } as const;
    await expect(client(server.url).request(request)).rejects.toBe(reason);
    await expect(client(server.url).request(request)).rejects.toBe(reason);
    expect(server.seen).toHaveLength(1);
  });

  it('sends what authorize gives, and never repeats it in an error', async () => {
    const server = await serve((_, response) => sendJson(response, 200, {}));
    const good = client(server.url, { authorize: async () => ({ authorization: 'Bearer t0ken' }) });
    await good.request({ method: 'GET', path: '/' });
    expect(server.seen[0]?.headers.authorization).toBe('Bearer t0ken');
    const bad = client(server.url, { authorize: async () => ({ authorization: 'Bearer t0ken\n' }) });
    const failed = bad.request({ method: 'GET', path: '/' });
    await expect(failed).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await expect(failed).rejects.not.toMatchObject({ message: expect.stringContaining('t0ken') });
  });

  it.each(['nonsense', 'ftp://host', 'http://user:pa55@host', 'http://host/?a=1'])(
    'throws CONFIG_INVALID without repeating a password when the base URL is %j',
    (url) => {
      expect(() => client(url)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
      expect(() => client(url)).not.toThrow(/pa55/);
    },
  );
});
