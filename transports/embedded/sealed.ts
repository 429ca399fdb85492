import type { Database, Key } from 'lmdb';
import { messageOf, StreamError } from '../../pipeline/errors.ts';
import { sealText, unsealText } from '../../platform/sealed-text.ts';

/** A database of small JSON documents, each with its checksum. */
export type Sealed = Database<string>;

/** Stores a document; called within a transaction. */
export function putSealed(database: Sealed, key: Key, document: unknown): void {
  database.putSync(key, sealText(JSON.stringify(document)));
}

/** The document under a key, or undefined. Throws TRANSPORT_DAMAGED when it is not what was stored. */
export function getSealed(database: Sealed, key: Key): unknown {
  const text = readingPages(() => database.get(key));
  return text === undefined ? undefined : unseal(text, key);
}

/** Reads from LMDB; whatever it says of pages and keys that it cannot make sense of (it has errors of many kinds) becomes TRANSPORT_DAMAGED. */
export function readingPages<T>(read: () => T): T {
  try {
    return read();
  } catch (thrown) {
    if (thrown instanceof StreamError) throw thrown;
    throw new StreamError('TRANSPORT_DAMAGED', `The log cannot be read: ${messageOf(thrown)}.`, {
      cause: thrown,
      advice: rebuildAdvice,
    });
  }
}

/** Whether nothing is in a database; its statistics go on counting what a transaction wrote that was given up. Throws as {@link readingPages}. */
export function hasNoEntry(database: Database<unknown>): boolean {
  return readingPages(() => Array.from(database.getKeys({ limit: 1 })).length === 0);
}

/** A log that lacks what it must have. */
export function damagedLog(what: string): StreamError {
  return new StreamError('TRANSPORT_DAMAGED', `The log is damaged: ${what}.`, { advice: rebuildAdvice });
}

/** The document in a stored text. */
export function unseal(text: string, key: Key): unknown {
  const json = unsealText(text);
  if (json !== undefined) return JSON.parse(json);
  throw new StreamError(
    'TRANSPORT_DAMAGED',
    `The entry ${JSON.stringify(key)} of the log does not match its checksum.`,
    { advice: rebuildAdvice },
  );
}

/** What to do about a log that is damaged. */
export const rebuildAdvice =
  'Move the folder away and start again: the producers scan their sources anew, and the catalogue ends up the same.';
