import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { open, type RootDatabase } from 'lmdb';
import { StreamError, messageOf } from '../pipeline/errors.ts';
import type { Json, StateStore, StateWrite } from '../pipeline/state.ts';

/** LMDB takes keys of up to 1,978 bytes with its smallest page size (lmdb-js, "maxKeySize"); a qualifiedName may be longer. */
const longestKey = 1900;
const headBytes = longestKey - 32;

/** What is stored under a key: the key itself, since a long one is cut, and the value. */
type Stored = readonly [key: string, value: Json];

/**
 * Opens a state store in a folder, which is made where it is missing: one LMDB environment, durable when a write
 * resolves. Throws STATE_UNAVAILABLE when the folder cannot be used.
 */
export function openLocalState(folder: string): StateStore {
  const database = openDatabase(folder);
  let closed = false;
  const ready = (): RootDatabase<string, Buffer> => {
    if (closed) {
      throw new StreamError(
        'STATE_UNAVAILABLE',
        `The state store ${folder} was used after it had been closed.`,
      );
    }
    return database;
  };
  return {
    get: async (key) => {
      const text = ready().get(keyBytes(key));
      return text === undefined ? undefined : parseStored(text)[1];
    },
    write: async (writes) => {
      const entries = writes.map(serialised);
      const target = ready();
      await target.transaction(() => {
        for (const [key, text] of entries) {
          if (text === undefined) target.removeSync(key);
          else target.putSync(key, text);
        }
      });
    },
    scan: (prefix) => scan(ready(), prefix),
    close: async () => {
      if (closed) return;
      closed = true;
      await database.close();
    },
  };
}

function openDatabase(folder: string): RootDatabase<string, Buffer> {
  try {
    mkdirSync(folder, { recursive: true });
    // A transaction is then on disk when its promise resolves; with overlapping syncs it would only be committed.
    return open({ path: folder, keyEncoding: 'binary', encoding: 'string', overlappingSync: false });
  } catch (thrown) {
    throw new StreamError(
      'STATE_UNAVAILABLE',
      `The state folder ${folder} cannot be opened: ${messageOf(thrown)}.`,
      {
        cause: thrown,
        advice: 'Check that the folder can be written to and holds nothing else, or name another one.',
      },
    );
  }
}

/** Every stored key from `prefix` on. Keys with the same long head are stored by hash: they are brought into their own order first. */
async function* scan(
  database: RootDatabase<string, Buffer>,
  prefix: string,
): AsyncIterable<{ readonly key: string; readonly value: Json }> {
  const start = Buffer.from(prefix).subarray(0, headBytes);
  let run: Stored[] = [];
  let runHead: Buffer | undefined;
  for (const { key, value: text } of database.getRange({ start })) {
    if (!key.subarray(0, start.length).equals(start)) break;
    const stored = parseStored(text);
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

function serialised(write: StateWrite): readonly [Buffer, string | undefined] {
  const stored: Stored | undefined = write.value === undefined ? undefined : [write.key, write.value];
  return [keyBytes(write.key), stored && JSON.stringify(stored)];
}

function parseStored(text: string): Stored {
  const stored: Stored = JSON.parse(text);
  return stored;
}
