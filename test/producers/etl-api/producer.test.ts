import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Interference } from '../../../examples/retail/loader/interference.ts';
import { type Loader, startLoader } from '../../../examples/retail/loader/loader.ts';
import type { Producer } from '../../../pipeline/producer.ts';
import { scanAll } from '../../contracts/producer.ts';
import { openEtlApi, startRetailLoader } from '../../support/etl-tool.ts';

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function start(): Promise<Loader> {
  const loader = await startRetailLoader();
  cleanups.push(() => loader.close());
  return loader;
}

/** Paths of the details that are asked for while something runs. */
async function detailsDuring(loader: Loader, work: () => Promise<unknown>): Promise<readonly string[]> {
  const before = loader.requests.length;
  await work();
  return loader.requests
    .slice(before)
    .map(({ path }) => path)
    .filter((path) => !path.startsWith('/api/job?'));
}

function change(loader: Loader, id: string, fields: object): void {
  loader.jobs.set(id, { ...loader.jobs.get(id), id, ...fields });
}

/** Follows changes; the count grows with each. */
function follow(producer: Producer): { changes: number } {
  const stop = new AbortController();
  const seen = { changes: 0 };
  const ended = (async () => {
    for await (const _changed of producer.changes(stop.signal)) seen.changes += 1;
  })();
  cleanups.unshift(async () => {
    stop.abort();
    await ended;
  });
  return seen;
}

/** Waits until the tool has answered that many further lists. */
async function looks(loader: Loader, count: number): Promise<void> {
  const lists = (): number => loader.requests.filter(({ path }) => path === '/api/job?size=5').length;
  const before = lists();
  await vi.waitFor(() => expect(lists()).toBeGreaterThanOrEqual(before + count), { timeout: 20_000 });
}

describe('scan() of the producer etl-api', () => {
  it('gives jobs in the order of their ids, with what the tool says and its time as the sequence', async () => {
    const loader = await start();
    const { objects } = await scanAll(await openEtlApi(loader));
    expect(objects.map(({ objectId }) => objectId)).toEqual([...loader.jobs.keys()].sort());
    expect(objects.find(({ objectId }) => objectId === 'load_orders')).toEqual({
      type: 'job',
      objectId: 'load_orders',
      sequence: Date.UTC(2026, 10, 22, 0, 10),
      value: {
        tool: 'loader',
        name: 'load_orders',
        description: 'Copies the orders of the day into the warehouse.',
        lastRun: '2026-11-22T00:10:00Z',
        inputs: [{ name: 'sales.orders', type: 'postgres', path: null, additional: [] }],
        outputs: [{ name: 'stg_orders', type: 'customDB', path: null, additional: [] }],
        warnings: [],
        additional: [],
      },
    });
  });

  it('says the same wherever the tool runs', async () => {
    const here = await scanAll(await openEtlApi(await start()));
    expect(await scanAll(await openEtlApi(await start()))).toEqual(here);
  });

  it('asks again only for what ran again and for what has no time, and still gives every job', async () => {
    const loader = await start();
    const producer = await openEtlApi(loader);
    await scanAll(producer);
    expect(await detailsDuring(loader, () => scanAll(producer))).toEqual(['/api/job/report_top_products']);
    change(loader, 'load_orders', { lastRun: '2026-11-23T00:10:00Z' });
    const asked = await detailsDuring(loader, async () => {
      expect((await scanAll(producer)).objects).toHaveLength(13);
    });
    expect(asked).toEqual(['/api/job/load_orders', '/api/job/report_top_products']);
  });

  it('asks again for a job whose detail has no time, whatever the list says', async () => {
    const body = '{"name":"load_orders","lastRun":"yesterday"}';
    const loader = await startRetailLoader({
      interfere: ({ path }) =>
        path.endsWith('/load_orders') ? { kind: 'answer', status: 200, body } : undefined,
    });
    cleanups.push(() => loader.close());
    const producer = await openEtlApi(loader);
    await scanAll(producer);
    expect(await detailsDuring(loader, () => scanAll(producer))).toEqual([
      '/api/job/load_orders',
      '/api/job/report_top_products',
    ]);
  });

  it('does not give a job any more when it is gone', async () => {
    const loader = await start();
    const producer = await openEtlApi(loader);
    await scanAll(producer);
    loader.jobs.delete('load_orders');
    expect((await scanAll(producer)).objects.map(({ objectId }) => objectId)).toEqual(
      [...loader.jobs.keys()].sort(),
    );
  });

  it('asks for four details at once at the most', async () => {
    let most = 0;
    let open = 0;
    const jobs = Array.from({ length: 30 }, (_, index) => ({ id: `j${index}`, name: `j${index}` }));
    const loader = await startLoader({
      jobs,
      interfere: ({ path }) => {
        if (path.includes('?')) return undefined;
        most = Math.max(most, (open += 1));
        setImmediate(() => (open -= 1));
        return { kind: 'slow', milliseconds: 5 };
      },
    });
    cleanups.push(() => loader.close());
    expect((await scanAll(await openEtlApi(loader))).objects).toHaveLength(30);
    expect(most).toBeLessThanOrEqual(4);
  });

  it('reads ids with every kind of letter, and a base path', async () => {
    const names = ['a/b', 'a b', 'ä%2F', '?x=1', '#', 'ÿ\u{1F680}'];
    const loader = await startLoader({ jobs: names.map((id) => ({ id, name: id })) });
    cleanups.push(() => loader.close());
    const { objects } = await scanAll(await openEtlApi(loader, { url: `${loader.url}/` }));
    expect(objects.map(({ objectId }) => objectId)).toEqual([...names].sort());
  });

  it('reads a tool that asks for Basic authentication', async () => {
    const loader = await startRetailLoader({
      interfere: ({ authorization }): Interference => {
        const expected: string = `Basic ${Buffer.from('josé:pass:word').toString('base64')}`;
        return authorization === expected
          ? { kind: 'answer', status: 200, body: '{"jobs":[]}' }
          : { kind: 'answer', status: 401 };
      },
    });
    cleanups.push(() => loader.close());
    const basic = { token: undefined, user: 'josé', password: 'pass:word' };
    expect((await scanAll(await openEtlApi(loader, basic))).objects).toEqual([]);
    await expect(scanAll(await openEtlApi(loader, { ...basic, password: 'no' }))).rejects.toMatchObject({
      code: 'SOURCE_REFUSED',
    });
  });
});

