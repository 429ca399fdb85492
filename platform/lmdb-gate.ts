import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { RootDatabase } from 'lmdb';
import { openEnvironment, transactLocked } from './lmdb-environment.ts';
import { faultOfLmdbFile } from './lmdb-file.ts';

/** Address space of a file in which there is nothing. */
const mapSize = 1024 * 1024;

/**
 * Keeps the processes of one LMDB environment from opening it while one of them writes. To open it sets the number of the last transaction, which
 * all of them share, to what was read of the file a moment before (mdb.c in lmdb-js 3.5.6, mdb_env_open2: `me_txns->mti_txnid = meta.mm_txnid`;
 * LMDB itself does so only with MDB_PREVSNAPSHOT). What is committed in between is overwritten by the next commit, without a word; or, if it was more
 * than one, keeps everybody from writing ("mdb_page_touch no parent").
 *
 * The gate is an environment of its own beside it, `gate.mdb`, in which nothing ever is, so that it does not matter there: all that is used of
 * it is the lock of its writers, which is given free also by the death of the one who has it. That lock is in `gate.mdb-lock`: a `gate.mdb` that is damaged is made anew.
 */
export class LmdbGate {
  readonly #environment: RootDatabase;
  #isHeld = false;

  constructor(folder: string) {
    const path = join(folder, 'gate.mdb');
    if (existsSync(path) && faultOfLmdbFile(path) !== undefined) rmSync(path, { force: true });
    this.#environment = openEnvironment({ path, noSubdir: true, overlappingSync: false, mapSize });
  }

  /** Runs `work`, which is synchronous, while nobody else runs any. Whoever is within may come in again. */
  hold<T>(work: () => T): T {
    if (this.#isHeld) return work();
    const done: T[] = [];
    transactLocked(this.#environment, () => {
      this.#isHeld = true;
      try {
        done.push(work());
      } finally {
        this.#isHeld = false;
      }
    });
    return done[0] as T;
  }

  close(): Promise<void> {
    return this.#environment.close();
  }
}
