import type { ContainerClient } from '@azure/storage-blob';
import { type ErrorCode, StreamError } from '../pipeline/errors.ts';
import type { FencedStateStore, StateStore, StateWrite } from '../pipeline/state.ts';
import { Blobs } from '../platform/journal/blobs.ts';
import { Journal } from '../platform/journal/journal.ts';

/** Blocks after which the journal begins anew from a snapshot: a blob takes 50,000. */
const blocks = 5000;

/** What a failure of the blobs means for a state store. */
const meanings: Partial<Record<ErrorCode, ErrorCode>> = {
  TRANSPORT_UNAVAILABLE: 'STORE_UNAVAILABLE',
  TRANSPORT_REFUSED: 'STORE_REFUSED',
  TRANSPORT_FAILED: 'STATE_UNAVAILABLE',
};

/**
 * A state store in Azure Blob Storage: a journal in an append blob, of which every process keeps what it means on its own disk. A write is appended where the journal ended when it was
 * made up, or made up anew: so each knows all before it, also who has taken a name over by then. `prefix` begins the names of the blobs.
 */
export function createBlobState(container: ContainerClient, prefix: string): FencedStateStore {
  const journal = new Journal(new Blobs(container, `${prefix}producers/`), { blocks });
  const write = async (writes: readonly StateWrite[], isHeld: Held): Promise<void> => {
    const state = writes.map(({ key, value }): [string, ...unknown[]] => {
      if (key === '')
        throw new StreamError('STATE_UNAVAILABLE', 'A key of the state store must not be empty.');
      // As it is now: an entry is made up later, and may be made up twice.
      return value === undefined ? [key] : [key, JSON.parse(JSON.stringify(value))];
    });
    await understood(() =>
      journal.write(async (view) => {
        isHeld((name) => view.place(name).generation);
        return state.length === 0 ? undefined : { state };
      }),
    );
  };
  const storeOf = (isHeld: Held): StateStore => ({
    get: (key) => understood(() => journal.read((view) => view.cache.getState(key))),
    write: (writes) => write(writes, isHeld),
    scan: async function* scan(from) {
      yield* await understood(() => journal.read((view) => view.cache.scanStates(from)));
    },
    close: async () => undefined,
  });
  return {
    ...storeOf(() => undefined),
    take: async (name) => {
      let generation = 0;
      await understood(() =>
        journal.write(async (view) => {
          generation = view.place(name).generation + 1;
          return { fences: [[name, generation, -1]] };
        }),
      );
      return storeOf((current) => {
        if (current(name) !== generation)
          throw new StreamError('LEASE_LOST', `Another process has ${name} by now.`);
      });
    },
    close: () => journal.close(),
  };
}

/** Throws LEASE_LOST where what was taken over is in other hands, by the generations that names have. */
type Held = (generationOf: (name: string) => number) => void;

async function understood<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    const code = thrown instanceof StreamError ? meanings[thrown.code] : undefined;
    if (code === undefined || !(thrown instanceof StreamError)) throw thrown;
    throw new StreamError(code, thrown.message, { cause: thrown.cause });
  }
}
