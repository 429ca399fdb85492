import path from 'node:path';
import type { Database, RootDatabase } from 'lmdb';
import { StreamError } from '../pipeline/errors.ts';
import type { FencedStateStore, Json, StateStore, StateWrite } from '../pipeline/state.ts';
import { closeLmdb, openDatabase, openLmdb, transact } from '../platform/lmdb.ts';
import { putState, readState, scanState, stateEntry } from '../platform/lmdb-state.ts';

/** A state store in a folder of this machine, for any number of its processes: one LMDB file. Throws STATE_UNAVAILABLE where it cannot be opened. */
export function createLocalState(folder: string): FencedStateStore {
  return new LocalState(folder);
}

class LocalState implements FencedStateStore {
  readonly #environment: RootDatabase<string, Buffer>;
  readonly #values: Database<string, Buffer>;
  readonly #fences: Database<string, string>;
  #isClosed = false;

  constructor(folder: string) {
    this.#environment = openLmdb({
      folder: path.resolve(folder),
      code: 'STATE_UNAVAILABLE',
      advice: 'Restore it from a backup: `state restore`.',
    });
    this.#values = openDatabase(this.#environment, {
      name: 'state',
      encoding: 'string',
      keyEncoding: 'binary',
    });
    this.#fences = openDatabase(this.#environment, { name: 'fences', encoding: 'string' });
  }

  async get(key: string): Promise<Json | undefined> {
    this.#look();
    return readState(this.#values, key);
  }

  async *scan(prefix: string): AsyncIterable<{ readonly key: string; readonly value: Json }> {
    this.#look();
    yield* scanState(this.#values, prefix);
  }

  async write(writes: readonly StateWrite[]): Promise<void> {
    this.#write(writes, () => undefined);
  }

  async take(name: string): Promise<StateStore> {
    this.#refuseWhenClosed();
    const generation = transact(this.#environment, () => {
      const next = String(Number(this.#fences.get(name) ?? 0) + 1);
      this.#fences.putSync(name, next);
      return next;
    });
    const check = (): void => {
      if (this.#fences.get(name) !== generation)
        throw new StreamError('LEASE_LOST', `Another process has ${name} by now.`);
    };
    return {
      get: (key) => this.get(key),
      scan: (prefix) => this.scan(prefix),
      write: async (writes) => this.#write(writes, check),
      close: async () => undefined,
    };
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await closeLmdb(this.#environment);
  }

  #write(writes: readonly StateWrite[], check: () => void): void {
    this.#refuseWhenClosed();
    const entries = writes.map(stateEntry);
    transact(this.#environment, () => {
      check();
      putState(this.#values, entries);
    });
  }

  /** What is read from here on has in it what other processes have written. */
  #look(): void {
    this.#refuseWhenClosed();
    this.#environment.resetReadTxn();
  }

  #refuseWhenClosed(): void {
    if (this.#isClosed)
      throw new StreamError('STATE_UNAVAILABLE', 'The state store was used after it had been closed.');
  }
}
