import { StreamError } from '../pipeline/errors.ts';
import type { Json, StateStore, StateWrite } from '../pipeline/state.ts';

/** A state store that lives as long as its process: for tests and dry runs. Values are kept as JSON text, so that no caller can change what is stored. */
export function createMemoryState(): StateStore {
  const values = new Map<string, string>();
  let closed = false;
  const open = (): Map<string, string> => {
    if (closed)
      throw new StreamError('STATE_UNAVAILABLE', 'The state store was used after it had been closed.');
    return values;
  };
  return {
    get: async (key) => {
      const text = open().get(key);
      return text === undefined ? undefined : parseValue(text);
    },
    write: async (writes) => {
      const entries = writes.map(serialised);
      const target = open();
      for (const [key, text] of entries) {
        if (text === undefined) target.delete(key);
        else target.set(key, text);
      }
    },
    scan: async function* scan(prefix) {
      const found = [...open()].filter(([key]) => key.startsWith(prefix));
      for (const [key, text] of found.sort(([a], [b]) => compareKeys(a, b))) {
        yield { key, value: parseValue(text) };
      }
    },
    close: async () => {
      closed = true;
    },
  };
}

function serialised(write: StateWrite): readonly [string, string | undefined] {
  if (write.key === '')
    throw new StreamError('STATE_UNAVAILABLE', 'A key of the state store must not be empty.');
  return [write.key, write.value === undefined ? undefined : JSON.stringify(write.value)];
}

function parseValue(text: string): Json {
  const value: Json = JSON.parse(text);
  return value;
}

/** The order of keys on every adapter: by the bytes of their UTF-8. */
function compareKeys(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
