/** What the thread of a catalogue runs: see `openCatalogThread`. */
import { parentPort } from 'node:worker_threads';
import { type CatalogOptions, openCatalog } from './open-catalog.ts';

/** What can be set of a catalogue in another thread: what can be copied there. */
export type CatalogThreadOptions = Omit<CatalogOptions, 'now' | 'random'>;

/** What is asked of the thread, and answered in the same order. */
export type CatalogQuestion = 'counters' | 'close';

/** Opens the catalogue, and answers what is asked of it from then on. Resolves with its url. */
export async function work(options: CatalogThreadOptions): Promise<string> {
  const catalog = await openCatalog(options);
  const answer = async (question: CatalogQuestion): Promise<void> => {
    if (question === 'close') await catalog.close();
    parentPort?.postMessage({ result: catalog.counters() }, []);
  };
  parentPort?.on('message', (question: CatalogQuestion) => void answer(question)); // what it throws ends the thread, which says so
  return catalog.url;
}
