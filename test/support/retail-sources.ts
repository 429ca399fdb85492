import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Client } from 'pg';
import { type Loader, startLoader } from '../../examples/retail/loader/loader.ts';
import { readJobs } from '../../examples/retail/loader/server.ts';
import type { EmbeddedPostgres } from '../../examples/retail/postgres/embedded.ts';
import { loadShop } from '../../examples/retail/postgres/server.ts';
import { startFreshPostgres } from './fresh-postgres.ts';

/** The servers that the example's configuration speaks to. */
export interface RetailSources {
  readonly postgres: EmbeddedPostgres;
  readonly loader: Loader;
  close(): Promise<void>;
}

/** Starts them, and sets the environment variables that name them. */
export async function startRetailSources(): Promise<RetailSources> {
  const postgres = await startFreshPostgres();
  await loadShop(postgres);
  const loader = await startLoader({ jobs: await readJobs() });
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
  const close = async (): Promise<void> => {
    await loader.close();
    await postgres.stop();
  };
  return { postgres, loader, close };
}

/** What happens to the four sources between two runs; `folder` has the files of two of them. */
export async function changeRetail(sources: RetailSources, folder: string): Promise<void> {
  const { host, port, user, password } = sources.postgres;
  const client = new Client({ host, port, user, password, database: 'shop' });
  await client.connect();
  await client.query('ALTER TABLE sales.products ADD COLUMN colour text');
  await client.query('ALTER TABLE sales.customers RENAME TO buyers');
  await client.query('DROP VIEW reporting.revenue_by_day');
  await client.end();
  const job = sources.loader.jobs.get('export_daily_sales');
  if (job === undefined) throw new Error('The example has no such job.');
  sources.loader.jobs.set(job.id, { ...job, lastRun: '2026-11-23T03:05:00Z', description: 'Changed.' });
  sources.loader.jobs.delete('export_products');
  const file = path.join(folder, 'jobs/publish_revenue.xml');
  await writeFile(file, (await readFile(file, 'utf8')).replace('revenue', 'income'));
  await rm(path.join(folder, 'jobs/publish_categories.xml'));
  await rm(path.join(folder, 'warehouse/scripts/copy_products.custom'));
}
