import type { Database } from 'lmdb';
import type { Table, TableEntry, TableKey } from '../../pipeline/table.ts';

/** Sorts behind every part: lmdb-js orders strings by their UTF-8, and no part holds this one. */
const last = '\u{10FFFF}';

/** A table in LMDB, whose database has lists of strings as keys and bytes as values. Writes belong to the current transaction. */
export class LmdbTable implements Table {
  readonly #database: Database<Buffer, string | string[]>;

  constructor(database: Database<Buffer, string | string[]>) {
    this.#database = database;
  }

  get(key: TableKey): Uint8Array | undefined {
    return this.#database.get([...key]);
  }

  first(prefix: TableKey, after?: TableKey): TableEntry | undefined {
    const start = after === undefined ? [...prefix] : [...after, last];
    for (const entry of this.#database.getRange({ start, end: [...prefix, last], limit: 1 }))
      return { key: parts(entry.key), value: entry.value };
    return undefined;
  }

  *scan(prefix: TableKey): Iterable<TableEntry> {
    const range = this.#database.getRange({ start: [...prefix], end: [...prefix, last] });
    for (const { key, value } of range) yield { key: parts(key), value };
  }

  put(key: TableKey, value: Uint8Array): void {
    this.#database.putSync([...key], Buffer.isBuffer(value) ? value : Buffer.from(value));
  }

  remove(key: TableKey): void {
    this.#database.removeSync([...key]);
  }
}

/** lmdb-js hands a list of one string out as that string. */
function parts(key: string | string[]): readonly string[] {
  return typeof key === 'string' ? [key] : key;
}
