import type { FencedStateStore, Json, StateStore, StateWrite } from './state.ts';

/**
 * What producers keep begins with one of these: inventories, what else a producer remembers, marks of changes, the last scans, removals that are held back, and
 * schedules. It may live beside the transport, since it is written after what it is about was appended: at worst something is said twice.
 */
const prefixes = [
  'producer-life/',
  'inventory/',
  'inventory-floor/',
  'inventory-decisions/',
  'memory/',
  'changes-mark/',
  'last-scan/',
  'held-removals/',
  'held-objects/',
  'schedule/',
  'schedule-request/',
] as const;

/** Whether a key belongs to what producers keep. */
export function isOfProducers(key: string): boolean {
  return prefixes.some((prefix) => key.startsWith(prefix));
}

/**
 * The part of a store that goes by a name, taken over when it is first used: what is read is then behind every write that counts. Rejects as the store
 * does; what could not be taken over is tried again by the next call.
 */
export function takenOver(store: FencedStateStore, name: string): StateStore {
  let taken: Promise<StateStore> | undefined;
  const own = async (): Promise<StateStore> => {
    taken ??= store.take(name);
    try {
      return await taken;
    } catch (thrown) {
      taken = undefined;
      throw thrown;
    }
  };
  return {
    get: async (key: string): Promise<Json | undefined> => (await own()).get(key),
    write: async (writes: readonly StateWrite[]): Promise<void> => (await own()).write(writes),
    scan: async function* scan(prefix: string) {
      yield* (await own()).scan(prefix);
    },
    close: async () => undefined,
  };
}
