import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Interference } from '../../../examples/retail/loader/interference.ts';
import type { Loader, LoaderOptions } from '../../../examples/retail/loader/loader.ts';
import { failureOf, scanAll, textsOf } from '../../contracts/producer.ts';
import { openEtlApi, startRetailLoader } from '../../support/etl-tool.ts';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function start(interfere?: LoaderOptions['interfere']): Promise<Loader> {
  const loader = await startRetailLoader(interfere === undefined ? {} : { interfere });
  cleanups.push(() => loader.close());
  return loader;
}

const broken: Interference = { kind: 'answer', status: 500, body: '{"error":"no"}' };
const ids = ({ objects }: Awaited<ReturnType<typeof scanAll>>): readonly string[] =>
  objects.map(({ objectId }) => objectId);
const allJobs = 13;

describe('scan() of the producer etl-api, against passing faults', () => {
  const faults: readonly (readonly [string, Interference])[] = [
    ['429 without Retry-After', { kind: 'answer', status: 429 }],
    ['429 with Retry-After 0', { kind: 'answer', status: 429, headers: { 'retry-after': '0' } }],
    [
      '429 with an absurd Retry-After',
      { kind: 'answer', status: 429, headers: { 'retry-after': '1000000000' } },
    ],
    ['500', broken],
    [
      '503 with a date',
      { kind: 'answer', status: 503, headers: { 'retry-after': 'Fri, 01 Jan 2027 00:00:00 GMT' } },
    ],
    ['truncated JSON', { kind: 'truncated' }],
    ['200 with HTML', { kind: 'html' }],
    ['a connection that breaks', { kind: 'reset' }],
  ];

  it.each(faults)('reads every job when every first attempt meets %s', async (_name, fault) => {
    const met = new Set<string>();
    const loader = await start(({ path }) => {
      if (met.has(path)) return undefined;
      met.add(path);
      return fault;
    });
    const result = await scanAll(await openEtlApi(loader));
    expect(result.rejections).toEqual([]);
    expect(ids(result)).toHaveLength(allJobs);
  });

  it.each(faults)(
    'rejects with SOURCE_UNAVAILABLE when the tool only ever answers %s',
    async (_name, fault) => {
      const loader = await start(() => fault);
      const scan = scanAll(await openEtlApi(loader));
      await expect(scan).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE', retryable: true });
      expect(loader.requests).toHaveLength(3);
    },
  );

  it('asks again when an answer is too slow', async () => {
    let slow = 1;
    const loader = await start(({ path }) =>
      path.endsWith('/load_orders') && slow-- > 0 ? { kind: 'slow', milliseconds: 60_000 } : undefined,
    );
    expect(ids(await scanAll(await openEtlApi(loader, { timeout: 2 })))).toHaveLength(allJobs);
  });

  it('rejects with SOURCE_UNAVAILABLE when nothing listens', async () => {
    const loader = await start();
    const producer = await openEtlApi(loader);
    await loader.close();
    await expect(scanAll(producer)).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
  });

  it('throws what the tool asks to wait when it stays busy in the middle, and rejects no job', async () => {
    const busy = { kind: 'answer', status: 429, headers: { 'retry-after': '7' } } as const;
    const loader = await start(({ path }) => (path.endsWith('/load_orders') ? busy : undefined));
    await expect(scanAll(await openEtlApi(loader))).rejects.toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
      retryAfterMs: 7000,
    });
  });
});

