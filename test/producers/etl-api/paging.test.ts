import { afterEach, describe, expect, it } from 'vitest';
import type { Loader, LoaderOptions } from '../../../examples/retail/loader/loader.ts';
import { scanAll } from '../../contracts/producer.ts';
import { openEtlApi, startRetailLoader } from '../../support/etl-tool.ts';

const started: Loader[] = [];
afterEach(async () => {
  for (const loader of started.splice(0)) await loader.close();
});

async function start(interfere?: LoaderOptions['interfere']): Promise<Loader> {
  const loader = await startRetailLoader(interfere === undefined ? {} : { interfere });
  started.push(loader);
  return loader;
}

async function idsOf(loader: Loader): Promise<readonly string[]> {
  const { objects, rejections } = await scanAll(await openEtlApi(loader));
  expect(rejections).toEqual([]);
  return objects.map(({ objectId }) => objectId);
}

/** Does something when the second page is asked for the first time: between two pages of the first reading. */
async function betweenPages(change: (jobs: Loader['jobs']) => void): Promise<Loader> {
  let done = false;
  const loader: Loader = await start(({ path }) => {
    if (path.includes('page=2') && !done) {
      done = true;
      change(loader.jobs);
    }
    return undefined;
  });
  return loader;
}

describe('scan() of the producer etl-api, while pages are turned', () => {
  it('misses no job that stayed when one goes away between two pages', async () => {
    const loader = await betweenPages((jobs) => void jobs.delete('archive_orders'));
    expect(await idsOf(loader)).toEqual([...loader.jobs.keys()].sort());
  });

  it('reads no job twice when one is inserted between two pages', async () => {
    const loader = await betweenPages((jobs) => void jobs.set('a_first', { id: 'a_first', name: 'a first' }));
    expect(await idsOf(loader)).toEqual([...loader.jobs.keys()].sort());
  });

  it('reads the list once when nothing changed since the last scan, and twice at first', async () => {
    const loader = await start();
    const producer = await openEtlApi(loader);
    const pages = (): number => loader.requests.filter(({ path }) => path.startsWith('/api/job?')).length;
    await scanAll(producer);
    expect(pages()).toBe(6);
    await scanAll(producer);
    expect(pages()).toBe(9);
  });

  it('rejects with SOURCE_UNAVAILABLE when the list is never twice the same', async () => {
    let count = 0;
    const loader: Loader = await start(({ path }) => {
      if (path.includes('page=2')) loader.jobs.set(`x${(count += 1)}`, { id: `x${count}`, name: 'x' });
      return undefined;
    });
    await expect(scanAll(await openEtlApi(loader))).rejects.toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
      message: expect.stringContaining('changed during each of 6 readings'),
    });
  });

  it('does not report a job that goes away after it was listed', async () => {
    const loader: Loader = await start(({ path }) => {
      if (path.endsWith('/load_orders')) loader.jobs.delete('load_orders');
      return undefined;
    });
    expect(await idsOf(loader)).not.toContain('load_orders');
  });

  it('rejects with SOURCE_INVALID, naming the link, when the list goes in a circle', async () => {
    const loader = await start(({ path }) =>
      path.includes('page=2')
        ? { kind: 'answer', status: 200, body: '{"jobs":[],"next":"/api/job?size=5"}' }
        : undefined,
    );
    await expect(scanAll(await openEtlApi(loader))).rejects.toMatchObject({
      code: 'SOURCE_INVALID',
      message: expect.stringContaining(`${loader.url}/api/job?size=5 twice`),
    });
    expect(loader.requests).toHaveLength(2);
  });

  const links: readonly (readonly [string, (port: string) => string])[] = [
    ['another port', (port) => `http://127.0.0.1:${port}/api/job`],
    ['another host without a scheme', (port) => `//127.0.0.1:${port}/api/job`],
    ['another host with backslashes', (port) => `\\\\127.0.0.1:${port}\\api\\job`],
    ['a decimal address', (port) => `http://2130706433:${port}/api/job`],
    ['an octal address', (port) => `http://0177.0.0.1:${port}/api/job`],
    ['an address mapped to IPv6', (port) => `http://[::ffff:127.0.0.1]:${port}/api/job`],
    ['another host behind a user', (port) => `http://loader@127.0.0.1:${port}/api/job`],
    ['a file', () => 'file:///etc/passwd'],
    ['no URL', () => 'http://'],
  ];
  it.each(links)('sends nothing elsewhere when the list links to %s', async (_name, link) => {
    const other = await start();
    const next = link(new URL(other.url).port);
    const body = JSON.stringify({ jobs: [], next });
    const loader = await start(() => ({ kind: 'answer', status: 200, body }));
    await expect(scanAll(await openEtlApi(loader))).rejects.toMatchObject({ code: 'SOURCE_INVALID' });
    expect(other.requests).toEqual([]);
    expect(loader.requests).toHaveLength(1);
  });

  it('sends nothing elsewhere when the tool redirects', async () => {
    const other = await start();
    const headers = { location: `${other.url}/api/job` };
    const loader = await start(() => ({ kind: 'answer', status: 302, headers }));
    await expect(scanAll(await openEtlApi(loader))).rejects.toMatchObject({
      code: 'SOURCE_INVALID',
      message: expect.stringContaining('Redirects are not followed'),
    });
    expect(other.requests).toEqual([]);
  });
});
