import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportCatalog } from '../../catalog/export.ts';
import { type Loader, startLoader } from '../../examples/retail/loader/loader.ts';
import { readJobs } from '../../examples/retail/loader/server.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../examples/retail/postgres/embedded.ts';
import { loadShop } from '../../examples/retail/postgres/server.ts';
import { hasKafka, kafkaOfRun } from '../support/kafka/shared.ts';
import { retailFolder } from '../support/retail.ts';
import { runHere } from '../support/run-here.ts';
import { anyPrefix } from '../transports/kafka/support.ts';

const timeout = 300_000;

describe.skipIf(!hasKafka)('the example shop through a real Kafka', () => {
  let postgres: EmbeddedPostgres;
  let loader: Loader;
  let folder: string;
  const prefix = anyPrefix();

  beforeAll(async () => {
    postgres = await startEmbeddedPostgres(undefined);
    await loadShop(postgres);
    loader = await startLoader({ jobs: await readJobs() });
    folder = await mkdtemp(path.join(tmpdir(), 'kafka-shop-'));
    for (const part of ['jobs', 'warehouse', 'purview-streams.yaml'])
      await cp(path.join(retailFolder, part), path.join(folder, part), { recursive: true });
    const text = await readFile(path.join(folder, 'purview-streams.yaml'), 'utf8');
    const { plain } = await kafkaOfRun();
    const transport = `transport: { kind: kafka, brokers: ['${plain}'], prefix: ${prefix}, partitions: 2 }`;
    await writeFile(path.join(folder, 'kafka.yaml'), `${text}\n${transport}\n`);
    const { host, port, user, password } = postgres;
    Object.assign(process.env, {
      LOADER_URL: loader.url,
      LOADER_TOKEN: loader.token,
      PGHOST: host,
      PGPORT: String(port),
      PGUSER: user,
      PGPASSWORD: password,
      PGDATABASE: 'shop',
    });
  }, timeout);

  afterAll(async () => {
    await loader.close();
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const run = async (config: string, state: string, ...args: string[]): Promise<string> => {
    const options = ['--config', path.join(folder, config), '--state', path.join(folder, state)];
    const done = await runHere(['run', '--once', '--port', '0', ...options, ...args]);
    if (done.code !== 0) throw new Error(done.stdout + done.stderr);
    return done.stdout;
  };

  it('run ends in the catalogue that it ends in on the embedded transport', { timeout }, async () => {
    await run('purview-streams.yaml', 'embedded');
    await run('kafka.yaml', 'kafka');
    const expected = await exportCatalog(path.join(folder, 'embedded/catalog'));
    expect(await exportCatalog(path.join(folder, 'kafka/catalog'))).toBe(expected);
    const again = JSON.parse(await run('kafka.yaml', 'kafka', '--json')) as { readonly writeCalls: number };
    expect(again.writeCalls).toBe(0);
    expect(await exportCatalog(path.join(folder, 'kafka/catalog'))).toBe(expected);
  });
});
