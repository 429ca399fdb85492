import { type Loader, startLoader } from '../../examples/retail/loader/loader.ts';
import { readJobs } from '../../examples/retail/loader/server.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../examples/retail/postgres/embedded.ts';
import { loadShop } from '../../examples/retail/postgres/server.ts';

/** The servers that the example's configuration speaks to. */
export interface RetailSources {
  readonly postgres: EmbeddedPostgres;
  readonly loader: Loader;
  close(): Promise<void>;
}

/** Starts them, and sets the environment variables that name them. */
export async function startRetailSources(): Promise<RetailSources> {
  const postgres = await startEmbeddedPostgres(undefined);
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
