import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openCatalog } from '../../../catalog/open-catalog.ts';
import { createTokenSource } from '../../../platform/azure-credential.ts';
import { tokenPlace } from '../../../sinks/purview/access.ts';
import { catalogSink } from '../../../sinks/purview/config.ts';
import { sinks } from '../../../sinks/index.ts';
import { common } from '../../../sinks/purview/options.ts';
import { shop } from '../../support/changes.ts';
import { deliverer, kinds, never, sinkHost } from '../../support/sink-host.ts';

it("deliver() writes through Purview's paths with a bearer token, and renews one that is not accepted any more", async () => {
  const folder = await mkdtemp(join(tmpdir(), 'purview-'));
  const catalog = await openCatalog({
    path: folder,
    port: 0,
    mode: 'purview',
    auth: { bearerTokens: new Map([['fresh', 'writer']]) },
  });
  let connected = 0;
  const host = sinkHost();
  const connect = async () => {
    connected += 1;
    const token = connected === 1 ? 'expired' : 'fresh';
    return { getToken: async () => ({ token }) };
  };
  const now = () => host.clock.now();
  const tokens = createTokenSource('https://purview.azure.net/.default', connect, now);
  const settings = {
    url: catalog.url,
    path: '/datamap/api/atlas/v2',
    batch: { entities: 100, bytes: 1_000_000 },
    pace: { inFlight: 8 },
    rejections: { share: 0.5, least: 50, pauseMs: 60_000 },
    onError: common.onError.parse({}),
    timeoutMs: 30_000,
    retry: { attempts: 2, delayMs: 1, maxDelayMs: 1, longestRetryAfterMs: 1 },
  };
  const access = {
    authorize: () => tokens.authorize(),
    renew: (sentAt: number) => tokens.renew(sentAt),
    query: { 'api-version': '2023-09-01' },
  };
  const sink = catalogSink(settings, host, access);
  await sink.open(never);
  expect(kinds(await deliverer(sink)(shop('a', { shelves: ['1'] })))).toEqual(['delivered']);
  expect(connected).toBe(2);
  await sink.close();
  await catalog.close();
  await rm(folder, { recursive: true });
});

it('open() says what to do when the login is refused', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'refused-'));
  const catalog = await openCatalog({ path: folder, port: 0 });
  const wrong = sinks.atlas.create({ url: catalog.url, user: 'admin', password: 'wr0ng' }, sinkHost());
  const failed = wrong.open(never);
  await expect(failed).rejects.toMatchObject({
    code: 'CATALOG_REFUSED',
    message: expect.stringMatching(/Check user and password/),
  });
  await expect(failed).rejects.not.toMatchObject({ message: expect.stringContaining('wr0ng') });
  const reader = sinks.atlas.create({ url: catalog.url, user: 'reader', password: 'reader' }, sinkHost());
  await expect(reader.open(never)).rejects.toMatchObject({
    code: 'CATALOG_FORBIDDEN',
    message: expect.stringMatching(/right to write: in Purview the role Data Curator/),
  });
  await catalog.close();
  await rm(folder, { recursive: true });
});

it('open() rejects with CATALOG_UNAVAILABLE, after its tries, when nobody listens', async () => {
  const host = sinkHost();
  const sink = sinks.atlas.create({ url: 'http://127.0.0.1:9' }, host);
  await expect(sink.open(never)).rejects.toMatchObject({ code: 'CATALOG_UNAVAILABLE', retryable: true });
});

it.each([
  [{ cloud: 'public' }, 'https://login.microsoftonline.com', 'https://purview.azure.net/.default'],
  [{ cloud: 'us-government' }, 'https://login.microsoftonline.us', 'https://purview.azure.us/.default'],
  [{ cloud: 'china' }, 'https://login.partner.microsoftonline.cn', 'https://purview.azure.cn/.default'],
  [
    { cloud: 'public', authorityHost: 'https://login.example', scope: 'https://catalog.example/.default' },
    'https://login.example',
    'https://catalog.example/.default',
  ],
] as const)(
  'tokenPlace() says where tokens of %j are asked for, and for what',
  (options, authorityHost, scope) => {
    expect(tokenPlace(options)).toEqual({ authorityHost, scope });
  },
);
