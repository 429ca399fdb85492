import path from 'node:path';
import { StreamError } from '../pipeline/errors.ts';
import type { FencedStateStore, StateStore, StateWrite } from '../pipeline/state.ts';
import { openLmdb } from '../platform/lmdb.ts';
import { putState, readState, scanState, stateEntry } from '../platform/lmdb-state.ts';

/** A state store in a folder of this machine, for any number of its processes: one LMDB file. Throws STATE_UNAVAILABLE where it cannot be opened. */
export function createLocalState(folder: string): FencedStateStore {
  const environment = openLmdb({
    folder: path.resolve(folder),
    code: 'STATE_UNAVAILABLE',
    advice:
      'Check that the folder can be written to; where it is damaged, `state restore` or `state import`.',
  });
  const binary = { encoding: 'string', keyEncoding: 'binary' } as const;
  const values = environment.openDB<string, Buffer>({ name: 'state', ...binary });
  const fences = environment.openDB<string, string>({ name: 'fences', encoding: 'string' });
  let isClosed = false;
  const refuse = (): void => {
    if (isClosed)
      throw new StreamError('STATE_UNAVAILABLE', 'The state store was used after it had been closed.');
  };
  const write = (writes: readonly StateWrite[], check: () => void): void => {
    refuse();
    const entries = writes.map(stateEntry);
    environment.transactionSync(() => {
      check();
      putState(values, entries);
    });
  };
  const storeOf = (check: () => void): StateStore => ({
    get: async (key) => {
      refuse();
      environment.resetReadTxn(); // what other processes have written
      return readState(values, key);
    },
    write: async (writes) => write(writes, check),
    scan: async function* scan(prefix) {
      refuse();
      environment.resetReadTxn();
      yield* scanState(values, prefix);
    },
    close: async () => undefined,
  });
  return {
    ...storeOf(() => undefined),
    take: async (name) => {
      refuse();
      const generation = environment.transactionSync(() => {
        const next = String(Number(fences.get(name) ?? 0) + 1);
        fences.putSync(name, next);
        return next;
      });
      return storeOf(() => {
        if (fences.get(name) === generation) return;
        throw new StreamError('LEASE_LOST', `Another process has ${name} by now.`);
      });
    },
    close: async () => {
      if (isClosed) return;
      isClosed = true;
      await environment.close();
    },
  };
}
