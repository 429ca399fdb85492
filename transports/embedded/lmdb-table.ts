import { crc32 } from 'node:zlib';
import type { Database } from 'lmdb';
import { StreamError } from '../../pipeline/errors.ts';
import type { Table, TableEntry, TableKey } from '../../pipeline/table.ts';
import { rebuildAdvice } from './sealed.ts';

/** Sorts behind every part: lmdb-js orders strings by their UTF-8, and no part holds this one. */
const last = '\u{10FFFF}';

/** Every value begins with its CRC-32, little-endian: LMDB's pages carry no checksum. */
const sealBytes = 4;

/**
 * A table in LMDB, whose database has lists of strings as keys and bytes as values. Writes belong to the current transaction. A
 * read throws TRANSPORT_DAMAGED when a value is not the one that was written.
 */
export class LmdbTable implements Table {
  readonly #database: Database<Buffer, string | string[]>;

  constructor(database: Database<Buffer, string | string[]>) {
    this.#database = database;
  }

  get(key: TableKey): Uint8Array | undefined {
    const value = this.#database.get([...key]);
    return value === undefined ? undefined : opened(key, value);
  }

  first(prefix: TableKey, after?: TableKey): TableEntry | undefined {
    const start = after === undefined ? [...prefix] : [...after, last];
    for (const entry of this.#database.getRange({ start, end: [...prefix, last], limit: 1 }))
      return openedEntry(entry);
    return undefined;
  }

  *scan(prefix: TableKey): Iterable<TableEntry> {
    const range = this.#database.getRange({ start: [...prefix], end: [...prefix, last] });
    for (const entry of range) yield openedEntry(entry);
  }

  put(key: TableKey, value: Uint8Array): void {
    this.#database.putSync([...key], sealed(value));
  }

  remove(key: TableKey): void {
    this.#database.removeSync([...key]);
  }
}

/** lmdb-js hands a list of one string out as that string. */
function parts(key: string | string[]): readonly string[] {
  return typeof key === 'string' ? [key] : key;
}

function sealed(value: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(sealBytes + value.length);
  bytes.writeUInt32LE(crc32(value));
  bytes.set(value, sealBytes);
  return bytes;
}

function openedEntry({
  key,
  value,
}: {
  readonly key: string | string[];
  readonly value: Buffer;
}): TableEntry {
  return { key: parts(key), value: opened(parts(key), value) };
}

function opened(key: readonly string[], bytes: Buffer): Buffer {
  const value = bytes.subarray(sealBytes);
  if (bytes.length >= sealBytes && crc32(value) === bytes.readUInt32LE()) return value;
  throw new StreamError('TRANSPORT_DAMAGED', `The state under ${key.join(' / ')} is damaged.`, {
    advice: rebuildAdvice,
  });
}
