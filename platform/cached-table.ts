import type { Database } from 'lmdb';
import type { TableEntry, TableKey } from '../pipeline/table.ts';
import { entriesFrom } from './lmdb-state.ts';
import type { ScannedTable } from './overlay-table.ts';

/** Ends every part of a key, and sorts behind the end of a part: no part holds the first, and the second is the next one. */
const end = '\0';
const behindEnd = Buffer.of(1);

/** A table in LMDB whose keys are the bytes of their parts, in their order. What it hands out is valid until something is written. */
export class CachedTable implements ScannedTable {
  readonly #database: Database<Buffer, Buffer>;

  constructor(database: Database<Buffer, Buffer>) {
    this.#database = database;
  }

  get(key: TableKey): Uint8Array | undefined {
    return this.#database.get(bytesOf(key));
  }

  first(prefix: TableKey, after?: TableKey): TableEntry | undefined {
    for (const { key, value } of this.#database.getRange({ ...range(prefix, after), limit: 1 }))
      return { key: partsOf(key), value };
    return undefined;
  }

  *scan(prefix: TableKey, after?: TableKey): Iterable<TableEntry> {
    for (const { key, value } of this.#database.getRange(range(prefix, after)))
      yield { key: partsOf(key), value };
  }

  /** Every record, in the order of keys. Whoever takes them may wait between two of them; what is written meanwhile may be among them or not. */
  *all(): Iterable<TableEntry> {
    for (const { key, value } of entriesFrom(this.#database, Buffer.alloc(0)))
      yield { key: partsOf(key), value };
  }

  /** Within a transaction; undefined removes. */
  write(key: TableKey, value: Uint8Array | undefined): void {
    if (value === undefined) this.#database.removeSync(bytesOf(key));
    else this.#database.putSync(bytesOf(key), Buffer.from(value));
  }
}

function range(
  prefix: TableKey,
  after: TableKey | undefined,
): { readonly start: Buffer; readonly end: Buffer } {
  const start = bytesOf(prefix);
  return { start: after === undefined ? start : behind(bytesOf(after)), end: behind(start) };
}

function bytesOf(key: TableKey): Buffer {
  return Buffer.from(key.map((part) => part + end).join(''));
}

function behind(bytes: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, -1), behindEnd]);
}

function partsOf(key: Buffer): readonly string[] {
  return key.toString().slice(0, -1).split(end);
}
