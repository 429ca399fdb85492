import path from 'node:path';
import type { CatalogThreadOptions } from '../catalog/catalog-thread-work.ts';
import type { LoadedConfig } from './load-config.ts';
import { stateFolder } from './state-folder.ts';

/** The local catalogue while it runs. */
export interface LocalCatalog {
  /** Where it and its page answer: `http://127.0.0.1:21000`. */
  readonly url: string;
  /** Rejects with CATALOG_ENDED when it ends by itself; it never resolves. */
  readonly ended: Promise<never>;
  /** Calls that wrote to it since it was opened. */
  writeCalls(): Promise<number>;
  close(): Promise<void>;
}

/** How a local catalogue is opened. */
export interface LocalCatalogOptions extends Pick<CatalogThreadOptions, 'mode' | 'auth' | 'faults'> {
  /** The state folder. */
  readonly folder: string;
  readonly host: string;
  readonly port: number;
  /** Whether it gets a thread of its own: beside stages, which write to it all the time. It takes longer to open. @default false */
  readonly inThread?: boolean;
}

/** Opens the local catalogue of a state folder. Throws PORT_IN_USE, STATE_UNAVAILABLE, or CATALOG_ENDED. */
export async function openLocalCatalog(options: LocalCatalogOptions): Promise<LocalCatalog> {
  const { folder, inThread = false, ...others } = options;
  const catalogOptions = { path: path.join(folder, 'catalog'), ...others };
  // Loaded where they are used: most commands need none.
  if (inThread) {
    const { openCatalogThread } = await import('../catalog/catalog-thread.ts');
    const catalog = await openCatalogThread(catalogOptions);
    return { ...catalog, writeCalls: async () => (await catalog.counters()).writeCalls };
  }
  const { openCatalog } = await import('../catalog/open-catalog.ts');
  const catalog = await openCatalog(catalogOptions);
  return {
    url: catalog.url,
    ended: new Promise<never>(() => undefined),
    writeCalls: async () => catalog.counters().writeCalls,
    close: () => catalog.close(),
  };
}

/** Opens the local catalogue that a configuration describes; resolves with undefined where it describes none. Throws as {@link openLocalCatalog}. */
export async function openOwnCatalog(
  loaded: LoadedConfig,
  options: {
    readonly state?: string;
    readonly host?: string;
    readonly port?: number;
    readonly inThread?: boolean | undefined;
  },
): Promise<LocalCatalog | undefined> {
  const { catalog } = loaded.config;
  if (catalog === undefined) return undefined;
  const { state, host = catalog.host, port = catalog.port, inThread = false } = options;
  return openLocalCatalog({ folder: stateFolder(loaded, state), host, port, inThread });
}
