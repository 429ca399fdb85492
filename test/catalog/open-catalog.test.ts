import { mkdtempSync, rmSync, statSync, truncateSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { exportCatalog } from '../../catalog/export.ts';
import { openCatalog } from '../../catalog/open-catalog.ts';
import { rawAnswer } from '../support/raw-answer.ts';
import { basic, entity, openTestCatalog } from './support.ts';

describe('openCatalog()', () => {
  let path: string;
  beforeEach(() => {
    path = mkdtempSync(join(tmpdir(), 'open-catalog-'));
  });
  afterEach(() => {
    rmSync(path, { recursive: true, force: true });
  });

  const post = (url: string, authorization: string, base = '/api/atlas'): Promise<Response> =>
    fetch(`${url}${base}/v2/entity`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify({ entity: entity('DataSet', 'kept') }),
    });

  test('keeps everything over a restart, and exports the same bytes', async () => {
    const first = await openCatalog({ path, port: 0 });
    expect((await post(first.url, basic('admin'))).status).toBe(200);
    const before = first.export();
    expect(first.counters()).toEqual({ writeCalls: 1, readCalls: 0, failedCalls: 0 });
    await first.close();
    await first.close();
    const second = await openCatalog({ path, port: 0 });
    expect(second.export()).toBe(before);
    await second.close();
    expect(await exportCatalog(path)).toBe(before);
    expect(before).toContain('"qualifiedName":"kept"');
  });

  test('refuses a file that is cut short, before LMDB would end the process on it, and says how to go on', async () => {
    const catalog = await openCatalog({ path, port: 0 });
    await post(catalog.url, basic('admin'));
    await catalog.close();
    const file = join(path, 'data.mdb');
    truncateSync(file, Math.floor(statSync(file).size / 2));
    const refused = {
      code: 'STATE_UNAVAILABLE',
      message: expect.stringMatching(/data\.mdb is damaged: .*Move the folder of the catalogue away/u),
    };
    await expect(openCatalog({ path, port: 0 })).rejects.toMatchObject(refused);
    await expect(exportCatalog(path)).rejects.toMatchObject(refused);
  });

  test('says on standard error why it answered with a fault of its own, under the id that the answer has', async () => {
    const written: unknown[] = [];
    const spy = vi.spyOn(process.stderr, 'write').mockImplementation((line) => written.push(line) > 0);
    const catalog = await openTestCatalog();
    const ask = (path: string): Promise<Response> =>
      Promise.resolve(
        catalog.app.request(`http://localhost/api/atlas/v2${path}`, {
          method: 'POST',
          headers: { authorization: basic('admin'), 'content-type': 'application/json' },
          body: JSON.stringify({ entity: entity('DataSet', 'kept') }),
        }),
      );
    expect((await ask('/search/basic')).status).toBe(500); // as Atlas does
    expect(written).toEqual([]);
    await catalog.close(); // what it is kept in is gone
    const answer = await ask('/entity');
    const [, id = 'no id'] = /ID (\w+)/u.exec(await answer.text()) ?? [];
    spy.mockRestore();
    expect([answer.status, written]).toEqual([500, [expect.stringContaining(`(ID ${id}): `)]]);
  });

  test('names the port and what to do when the port is taken', async () => {
    const first = await openCatalog({ path: join(path, 'a'), port: 0 });
    const port = Number(new URL(first.url).port);
    await expect(openCatalog({ path: join(path, 'b'), port })).rejects.toMatchObject({
      code: 'PORT_IN_USE',
      message: expect.stringContaining(String(port)),
    });
    await first.close();
  });

  test('names the address when this machine does not have it', async () => {
    await expect(openCatalog({ path, host: '192.0.2.1', port: 0 })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('cannot listen on 192.0.2.1:0: '),
    });
  });

  test('refuses a reader who writes, and a caller it does not know', async () => {
    const catalog = await openCatalog({ path, port: 0 });
    expect((await post(catalog.url, basic('reader'))).status).toBe(403);
    expect((await post(catalog.url, basic('nobody'))).status).toBe(401);
    await catalog.close();
  });

  test("serves Purview's paths to its tokens only, in the mode purview", async () => {
    await expect(openCatalog({ path, port: 0, mode: 'purview' })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    });
    const auth = { bearerTokens: new Map([['good', 'writer' as const]]) };
    const catalog = await openCatalog({ path, port: 0, mode: 'purview', auth });
    for (const base of ['/datamap/api/atlas', '/catalog/api/atlas']) {
      expect((await post(catalog.url, 'Bearer good', base)).status).toBe(200);
      expect((await post(catalog.url, 'Bearer bad', base)).status).toBe(401);
    }
    expect((await post(catalog.url, basic('admin'))).status).toBe(404);
    await catalog.close();
  });

  test('ends a client that does not send', async () => {
    const catalog = await openCatalog({ path, port: 0, slowClientMs: 50 });
    expect(await rawAnswer(catalog.url, 'GET / HTTP/1.1\r\nHost: loc')).toContain(' 408 ');
    await catalog.close();
  });

  test('answers 421 for a name that is not of this machine', async () => {
    const catalog = await openCatalog({ path, port: 0 });
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const call = request(`${catalog.url}/`, { headers: { host: 'evil.example' } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      call.on('error', reject);
      call.end();
    });
    expect(status).toBe(421);
    await catalog.close();
  });
});
