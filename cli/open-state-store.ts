import { existsSync } from 'node:fs';
import path from 'node:path';
import { StreamError } from '../pipeline/errors.ts';
import type { FencedStateStore, StateStore } from '../pipeline/state.ts';
import { type StateStoreConfig, stateStoreSchema } from '../pipeline/state-store-config.ts';
import type { Transport } from '../pipeline/transport.ts';
import { createLocalState } from '../state/local.ts';
import type { SqlLogin } from '../state/sql/login.ts';
import { type LoadedConfig, loadConfig } from './load-config.ts';
import { type LogOptions, openLog } from './open-log.ts';
import { stateFolder } from './state-folder.ts';

/** The folder of the state store `local` within the state folder. */
function producersFolder(stateFolder: string): string {
  return path.join(stateFolder, 'producers');
}

/** Opens the configured place of what producers keep; undefined where that is with the transport. Nothing is connected before it is used. */
export async function openStateStore(
  loaded: LoadedConfig,
  stateFolder: string,
): Promise<FencedStateStore | undefined> {
  const { stateStore } = loaded.config;
  switch (stateStore.kind) {
    case 'transport':
    case 'kafka':
      return undefined;
    case 'local':
      return createLocalState(producersFolder(stateFolder));
    case 'sql':
      return openSql(loaded, stateStore);
    case 'azure-blob':
      return openBlobs(stateStore);
  }
}

async function openSql(
  loaded: LoadedConfig,
  { dialect, table, credential }: StateStoreConfig,
): Promise<FencedStateStore> {
  // Libraries are loaded only where they are used, since that takes a while.
  const { createSqlState } = await import('../state/sql/store.ts');
  let section: StateStoreConfig | undefined;
  const login = async (): Promise<SqlLogin> => {
    // A connection that is made anew logs in with what files and vaults hold by then.
    const again = section && (await loaded.resolveAgain(['stateStore'], { fresh: true }));
    section = again === undefined ? loaded.config.stateStore : stateStoreSchema.parse(again);
    const { host = '', port, database = '', user, password, ssl } = section;
    return { host, port, database, user, password, ssl: typeof ssl === 'object' ? tls(ssl) : ssl };
  };
  switch (dialect) {
    case 'postgres':
      return createSqlState((await import('../state/sql/postgres.ts')).postgresDatabase(login), table);
    case 'mysql':
      return createSqlState((await import('../state/sql/mysql.ts')).mysqlDatabase(login), table);
    case 'sql-server': {
      const { sqlServerDatabase } = await import('../state/sql/sql-server.ts');
      return createSqlState(sqlServerDatabase(login, credential), table);
    }
  }
}

async function openBlobs({ blobs, prefix, credential }: StateStoreConfig): Promise<FencedStateStore> {
  const [{ createBlobState }, { containerOf }, { asAzureCredential, connectAzure }] = await Promise.all([
    import('../state/azure-blob.ts'),
    import('./open-blobs.ts'),
    import('../platform/azure-credential.ts'),
  ]);
  const isSignedIn = blobs?.connectionString === undefined;
  const signIn = isSignedIn ? asAzureCredential(await connectAzure(credential)) : undefined;
  return createBlobState(containerOf('stateStore.blobs', blobs, signIn), prefix);
}

function tls({ ca, rejectUnauthorized }: Exclude<NonNullable<StateStoreConfig['ssl']>, boolean>): {
  readonly ca?: string;
  readonly rejectUnauthorized: boolean;
} {
  return { rejectUnauthorized, ...(ca === undefined ? {} : { ca }) };
}

/** The topics that earlier or running processes keep, and what producers keep. */
export interface OpenKept {
  readonly log: Transport;
  /** Undefined where it is with the transport. */
  readonly store: FencedStateStore | undefined;
  /** What producers keep, wherever it is. */
  readonly ofProducers: StateStore;
  close(): Promise<void>;
}

/** Opens both, as {@link openLog} does. With a state folder and no configuration, what producers keep is in `producers/` of that folder where there is one, else with the topics. */
export async function openKept(options: LogOptions): Promise<OpenKept> {
  const log = await openLog(options);
  try {
    const store = await storeBeside(options);
    return {
      log,
      store,
      ofProducers: store ?? log.transactions.state,
      close: async () => {
        await store?.close();
        await log.close();
      },
    };
  } catch (thrown) {
    await log.close();
    throw thrown;
  }
}

async function storeBeside(options: LogOptions): Promise<FencedStateStore | undefined> {
  try {
    const loaded = await loadConfig(options.config, { withoutSources: true });
    return await openStateStore(loaded, stateFolder(loaded, options.state));
  } catch (thrown) {
    const isMissing = thrown instanceof StreamError && thrown.code === 'CONFIG_NOT_FOUND';
    if (!isMissing || options.state === undefined) throw thrown;
    const folder = producersFolder(path.resolve(options.state));
    return existsSync(folder) ? createLocalState(folder) : undefined;
  }
}
