import { createHash } from 'node:crypto';
import type { Database } from 'lmdb';
import { StreamError } from '../pipeline/errors.ts';
import type { Json, StateWrite } from '../pipeline/state.ts';
import { sealText, unsealText } from './sealed-text.ts';

/** LMDB takes keys of up to 1,978 bytes with its smallest page size (lmdb-js, "maxKeySize"); a qualifiedName may be longer. */
const longestKey = 1900;
const headBytes = longestKey - 32;

/** What is stored under a key: the key itself, since a long one is cut, and the value. */
type Stored = readonly [key: string, value: Json];

/** A write that is ready to be stored: its key's bytes, and its text, or undefined where the key is to go. */
export type StateEntry = readonly [key: Buffer, text: string | undefined];

/**
 * The value of a key in a database of state, or undefined. The database has binary keys and strings as values. Throws
 * STATE_UNAVAILABLE when it is not the one that was written.
 */
export function readState(database: Database<string, Buffer>, key: string): Json | undefined {
  const bytes = keyBytes(key);
  const text = database.get(bytes);
  return text === undefined ? undefined : parseStored(bytes, text)[1];
}

/** Makes a write ready; throws when its value is not JSON or its key is empty. */
export function stateEntry(write: StateWrite): StateEntry {
  const stored: Stored | undefined = write.value === undefined ? undefined : [write.key, write.value];
  return [keyBytes(write.key), stored && sealText(JSON.stringify(stored))];
}

/** Stores entries; called within a transaction. */
export function putState(database: Database<string, Buffer>, entries: readonly StateEntry[]): void {
  for (const [key, text] of entries) {
    if (text === undefined) database.removeSync(key);
    else database.putSync(key, text);
  }
}

/** Entries that are read in one go. */
const pageSize = 500;

/**
 * Every stored key from `prefix` on; what is written meanwhile may be among them or not. Throws as {@link readState}. Keys with the same long head are
 * stored by hash: they are brought into their own order first.
 */
export async function* scanState(
  database: Database<string, Buffer>,
  prefix: string,
): AsyncIterable<{ readonly key: string; readonly value: Json }> {
  const start = Buffer.from(prefix).subarray(0, headBytes);
  let run: Stored[] = [];
  let runHead: Buffer | undefined;
  for (const { key, value: text } of entriesFrom(database, start)) {
    if (!key.subarray(0, start.length).equals(start)) break;
    const stored = parseStored(key, text);
    const head = key.length < headBytes ? undefined : Buffer.from(key.subarray(0, headBytes));
    if (head === undefined || runHead === undefined || !head.equals(runHead)) {
      yield* inOrder(run, prefix);
      run = [];
      runHead = head;
    }
    run.push(stored);
  }
  yield* inOrder(run, prefix);
}

/**
 * Entries from a key on, read page by page: whoever takes them may wait between two of them, and a cursor of LMDB must not be open then. A write in
 * between ends the transaction that it reads in.
 */
export function* entriesFrom<T>(
  database: Database<T, Buffer>,
  start: Buffer,
): Iterable<{ readonly key: Buffer; readonly value: T }> {
  for (let from: Buffer | undefined = start; from !== undefined; ) {
    const page: readonly { readonly key: Buffer; readonly value: T }[] = Array.from(
      database.getRange({ start: from, limit: pageSize }),
      ({ key, value }) => ({
        key: Buffer.from(key),
        value,
      }),
    );
    yield* page;
    const last = page.length < pageSize ? undefined : page.at(-1);
    from = last && Buffer.concat([last.key, Buffer.of(0)]); // the next key that there can be
  }
}

function inOrder(run: readonly Stored[], prefix: string): { readonly key: string; readonly value: Json }[] {
  return run
    .filter(([key]) => key.startsWith(prefix))
    .sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    .map(([key, value]) => ({ key, value }));
}

/** The bytes under which a key is stored: its own where they fit, else its head and a hash of the whole. */
function keyBytes(key: string): Buffer {
  if (key === '') throw new StreamError('STATE_UNAVAILABLE', 'A key of the state store must not be empty.');
  const bytes = Buffer.from(key);
  if (bytes.length <= longestKey) return bytes;
  return Buffer.concat([bytes.subarray(0, headBytes), createHash('sha256').update(bytes).digest()]);
}

function parseStored(at: Buffer, text: string): Stored {
  const json = unsealText(text);
  if (json === undefined) {
    const name = JSON.stringify(at.subarray(0, headBytes).toString());
    throw new StreamError('STATE_UNAVAILABLE', `What the state holds under ${name} is damaged.`, {
      advice:
        'Move the state folder away and start again: the producers scan their sources anew, and the catalogue ends up the same.',
    });
  }
  const stored: Stored = JSON.parse(json);
  return stored;
}
