/** The example shop with its real sources, run over topics of any transport, in a folder of its own. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { exportCatalog } from '../../catalog/export.ts';
import { type Loader, startLoader } from '../../examples/retail/loader/loader.ts';
import { readJobs } from '../../examples/retail/loader/server.ts';
import type { EmbeddedPostgres } from '../../examples/retail/postgres/embedded.ts';
import { loadShop } from '../../examples/retail/postgres/server.ts';
import { startFreshPostgres } from './fresh-postgres.ts';
import { copyRetail } from './retail.ts';
import { runHere } from './run-here.ts';

/** See {@link startShop}. */
export interface ShopRuns {
  /** `run --once` with a state folder of that name; with a `transport` section in place of the embedded transport. Resolves with what it printed; rejects when it does not end with 0. */
  run(
    state: string,
    options?: { readonly transport?: string; readonly args?: readonly string[] },
  ): Promise<string>;
  /** What the catalogue of that state folder holds. */
  exported(state: string): Promise<string>;
  stop(): Promise<void>;
}

/** Starts the sources of the shop. They are named by the environment of this process, as in the example's configuration. */
export async function startShop(): Promise<ShopRuns> {
  const postgres: EmbeddedPostgres = await startFreshPostgres();
  await loadShop(postgres);
  const loader: Loader = await startLoader({ jobs: await readJobs() });
  const home = await mkdtemp(path.join(tmpdir(), 'shop-'));
  const folder = await copyRetail(home);
  const text = await readFile(path.join(folder, 'purview-streams.yaml'), 'utf8');
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
  return {
    run: async (state, { transport = '', args = [] } = {}) => {
      const config = path.join(folder, `${state}.yaml`);
      await writeFile(config, `${text}\n${transport}\n`);
      const options = ['--config', config, '--state', path.join(folder, state)];
      const done = await runHere(['run', '--once', '--port', '0', ...options, ...args]);
      if (done.code !== 0) throw new Error(done.stdout + done.stderr);
      return done.stdout;
    },
    exported: (state) => exportCatalog(path.join(folder, state, 'catalog')),
    stop: async () => {
      await loader.close();
      await postgres.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}
