import path from 'node:path';
import type { CatalogOptions } from '../catalog/open-catalog.ts';

/** The local catalogue while it runs. */
export interface LocalCatalog {
  /** Where it and its page answer: `http://127.0.0.1:21000`. */
  readonly url: string;
  /** Calls that wrote to it since it was opened. */
  writeCalls(): number;
  close(): Promise<void>;
}

/** Opens the local catalogue of a state folder. Throws PORT_IN_USE or STATE_UNAVAILABLE. */
export async function openLocalCatalog(
  options: Pick<CatalogOptions, 'mode' | 'auth' | 'faults'> & {
    /** The state folder. */
    readonly folder: string;
    readonly host: string;
    readonly port: number;
  },
): Promise<LocalCatalog> {
  const { folder, ...others } = options;
  const { openCatalog } = await import('../catalog/open-catalog.ts'); // loaded where it is used: most commands need none
  const catalog = await openCatalog({ path: path.join(folder, 'catalog'), ...others });
  return { url: catalog.url, writeCalls: () => catalog.counters().writeCalls, close: () => catalog.close() };
}
