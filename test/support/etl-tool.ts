import { type Loader, type LoaderOptions, startLoader } from '../../examples/retail/loader/loader.ts';
import { readJobs } from '../../examples/retail/loader/server.ts';
import type { Producer } from '../../pipeline/producer.ts';
import { etlApi } from '../../producers/etl-api/component.ts';

/** The dataset rules of the example shop's loader. */
export const retailDatasets = {
  customDB: { type: 'customdb_table', name: '{table}', parameters: { server: 'warehouse' } },
  blob: { type: 'azure_blob_path', path: '{url+}' },
  postgres: {
    type: ['postgresql_table', 'postgresql_view'],
    name: '{schema}.{table}',
    parameters: { server: 'shop-db', database: 'shop' },
  },
};

/** Options of the producer on a running tool: small pages, and waits that are over at once. */
function etlApiOptionsFor(loader: Loader, options: Readonly<Record<string, unknown>> = {}): unknown {
  return {
    url: loader.url,
    token: loader.token,
    tool: 'loader',
    pageSize: 5,
    attempts: 3,
    firstWait: 0.001,
    longestWait: 0.02,
    interval: 0.02,
    datasets: retailDatasets,
    ...options,
  };
}

/** Opens the producer on a running tool. */
export function openEtlApi(
  loader: Loader,
  options: Readonly<Record<string, unknown>> = {},
): Promise<Producer> {
  return etlApi.configure('loader', etlApiOptionsFor(loader, options), { baseFolder: '/' }).open();
}

/** Starts the example tool with the shop's jobs. */
export async function startRetailLoader(options: Omit<LoaderOptions, 'jobs'> = {}): Promise<Loader> {
  return startLoader({ jobs: await readJobs(), ...options });
}
