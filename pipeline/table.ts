/** The contract of a table: records by a key of several parts, read and written synchronously within a transaction. */
import { hashOf } from './content-hash.ts';

/** A key: one part or more, each non-empty and shortened by {@link keyPart}. Keys are in the order of their parts' bytes, part by part. */
export type TableKey = readonly [string, ...string[]];

/** A record of a table. */
export interface TableEntry {
  readonly key: readonly string[];
  readonly value: Uint8Array;
}

/** A table to read. What it hands out is valid until the transaction ends. */
export interface TableView {
  get(key: TableKey): Uint8Array | undefined;
  /** The first record whose key begins with `prefix`; with `after`, which begins with `prefix` too, the first behind all that begin with `after`. */
  first(prefix: TableKey, after?: TableKey): TableEntry | undefined;
  /** Every record whose key begins with `prefix`, in the order of keys. The table must not be changed meanwhile. */
  scan(prefix: TableKey): Iterable<TableEntry>;
}

/** A table to read and write: a read sees what was written before in the same transaction. */
export interface Table extends TableView {
  put(key: TableKey, value: Uint8Array): void;
  /** Does nothing where there is no such record. */
  remove(key: TableKey): void;
}

/** A part may have this many UTF-16 units: three parts fit a key of LMDB (1,978 bytes) even where each is three bytes long. */
const longestPart = 200;
const headOfLongPart = 100;
/** What adapters may put between parts, and behind all of them; U+0001 to U+0004 do not survive in a long part of ordered-binary 1.6, LMDB's encoding of keys. */
const reserved = ['\0', '\u0001', '\u0002', '\u0003', '\u0004', '\u{10FFFF}'];
const anyReserved = new RegExp(`[${reserved.join('')}]`, 'u');

/** A text as part of a key: itself, or where it is empty, long, or holds U+0000 to U+0004 or U+10FFFF, its head and a hash of the whole. */
export function keyPart(text: string): string {
  if (text !== '' && text.length <= longestPart && !anyReserved.test(text)) return text;
  let head = text.slice(0, headOfLongPart);
  for (const character of reserved) head = head.replaceAll(character, '');
  return `${head.toWellFormed()}#${hashOf(text)}`;
}
