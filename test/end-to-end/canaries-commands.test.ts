import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { sendJson, startServer, type TestServer } from '../support/http-server.ts';
import { type KeyVaultDouble, startKeyVault } from '../support/key-vault.ts';
import { runHere } from '../support/run-here.ts';

const timeout = 300_000;
const canaries = new Map<string, string>();

/** A secret that nothing may repeat; `place` says where it enters. */
function canary(place: string): string {
  const found = canaries.get(place) ?? `Cnry${randomBytes(8).toString('hex')}`;
  canaries.set(place, found);
  return found;
}

/** Secrets, plain, in Base64 and in hexadecimal. */
const forms = (): readonly (readonly [place: string, text: string])[] =>
  [...canaries].flatMap(([place, text]) => [
    [place, text] as const,
    [`${place}, in Base64`, Buffer.from(text).toString('base64').slice(0, -4)] as const,
    [`${place}, in hexadecimal`, Buffer.from(text).toString('hex')] as const,
  ]);

describe('secrets of the configuration, in what every command says and keeps', () => {
  let folder: string;
  let api: TestServer;
  let identity: TestServer;
  let vault: KeyVaultDouble;
  let metricsPort: number;
  const written: string[] = [];

  const file = (name: string): string => path.join(folder, name);
  const run = async (config: string, ...args: readonly string[]): Promise<string> => {
    const { stdout, stderr } = await runHere([...args, '--config', file(config)]);
    written.push(stdout, stderr);
    return stdout + stderr;
  };

  const configuration = (state: string): string => {
    const list = "list: { path: 'jobs', items: jobs }, attempts: 1, timeout: 20";
    const map = `map: '{ "type": "job", "objectId": id, "name": name, "inputs": [{ "type": "blob", "name": "x", "path": links }] }'`;
    const store = `{ kind: sql, host: 127.0.0.1, port: 1, database: d, user: u, password: '\${env:CANARY_STORE}' }`;
    return `state: ${state}
stateStore: ${state === 'beside' ? store : '{ kind: local }'}
secrets: { credential: { kind: managed-identity } }
metrics: { port: ${metricsPort} }
sink: { kind: atlas, url: '${api.url}/catalogue', user: writer, password: '\${keyvault:${vault.host('shop')}/sink}', retry: { attempts: 1, delayMs: 1 } }
delivery: { retryDelayMs: 1, batchWithinMs: 5, parkForMs: 0 }
producers:
  good: { kind: http, url: '${api.url}', ${list}, auth: { kind: header, name: x-api-key, value: '\${env:CANARY_KEY}' }, headers: { cookie: 'session=\${env:CANARY_COOKIE}' }, ${map}, schedule: '@yearly' }
  bearer: { kind: http, url: '${api.url}/echo', ${list}, auth: { kind: bearer, token: '\${file:secrets/bearer}' }, ${map} }
  basic: { kind: http, url: '${api.url}/echo', ${list}, auth: { kind: basic, user: reader, password: '\${keyvault:${vault.host('shop')}/basic}' }, ${map} }
  oauth: { kind: http, url: '${api.url}', ${list}, auth: { kind: oauth, tokenUrl: '${api.url}/echo', clientId: me, clientSecret: '\${env:CANARY_OAUTH}' }, ${map} }
  hook: { kind: webhook, port: 0, auth: { kind: token, token: '\${env:CANARY_HOOK}' }, ${map} }
  server: { kind: sql-server, host: 127.0.0.1, port: 1, database: d, user: sa, password: '\${env:CANARY_TDS}' }
  binlog: { kind: mysql, host: 127.0.0.1, port: 1, user: repl, password: '\${env:CANARY_MYSQL}' }
`;
  };

  /** Configurations that are refused, with secrets in what is wrong. */
  const wrong = (): Readonly<Record<string, string>> => ({
    'sasl.yaml': `sink: { kind: memory }\nproducers: {}\ntransport: { kind: kafka, brokers: ['h:1'], sasl: { mechanism: none, username: u, password: ${canary('sasl.password')} } }\n`,
    'hubs.yaml': `sink: { kind: memory }\nproducers: {}\ntransport: { kind: event-hubs, connectionString: 'Endpoint=sb://n/;SharedAccessKey=${canary('event-hubs: connection string')}' }\n`,
    'blobs.yaml': `sink: { kind: memory }\nproducers: {}\nstateStore: { kind: azure-blob, blobs: { connectionString: 'AccountName=a;AccountKey=${canary('state store: connection string')}' } }\n`,
    'lake.yaml': `sink: { kind: memory }\nproducers:\n  l: { kind: lake, blobs: { connectionString: 'BlobEndpoint=http://127.0.0.1:1/a;SharedAccessSignature=sv=1&sig=${canary('lake: shared access signature')}' } }\n`,
    'url.yaml': `sink: { kind: memory }\nproducers: {}\nstateStore: { kind: sql, host: 'postgres://u:${canary('state store: userinfo')}@h', database: d, user: u, password: [${canary('state store: wrong form')}] }\n`,
  });

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'canaries-commands-'));
    vault = await startKeyVault();
    vault.secrets.set('shop/sink', canary('key vault: sink.password'));
    vault.secrets.set('shop/basic', canary('key vault: basic.password'));
    identity = await startServer((_, response) =>
      sendJson(response, 200, {
        access_token: vault.token,
        expires_in: '3600',
        resource: 'https://vault.azure.net',
        token_type: 'Bearer',
      }),
    );
    api = await startServer(({ url, headers, body }, response) => {
      if (url.startsWith('/catalogue'))
        return sendJson(response, 400, { errorMessage: `No: ${headers.authorization}` });
      if (url.startsWith('/echo'))
        return sendJson(response, 403, {
          error: `${headers.authorization} ${body} password=${canary('error of the tool')}`,
        });
      const links = `https://d.blob.core.windows.net/c/x?sv=1&sig=${canary('signed address in the data')}`;
      const job = {
        name: 'a',
        token: canary('token in the data'),
        text: `pwd=${canary('text in the data')};`,
      };
      return sendJson(response, 200, {
        jobs: [
          { id: 'a', ...job, links },
          { id: null, apiKey: canary('item that cannot be mapped') },
        ],
      });
    });
    metricsPort = await freePort();
    vi.stubEnv('AZURE_POD_IDENTITY_AUTHORITY_HOST', identity.url);
    for (const [name, place] of Object.entries({
      CANARY_STORE: 'stateStore.password',
      CANARY_KEY: 'http: API key in a header',
      CANARY_COOKIE: 'http: cookie',
      CANARY_OAUTH: 'http: client secret',
      CANARY_HOOK: 'webhook: token',
      CANARY_TDS: 'sql-server.password',
      CANARY_MYSQL: 'mysql.password',
    }))
      vi.stubEnv(name, canary(place));
    await mkdir(file('secrets'));
    await writeFile(file('secrets/bearer'), `${canary('http: bearer token, of a file')}\n`);
    for (const state of ['own', 'beside']) await writeFile(file(`${state}.yaml`), configuration(state));
    for (const [name, text] of Object.entries(wrong())) await writeFile(file(name), text);
  }, timeout);

  afterAll(async () => {
    vi.unstubAllEnvs();
    await Promise.all([vault.close(), identity.close(), api.close()]);
    await rm(folder, { recursive: true, force: true });
  });

  it('are in no line, file, metric, backup or export', { timeout }, async () => {
    const text = await run('own.yaml', 'produce', 'good', '--once');
    const json = await run(
      'own.yaml',
      'produce',
      'good',
      'bearer',
      'basic',
      'oauth',
      '--only',
      '--once',
      '--log',
      'json',
    );
    // Otherwise the test would mean nothing.
    expect(text).toContain('was answered 400');
    for (const part of ['"event":"scanFailed"', '403']) expect(json).toContain(part);
    for (const command of ['check', 'doctor', 'status']) {
      await run('own.yaml', command);
      expect(await run('own.yaml', command, '--json')).toContain('good');
    }
    expect(await run('beside.yaml', 'check')).toContain('FAILED   state store (sql, postgres)');
    for (const command of [['status'], ['doctor'], ['state', 'export'], ['state', 'backup', file('none')]])
      await run('beside.yaml', ...command);
    await run('own.yaml', 'schedules', 'list', '--json');
    await run('own.yaml', 'removals', 'list', '--json');
    await run('own.yaml', 'parked', 'list', '--json');
    expect(await run('own.yaml', 'state', 'export')).toContain('inventory/good');
    await run('own.yaml', 'state', 'backup', file('backup'));
    for (const topic of ['metadata.raw', 'metadata.entities', 'metadata.dead-letters'])
      await run('own.yaml', 'topics', 'show', topic, '--json', '--limit', '100000');
    await run('own.yaml', 'dead-letters', 'list', '--json');
    for (const config of Object.keys(wrong()))
      for (const command of ['check', 'doctor']) await run(config, command);
    for (const folderName of ['own', 'beside', 'backup']) {
      for (const found of await readdir(file(folderName), { recursive: true, withFileTypes: true }))
        if (found.isFile()) written.push(await readFile(path.join(found.parentPath, found.name), 'latin1'));
    }
    const leaks = forms().flatMap(([place, secret]) =>
      written
        .filter((one) => one.includes(secret))
        .map((one) => `${place}: …${one.slice(Math.max(0, one.indexOf(secret) - 120), one.indexOf(secret))}`),
    );
    expect([...new Set(leaks)]).toEqual([]);
    expect(canaries.size).toBeGreaterThanOrEqual(20);
  });
});
