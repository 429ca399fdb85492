import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { openCatalog } from '../catalog/open-catalog.ts';
import { configure } from '../cli/configured.ts';
import { loadConfig } from '../cli/load-config.ts';
import { producersOf } from '../cli/open-producers.ts';
import { startPipeline } from '../cli/pipeline-run.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../examples/retail/postgres/embedded.ts';
import { type Benchmark, type BenchmarkContext, inFolder, median, range, sized } from './benchmark.ts';
import { openFrom, passwordVariable } from './pipeline.ts';

const database = 'postgres';
const tables = 50;
const producer = 'shop';

/** Milliseconds between two looks: the catalogue is in the same process, and answering takes time from what is measured. */
const lookMs = 20;

/** Whether the catalogue shows an entity, by its name. */
type Shows = (typeName: string, qualifiedName: string) => Promise<boolean>;

/** Milliseconds from each commit of an ALTER TABLE until the catalogue shows its new column. */
async function latencies(
  context: BenchmarkContext,
  client: Client,
  shows: Shows,
): Promise<readonly number[]> {
  const found: number[] = [];
  const count = sized(context, 200, 3);
  for (let n = 0; n < count; n += 1) {
    const table = `orders_${n % tables}`;
    const column = `added_${n}`;
    // Not a wait for something: commits come at any moment of what the producer does in turns.
    await delay(50 + Math.random() * 300);
    await client.query(`ALTER TABLE ${table} ADD COLUMN ${column} integer`);
    const committed = performance.now();
    while (!(await shows('postgresql_column', `postgresql://shop/${database}/public/${table}#${column}`))) {
      if (performance.now() - committed > 60_000) throw new Error(`${table}.${column} does not show up.`);
      await delay(lookMs);
    }
    found.push(performance.now() - committed);
    if (found.length % 50 === 0) context.progress(`${found.length} changes: ${range(found.slice(-50))} ms`);
  }
  return found;
}

async function withServer<T>(work: (server: EmbeddedPostgres, client: Client) => Promise<T>): Promise<T> {
  const server = await startEmbeddedPostgres();
  try {
    const { host, port, user, password } = server;
    const client = new Client({ host, port, user, password, database });
    await client.connect();
    try {
      return await work(server, client);
    } finally {
      await client.end();
    }
  } finally {
    await server.stop();
  }
}

function writeConfig(folder: string, { host, port, user }: EmbeddedPostgres, catalogUrl: string): string {
  const file = join(folder, 'purview-streams.yaml');
  writeFileSync(
    file,
    `state: state
transport: { kind: embedded }
sink: { kind: local, url: '${catalogUrl}' }
producers:
  ${producer}: { kind: postgres, host: ${host}, port: ${port}, user: ${user}, password: '\${env:${passwordVariable}}', database: ${database}, server: shop }
`,
  );
  return file;
}

async function measureAll(context: BenchmarkContext): Promise<readonly number[]> {
  return inFolder((folder) =>
    withServer(async (server, client) => {
      for (let n = 0; n < tables; n += 1)
        await client.query(`CREATE TABLE orders_${n} (id bigint PRIMARY KEY)`);
      const catalog = await openCatalog({ path: join(folder, 'catalog'), port: 0 });
      process.env[passwordVariable] = server.password;
      const file = writeConfig(folder, server, catalog.url);
      await configure(await loadConfig(file))
        .producers.get(producer)
        ?.installer?.run('install', new AbortController().signal);
      const pipeline = await openFrom(file);
      const running = startPipeline(pipeline, producersOf(pipeline, [producer]));
      try {
        await running.settled;
        const following = running.follow();
        const found = latencies(context, client, async (typeName, qualifiedName) => {
          const query = new URLSearchParams({ 'attr:qualifiedName': qualifiedName }).toString();
          const authorization = `Basic ${Buffer.from('admin:admin').toString('base64')}`;
          const path = `/api/atlas/v2/entity/uniqueAttribute/type/${typeName}/header?${query}`;
          const answer = await fetch(catalog.url + path, { headers: { authorization } });
          await answer.arrayBuffer();
          return answer.ok;
        });
        await Promise.race([found, following]);
        return await found;
      } finally {
        await running.stop();
        await pipeline.close();
        await catalog.close();
      }
    }),
  );
}

/** How fresh the catalogue is: from the commit of a change in a real PostgreSQL to its column in the local catalogue. */
export const ddlLatency: Benchmark = {
  names: ['ddl-latency-p50', 'ddl-latency-p99'],
  summary: 'ALTER TABLE in PostgreSQL, from its commit until the catalogue shows the new column',
  aim: 'a p99 below 1,000 ms',
  measure: async (context) => {
    const found = [...(await measureAll(context))].sort((a, b) => a - b);
    const p99 = found[Math.ceil(found.length * 0.99) - 1] ?? Number.NaN;
    const note = `${found.length} changes of ${tables} tables, event triggers installed, everything in one process; ${range(found)}`;
    return [
      { name: 'ddl-latency-p50', value: median(found), unit: 'ms', baseline: null, note },
      { name: 'ddl-latency-p99', value: p99, unit: 'ms', baseline: null, note },
    ];
  },
};