describe('scan() of the producer etl-api, against faults of one job', () => {
  const answer = (body: string): Interference => ({ kind: 'answer', status: 200, body });
  const deep = `{"name":"j","x":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
  it.each([
    [
      'a form that is not documented',
      answer('{"name":"j","inputs":[{"name":"a"}]}'),
      'SOURCE_INVALID',
      '$.inputs[0].type',
    ],
    [
      'a dataset without name and path',
      answer('{"name":"j","outputs":[{"type":"blob"}]}'),
      'SOURCE_INVALID',
      '$.outputs[0]',
    ],
    ['JSON that is no object', answer('[]'), 'SOURCE_INVALID', 'api/job/load_orders'],
    ['JSON nested too deep', answer(deep), 'SOURCE_LIMIT', 'deeper than 64'],
    ['403', { kind: 'answer', status: 403 }, 'SOURCE_REFUSED', '403'],
    ['404 while it is listed', { kind: 'answer', status: 404 }, 'SOURCE_NOT_FOUND', '404'],
    ['400', { kind: 'answer', status: 400 }, 'SOURCE_INVALID', '400'],
    ['500 for good', broken, 'SOURCE_UNAVAILABLE', '500'],
  ] as const)(
    'rejects the one job when it has %s, and asks for it again',
    async (_name, fault, code, text) => {
      let mended = false;
      const loader = await start(({ path }) =>
        path.endsWith('/load_orders') && !mended ? fault : undefined,
      );
      const producer = await openEtlApi(loader);
      const result = await scanAll(producer);
      expect(result.rejections).toEqual([
        expect.objectContaining({
          objectId: 'load_orders',
          error: expect.objectContaining({ code, message: expect.stringContaining(text) }),
        }),
      ]);
      expect(ids(result)).toHaveLength(allJobs - 1);
      mended = true;
      expect(ids(await scanAll(producer))).toHaveLength(allJobs);
    },
  );

  it('rejects an entry of the list without a usable id, and reads the others', async () => {
    const loader = await start();
    loader.jobs.set('..', { id: '..', name: 'up' });
    const result = await scanAll(await openEtlApi(loader));
    expect(result.rejections.map(({ error }) => error.message)).toEqual([
      expect.stringContaining('$.jobs[0]'),
    ]);
    expect(ids(result)).toHaveLength(allJobs);
    expect(loader.requests.every(({ path }) => path.startsWith('/api/job'))).toBe(true);
  });

  it('keeps keys that it does not know, __proto__ too, and tells of each once', async () => {
    const loader = await start();
    const odd =
      '{"id":"a","name":"a","__proto__":{"x":1},"inputs":[{"name":"t","type":"customDB","schedule":"daily"}]}';
    loader.jobs.set('a', JSON.parse(odd));
    const { objects } = await scanAll(await openEtlApi(loader));
    const [first] = objects;
    expect(first?.value).toMatchObject({
      additional: [{ key: '__proto__', json: '{"x":1}' }],
      inputs: [{ additional: [{ key: 'schedule', json: '"daily"' }] }],
    });
    const unknown = objects
      .flatMap(({ value }) => value.warnings)
      .filter(({ code }) => code === 'unknown-key');
    expect(unknown.map(({ location }) => location)).toEqual([
      'api/job/a $.__proto__',
      'api/job/a $.inputs[].schedule',
      'api/job/report_customer_totals $.owner',
    ]);
  });
});

describe('scan() of the producer etl-api, against refused credentials', () => {
  it('reads the token file again when the token expires in the middle', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'etl-api-'));
    cleanups.push(() => rm(folder, { recursive: true }));
    const tokenFile = path.join(folder, 'token');
    const loader: Loader = await start(({ path }) => {
      if (path.endsWith('/import_catalog') && loader.token === 'first') {
        loader.token = 'second';
        writeFileSync(tokenFile, 'second\n');
      }
      return undefined;
    });
    loader.token = 'first';
    writeFileSync(tokenFile, 'first\n');
    const producer = await openEtlApi(loader, { token: undefined, tokenFile });
    expect(ids(await scanAll(producer))).toHaveLength(allJobs);
    expect(loader.requests.at(-1)?.authorization).toBe('Bearer second');
  });

  it('rejects with SOURCE_REFUSED after one more try, says what to do, and tells no secret', async () => {
    const loader = await start();
    const producer = await openEtlApi(loader, { token: 'a-secret-token' });
    const failure = await failureOf(scanAll(producer));
    expect(failure).toMatchObject({
      code: 'SOURCE_REFUSED',
      message: expect.stringContaining('Give a valid token'),
    });
    expect(textsOf(failure)).not.toContain('a-secret-token');
    expect(loader.requests).toHaveLength(2);
  });

  it('rejects with SOURCE_REFUSED when the list is denied, and SOURCE_NOT_FOUND when it is not there', async () => {
    const loader = await start(() => ({ kind: 'answer', status: 403 }));
    await expect(scanAll(await openEtlApi(loader))).rejects.toMatchObject({ code: 'SOURCE_REFUSED' });
    const other = await start();
    const wrong = scanAll(await openEtlApi(other, { url: `${other.url}/elsewhere` }));
    await expect(wrong).rejects.toMatchObject({ code: 'SOURCE_NOT_FOUND' });
  });
});
