import type { RootDatabase } from 'lmdb';
import { StreamError } from '../pipeline/errors.ts';
import type { StateStore } from '../pipeline/state.ts';
import { openLmdb } from '../platform/lmdb.ts';
import { putState, readState, scanState, stateEntry } from '../platform/lmdb-state.ts';

/**
 * Opens a state store in a folder, which is made where it is missing: one LMDB environment, durable when a write
 * resolves. Throws STATE_UNAVAILABLE when the folder cannot be used or its file is damaged.
 */
export function openLocalState(folder: string): StateStore {
  const database = openLmdb({
    folder,
    code: 'STATE_UNAVAILABLE',
    advice: 'Check that the folder can be written to and holds nothing else, or name another one.',
  });
  let closed = false;
  const ready = (): RootDatabase<string, Buffer> => {
    if (closed) {
      throw new StreamError(
        'STATE_UNAVAILABLE',
        `The state store ${folder} was used after it had been closed.`,
      );
    }
    return database;
  };
  return {
    get: async (key) => readState(ready(), key),
    write: async (writes) => {
      const entries = writes.map(stateEntry);
      // An asynchronous transaction of lmdb-js 3.5.6 never settles when the disk is full.
      ready().transactionSync(() => putState(database, entries));
    },
    scan: (prefix) => scanState(ready(), prefix),
    close: async () => {
      if (closed) return;
      closed = true;
      await database.close();
    },
  };
}
