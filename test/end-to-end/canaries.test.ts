import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { topicsFolder } from '../../cli/open-transport.ts';
import { createEmbeddedTransport } from '../../transports/embedded/transport.ts';
import { type AtlasDouble, startAtlasDouble } from '../support/atlas-double.ts';
import { type Answer, sendJson, startServer, type TestServer } from '../support/http-server.ts';
import { startTestPostgres, type TestPostgres } from '../support/postgres.ts';
import { runHere } from '../support/run-here.ts';

const timeout = 300_000;
const canaries = new Map<string, string>();

/** A secret that nothing may repeat; `place` says where it enters. */
function canary(place: string): string {
  const found = canaries.get(place) ?? `Cnry${randomBytes(8).toString('hex')}`;
  canaries.set(place, found);
  return found;
}

const basic = (user: string, password: string): string =>
  Buffer.from(`${user}:${password}`).toString('base64');

/** Secrets, and what they look like on the wire. */
function forms(): readonly (readonly [place: string, text: string])[] {
  return [
    ...canaries,
    ['tool2.password, in Base64', basic('reader', canary('tool2.password'))],
    ['sink.password, in Base64', basic('writer', canary('sink.password'))],
    ...[...canaries].map(
      ([place, text]) => [`${place}, in Base64`, Buffer.from(text).toString('base64').slice(0, -4)] as const,
    ),
  ];
}

function jobFile(id: string, more = ''): string {
  return `<job name="${id}" jobId="${id}" password="${canary('job file: attribute')}">
  <property name="dbPassword" value="${canary('job file: property')}"/>
  <connection>Server=s;User=u;Password=${canary('job file: connection string')}</connection>
  <node type="projection" id="n"><inputs><input typeName="blob">https://d.blob.core.windows.net/c/in.csv?sv=1&amp;sig=${canary('job file: signed address')}</input></inputs>
  <output typeName="blob">https://d.blob.core.windows.net/c/out.csv</output></node>${more}`;
}

/** What a run must have met for the test to mean something. */
const expectations = [
  'user nobody_here',
  'ECONNREFUSED',
  'ENOTFOUND',
  'answers 500',
  'is no URL',
  'is not XML',
  'is not JSON',
  'is no time',
];

