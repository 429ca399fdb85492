import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { answersOf, openCatalogThread } from '../../catalog/catalog-thread.ts';
import { exportCatalog } from '../../catalog/export.ts';
import { openCatalog } from '../../catalog/open-catalog.ts';
import { StreamError } from '../../pipeline/errors.ts';
import { entity } from './support.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'catalog-thread-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a promise rejects with. */
const failure = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );

test('`openCatalogThread()` serves a catalogue with its options, counts its calls, and leaves it on disk', async () => {
  const path = join(folder, 'served');
  const bearerTokens = new Map([['good', 'writer' as const]]);
  const catalog = await openCatalogThread({
    path,
    port: 0,
    mode: 'purview',
    auth: { bearerTokens },
    faults: {},
  });
  const post = (token: string): Promise<Response> =>
    fetch(`${catalog.url}/datamap/api/atlas/v2/entity`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ entity: entity('DataSet', 'kept') }),
    });
  expect([(await post('bad')).status, (await post('good')).status]).toEqual([401, 200]);
  const faults = await fetch(`${catalog.url}/faults`, { headers: { authorization: 'Bearer good' } });
  expect(faults.status).toBe(200);
  const asked = await Promise.all([catalog.counters(), catalog.counters()]);
  expect(asked.map(({ writeCalls }) => writeCalls)).toEqual([1, 1]);
  await Promise.all([catalog.close(), catalog.close()]);
  await catalog.close();
  expect(await exportCatalog(path)).toContain('"qualifiedName":"kept"');
  await expect(fetch(catalog.url)).rejects.toThrow('fetch failed');
});

test('`openCatalogThread()` fails as `openCatalog()` does when it cannot be opened', async () => {
  const first = await openCatalog({ path: join(folder, 'first'), port: 0 });
  onTestFinished(() => first.close());
  const file = join(folder, 'file');
  writeFileSync(file, '');
  const port = Number(new URL(first.url).port);
  const told = (thrown: unknown): readonly unknown[] => {
    expect(thrown).toBeInstanceOf(StreamError);
    const { code, message, cause } = thrown as StreamError;
    return [code, message, cause instanceof Error ? cause.message : cause];
  };
  const options = [
    { path: join(folder, 'second'), port },
    { path: file, port: 0 },
    { path: join(folder, 'third'), port: 0, mode: 'purview' },
  ] as const;
  const here = await Promise.all(options.map(async (one) => told(await failure(openCatalog(one)))));
  const there = await Promise.all(options.map(async (one) => told(await failure(openCatalogThread(one)))));
  expect(there).toEqual(here);
  expect(here.map(([code]) => code)).toEqual(['PORT_IN_USE', 'STATE_UNAVAILABLE', 'CONFIG_INVALID']);
});

test('`ended` and `counters()` reject, and `close()` does not, when the thread has died', async () => {
  const started = new Promise<Worker>((resolve) => {
    process.once('worker', resolve);
  });
  const catalog = await openCatalogThread({ path: join(folder, 'dying'), port: 0 });
  await (await started).terminate();
  await expect(catalog.ended).rejects.toMatchObject({ code: 'CATALOG_ENDED' });
  await expect(catalog.counters()).rejects.toMatchObject({ code: 'CATALOG_ENDED' });
  await catalog.close();
});

test('`answersOf()` gives the failure that a thread tells last, also when its end is told in the same turn', async () => {
  const thread = new EventEmitter();
  const answers = answersOf(thread);
  const [last, late] = [failure(answers.next()), failure(answers.next())];
  thread.emit('message', { failure: { code: 'PORT_IN_USE', message: 'The port is taken.' } });
  thread.emit('exit', 0);
  expect(await last).toMatchObject({ code: 'PORT_IN_USE' });
  expect(await late).toMatchObject({ code: 'CATALOG_ENDED' });
  expect(await failure(answers.ended)).toMatchObject({ code: 'CATALOG_ENDED' });
});
