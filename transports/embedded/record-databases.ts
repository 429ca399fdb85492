import type { Database, RootDatabase } from 'lmdb';
import { openDatabase } from '../../platform/lmdb.ts';
import { readingPages } from './sealed.ts';

/** The databases of LMDB that hold the records of partitions, opened when they are first used. */
export class RecordDatabases {
  readonly #environment: RootDatabase<string, Buffer>;
  readonly #open = new Map<string, Database<Buffer, number>>();
  /** Names of what was opened since the last commit. */
  #fresh: string[] = [];

  constructor(environment: RootDatabase<string, Buffer>) {
    this.#environment = environment;
  }

  /** The records of a partition by offset, encoded. Throws TRANSPORT_DAMAGED. */
  of(topic: { readonly id: number }, partition: number): Database<Buffer, number> {
    const name = `log/${topic.id}/${partition}`;
    const open = this.#open.get(name);
    if (open !== undefined) return open;
    const database = readingPages(() =>
      openDatabase<Buffer, number>(this.#environment, {
        name,
        encoding: 'binary',
        keyEncoding: 'ordered-binary',
      }),
    );
    this.#open.set(name, database);
    this.#fresh.push(name);
    return database;
  }

  /**
   * Says how a transaction ended. One that is given up takes the databases along that were first opened in it: LMDB gives their numbers to others,
   * where what is written by them would land (lmdb.h, mdb_dbi_open: the handle is closed with the transaction).
   */
  ended(isCommitted: boolean): void {
    if (!isCommitted) for (const name of this.#fresh) this.#open.delete(name);
    this.#fresh = [];
  }
}