describe('changes() of the producer etl-api', () => {
  const actions: readonly (readonly [string, (loader: Loader) => void])[] = [
    ['a job ran', (loader: Loader) => change(loader, 'load_orders', { lastRun: '2026-11-23T00:10:00Z' })],
    ['a job is new', (loader: Loader) => change(loader, 'new', { name: 'new' })],
    ['a job is gone', (loader: Loader) => loader.jobs.delete('load_orders')],
    [
      'a job without a time is edited',
      (loader: Loader) => change(loader, 'report_top_products', { description: 'x' }),
    ],
    ['an entry has no usable id', (loader: Loader) => change(loader, '..', { name: 'up' })],
  ];
  it.each(actions)('yields when %s, and not before', async (_what, act) => {
    const loader = await start();
    const producer = await openEtlApi(loader);
    await scanAll(producer);
    const seen = follow(producer);
    await looks(loader, 3);
    expect(seen.changes).toBe(0);
    act(loader);
    await vi.waitFor(() => expect(seen.changes).toBeGreaterThan(0), { timeout: 20_000 });
  });

  it('yields once for a failure that lasts, so that a scan tells of it, and goes on', async () => {
    const loader = await start();
    const { token } = loader;
    const producer = await openEtlApi(loader);
    await scanAll(producer);
    const seen = follow(producer);
    loader.token = 'renewed';
    await vi.waitFor(() => expect(seen.changes).toBe(1), { timeout: 20_000 });
    await looks(loader, 4);
    expect(seen.changes).toBe(1);
    loader.token = token;
    change(loader, 'new', { name: 'new' });
    await vi.waitFor(() => expect(seen.changes).toBeGreaterThan(1), { timeout: 20_000 });
  });

  it('yields when no scan came to its end before', async () => {
    const loader = await start();
    const seen = follow(await openEtlApi(loader));
    await vi.waitFor(() => expect(seen.changes).toBeGreaterThan(0), { timeout: 20_000 });
  });
});
