import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type AtlasDouble, atlasError, startAtlasDouble } from '../support/atlas-double.ts';
import { sendJson, startServer, type TestServer } from '../support/http-server.ts';
import { type KeyVaultDouble, startKeyVault } from '../support/key-vault.ts';
import { runHere } from '../support/run-here.ts';

describe('secrets in a key vault', () => {
  let folder: string;
  let vault: KeyVaultDouble;
  let identity: TestServer;
  let tool: TestServer;
  let atlas: AtlasDouble;
  /** What the tool and the catalogue take now. */
  let taken = '';

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'secrets-'));
    vault = await startKeyVault();
    identity = await startServer((_, response) =>
      sendJson(response, 200, {
        access_token: vault.token,
        expires_in: '3600',
        resource: 'https://vault.azure.net',
        token_type: 'Bearer',
      }),
    );
    tool = await startServer(({ url, headers }, response) => {
      if (headers.authorization !== `Bearer ${taken}`) {
        vault.secrets.set('shop/login', taken); // somebody has changed it everywhere
        return sendJson(response, 401, { error: 'No.' });
      }
      if (!url.includes('/job/')) return sendJson(response, 200, { jobs: [{ id: 'a' }], next: null });
      return sendJson(response, 200, { name: 'a', inputs: [], outputs: [], lastRun: null });
    });
    atlas = await startAtlasDouble();
    const basic = (): string => `Basic ${Buffer.from(`writer:${taken}`).toString('base64')}`;
    const refuse = atlasError(401, 'ATLAS-401');
    atlas.always(
      () => true,
      (request, response) =>
        (request.headers.authorization === basic() ? atlas.apply : refuse)(request, response),
    );
    await writeFile(
      path.join(folder, 'purview-streams.yaml'),
      `state: state
secrets: { credential: { kind: managed-identity, clientId: '\${env:IDENTITY}' } }
sink: { kind: atlas, url: '${atlas.url}', user: writer, password: '\${keyvault:${vault.host('shop')}/login}' }
delivery: { retryDelayMs: 1, batchWithinMs: 5, parkForMs: 0 }
producers:
  tool: { kind: etl-api, url: '${tool.url}', token: '\${keyvault:${vault.host('shop')}/login}' }
`,
    );
  });
  afterAll(async () => {
    await Promise.all([vault.close(), identity.close(), tool.close(), atlas.close()]);
    await rm(folder, { recursive: true, force: true });
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  const run = (...args: readonly string[]) => {
    vi.stubEnv('AZURE_POD_IDENTITY_AUTHORITY_HOST', identity.url);
    vi.stubEnv('IDENTITY', '00000000-0000-0000-0000-000000000001');
    return runHere([...args, '--config', path.join(folder, 'purview-streams.yaml')]);
  };

  it('are read with the managed identity, and again when the source and the catalogue refuse them', async () => {
    vault.secrets.set('shop/login', 'old-password-of-all');
    taken = 'new-password-of-all';
    const { code, stdout, stderr } = await run('run', '--once', '--json', '--log', 'json');
    expect(stderr).not.toContain('password-of-all');
    expect(stdout).not.toContain('password-of-all');
    expect(code).toBe(0);
    expect([...atlas.stored].some((name) => name.endsWith('jobs/a'))).toBe(true);
    const raw = (await run('topics', 'show', 'metadata.raw', '--json')).stdout;
    const sent = atlas.seen.filter(({ url }) => url.includes('/entity/bulk')).at(-1)?.headers['traceparent'];
    const [, trace = 'none'] = String(sent).split('-');
    expect(raw).toContain(`"ce_traceparent":"00-${trace}-`); // the request is found by the event, and the other way
    const lines = stderr
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    expect(lines).toContainEqual(
      expect.objectContaining({ level: 'info', event: 'scanCompleted', producer: 'tool' }),
    );
    expect(new URL(identity.seen[0]?.url ?? '', identity.url).searchParams.get('client_id')).toBe(
      '00000000-0000-0000-0000-000000000001',
    );
  });

  it('are named with their field when they are not there, with exit code 2, and 1 when the vault refuses', async () => {
    vault.secrets.delete('shop/login');
    const missing = await run('check', '--offline');
    expect(missing.code).toBe(2);
    expect(missing.stderr).toMatch(
      /purview-streams\.yaml:\d: (sink\.password|producers\.tool\.token): the secret login of the vault shop\.vault\.azure\.net:\d+ does not exist/u,
    );
    vault.refuseWith(403);
    const refused = await run('check', '--offline');
    vault.refuseWith(0);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('Key Vault Secrets User');
  });
});