describe('secrets, at every place where one can enter', () => {
  let folder: string;
  let postgres: TestPostgres;
  let atlas: AtlasDouble;
  let tool: TestServer;
  let busy: TestServer;
  const written: string[] = [];
  let metricsPort: number;
  /** Whether a run serves metrics now. */
  let isServing = false;

  const run = async (config: string, ...args: readonly string[]): Promise<string> => {
    const done = await runHere([...args, '--config', path.join(folder, config)]);
    written.push(done.stdout, done.stderr);
    return done.stdout + done.stderr;
  };
  const file = (name: string, text: string | Buffer): Promise<void> =>
    writeFile(path.join(folder, name), text);

  /** Files of sources, good and broken. */
  async function writeSources(): Promise<void> {
    for (const name of ['jobs', 'warehouse', 'scripts', 'secrets']) await mkdir(path.join(folder, name));
    await file('secrets/history', `${canary('history.password')}\n`);
    await file('secrets/tool3', `${canary('tool3.tokenFile')}\n`);
    await file('jobs/good.xml', `${jobFile('good')}</job>`);
    await file(
      'jobs/broken.xml',
      `${jobFile('broken')}<password>${canary('broken job file: element')}</job>`,
    );
    await file(
      'warehouse/sys.json',
      JSON.stringify({
        containers: { c: { description: 'C.', connectionString: canary('system table: connection string') } },
        tables: {
          t: {
            description: 'T.',
            container: 'c',
            tableParts: [],
            apiKey: canary('system table: unknown key'),
          },
          bad: {
            description: { password: canary('system table: wrong value') },
            container: 'c',
            tableParts: [],
          },
        },
        columns: { t: [{ name: 'x', type: 'text', description: 'X.' }] },
      }),
    );
    await file(
      'scripts/bad.sql',
      Buffer.concat([
        Buffer.from(`-- pwd=${canary('script that cannot be read')}\n`),
        Buffer.from([0xff, 0xfe, 0x80]),
      ]),
    );
    await file(
      'events.ndjson',
      `{"type":"job","password":"${canary('events: bad line')}"}\n{"token": "${canary('events: no JSON')}" oops\n`,
    );
    const line = (statement: string) =>
      JSON.stringify({ statement, time: new Date().toISOString(), database: 'shop' });
    await file(
      'q.log',
      `${line(`INSERT INTO a SELECT * FROM b WHERE token = '${canary('query log: literal')}'`)}
{"statement": "INSERT INTO a SELECT '${canary('query log: broken line')}' FROM b
${JSON.stringify({ statement: `INSERT INTO a SELECT '${canary('query log: wrong time')}' FROM b`, time: `SELECT '${canary('query log: wrong field')}'` })}
`,
    );
  }

  /** A database whose own texts hold secrets. */
  async function fillDatabase(): Promise<string> {
    const database = await postgres.createDatabase();
    await postgres.run(
      database,
      `CREATE EXTENSION pg_stat_statements; CREATE TABLE s (x text); CREATE TABLE d (x text)`,
    );
    await postgres.run(
      database,
      `INSERT INTO d SELECT x FROM s WHERE x <> '${canary('pg_stat_statements: literal')}'`,
    );
    await postgres.run(
      database,
      `CREATE TABLE made AS SELECT '${canary('pg_stat_statements: utility')}' || x AS x FROM s`,
    );
    await postgres.run(
      database,
      `CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ SELECT 'host=h dbname=d password=${canary('routine: connection string')}' $$`,
    );
    return database;
  }

  const configuration = (database: string, sink: string): string => {
    const { host, port, user } = postgres;
    const at = `host: '${host}', port: ${port}, database: ${database}, server: pg`;
    const blob =
      "datasets: { blob: { type: azure_blob_path, name: '{url+}' }, table: { type: generic_table, name: '{table}', parameters: { server: s, database: d, schema: p } } }";
    const quick = 'attempts: 1, firstWait: 0.001, longestWait: 0.01, timeout: 20';
    return `transport: { kind: embedded, partitions: 2 }
catalog: { port: 0 }
sink: ${sink}
delivery: { retryDelayMs: 1, batchWithinMs: 5, parkForMs: 0 }
metrics: { port: ${metricsPort} }
producers:
  shop: { kind: postgres, ${at}, user: '${user}' }
  history: { kind: postgres-history, ${at}, user: '${user}' }
  wrong: { kind: postgres, ${at}, user: nobody_here, password: '\${env:CANARY_PG}' }
  wrong-history: { kind: postgres-history, ${at}, user: nobody_here, password: '\${file:secrets/history}' }
  nowhere: { kind: postgres, host: 'postgres://u:${canary('postgres.host: userinfo')}@127.0.0.1', database: d, server: no, password: '\${env:CANARY_PG}' }
  mysql: { kind: mysql-history, host: 127.0.0.1, port: 1, user: u, password: '\${env:CANARY_MYSQL}', server: my }
  tool: { kind: etl-api, url: '${tool.url}', token: '\${env:CANARY_TOKEN}', ${quick} }
  tool2: { kind: etl-api, url: '${busy.url}', user: reader, password: '\${env:CANARY_BASIC}', ${quick} }
  tool3: { kind: etl-api, url: '${busy.url}/linked', tokenFile: secrets/tool3, ${quick} }
  jobs: { kind: etl-job-files, path: jobs, ${blob} }
  warehouse: { kind: custom-db, path: warehouse, server: w }
  scripts: { kind: sql-scripts, path: scripts, dialect: postgres, server: s, ${blob} }
  log: { kind: query-log, path: q.log, server: s, dialect: postgres, ${blob} }
  hand: { kind: events, path: events.ndjson }
`;
  };

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'canaries-'));
    postgres = await startTestPostgres();
    Object.assign(process.env, {
      CANARY_PG: canary('postgres.password'),
      CANARY_MYSQL: canary('mysql-history.password'),
      CANARY_TOKEN: canary('tool.token'),
      CANARY_BASIC: canary('tool2.password'),
      CANARY_SINK: canary('sink.password'),
    });
    if (postgres.password !== undefined) process.env['PGPASSWORD'] = postgres.password;
    tool = await startServer(({ url, headers }, response) => {
      if (url.includes('/job/'))
        return sendJson(response, 200, {
          name: 'a',
          connectionString: `Server=s;Password=${canary('job of the tool: connection string')}`,
          settings: {
            password: canary('job of the tool: password'),
            url: `https://u:${canary('job of the tool: userinfo')}@h/x`,
          },
          lastRun: headers.authorization,
          inputs: [
            {
              name: 'x',
              type: 'blob',
              path: 'https://d.blob.core.windows.net/c/x',
              secret: canary('dataset of the tool'),
            },
          ],
        });
      const jobs = [
        { id: 'a', token: canary('list of the tool') },
        { id: null, apiKey: canary('unusable entry of the tool') },
      ];
      return sendJson(response, 200, { jobs, next: null });
    });
    const free = await startServer(() => undefined);
    metricsPort = Number(new URL(free.url).port);
    await free.close();
    busy = await startServer(async ({ url, headers }, response) => {
      if (isServing) written.push(await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text());
      if (!url.startsWith('/linked'))
        return sendJson(response, 500, { error: `No: ${headers.authorization}` });
      return sendJson(response, 200, { jobs: [], next: `http://u:${canary('link with userinfo')}@[bad` });
    });
    atlas = await startAtlasDouble();
    const echo =
      (status: number): Answer =>
      (request, response) =>
        sendJson(response, status, {
          errorCode: 'ATLAS-400-00-01A',
          errorMessage: `Got ${request.headers.authorization}, jdbc:x;password=${canary('error of the catalogue')};`,
        });
    atlas.script(echo(503));
    atlas.always((names) => names.some((name) => name.endsWith('jobs/good')), echo(400));
    await writeSources();
    const database = await fillDatabase();
    await file('local.yaml', `state: local\n${configuration(database, '{ kind: local }')}`);
    await file(
      'atlas.yaml',
      `state: atlas\n${configuration(database, `{ kind: atlas, url: '${atlas.url}', user: writer, password: '\${env:CANARY_SINK}', retry: { attempts: 1, delayMs: 1 } }`)}`,
    );
    await file(
      'url.yaml',
      `producers: {}\nsink: { kind: atlas, url: 'http://u:${canary('sink.url: userinfo')}@127.0.0.1:1', retry: { attempts: 1 } }\n`,
    );
    await file(
      'url2.yaml',
      `sink: { kind: memory }\nproducers:\n  t: { kind: etl-api, url: 'http://u:${canary('tool.url: userinfo')}@127.0.0.1:1' }\n`,
    );
    await file(
      'syntax.yaml',
      `sink: { kind: memory, password: "${canary('broken configuration')} }\nproducers: [\n`,
    );
  }, timeout);

  afterAll(async () => {
    await Promise.all([tool.close(), busy.close(), atlas.close()]);
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** What the log holds, decoded: the state too. */
  async function stateOf(state: string): Promise<string> {
    const log = createEmbeddedTransport({ folder: topicsFolder(path.join(folder, state)) });
    const values: unknown[] = [];
    for await (const { key, value } of log.transactions.state.scan('')) values.push([key, value]);
    await log.close();
    return JSON.stringify(values);
  }

  it('are in nothing that is printed, kept or sent on', { timeout }, async () => {
    for (const config of ['local.yaml', 'atlas.yaml']) {
      isServing = true;
      const told = await run(config, 'run', '--once');
      isServing = false;
      expect(expectations.filter((part) => !told.includes(part))).toEqual([]);
      await run(config, 'check', '--json');
      for (const topic of ['metadata.raw', 'metadata.entities', 'metadata.dead-letters'])
        await run(config, 'topics', 'show', topic, '--json', '--limit', '100000');
      await run(config, 'dead-letters', 'list');
      const letters = (await run(config, 'dead-letters', 'list', '--json'))
        .split('\n')
        .filter((line) => line.startsWith('{'));
      for (const letter of letters) {
        const shown = await run(config, 'dead-letters', 'show', JSON.parse(letter).id, '--json');
        written.push(
          Buffer.from(JSON.parse(shown.split('\n')[0] ?? '').value ?? '', 'base64').toString('latin1'),
        );
      }
      await run(config, 'parked', 'list', '--json');
      await run(config, 'topics', 'list', '--json');
    }
    written.push(
      await run('local.yaml', 'catalog', 'export'),
      await stateOf('local'),
      await stateOf('atlas'),
    );
    written.push(...atlas.seen.map(({ body }) => body));
    for (const config of ['url.yaml', 'url2.yaml', 'syntax.yaml'])
      for (const command of [['check'], ['check', '--json'], ['run', '--once']])
        await run(config, ...command);
    expect(
      written.filter((text) => text.includes('purview_streams_events_received_total')).length,
    ).toBeGreaterThan(1);
    const leaks = forms().flatMap(([place, secret]) =>
      written
        .filter((text) => text.includes(secret))
        .map((text) => {
          const at = text.indexOf(secret);
          return `${place}: …${text.slice(Math.max(0, at - 120), at + 40)}`;
        }),
    );
    for (const state of ['local', 'atlas']) {
      const all = await readdir(path.join(folder, state), { recursive: true, withFileTypes: true });
      for (const found of all.filter((one) => one.isFile())) {
        const bytes = await readFile(path.join(found.parentPath, found.name));
        for (const [place, secret] of forms())
          if (bytes.includes(secret)) leaks.push(`${place}: in ${path.join(found.parentPath, found.name)}`);
      }
    }
    expect([...new Set(leaks)]).toEqual([]);
    expect(canaries.size).toBeGreaterThan(20);
  });
});
