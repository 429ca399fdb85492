/** The contract of a state store: small JSON values by key, kept over restarts. */

/** A JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** One write of {@link StateStore.write}. An undefined value deletes the key. */
export interface StateWrite {
  readonly key: string;
  readonly value: Json | undefined;
}

/** Keys are paths with `/`, such as `applied/TYPE/NAME`. Reads are synchronous where the store is local, so both are promises. */
export interface StateStore {
  /** The value, or undefined. Readers parse it with zod: it may stem from an older version. */
  get(key: string): Promise<Json | undefined>;
  /** All writes or none; durable when it resolves. */
  write(writes: readonly StateWrite[]): Promise<void>;
  /** Every key that begins with `prefix`, in the order of keys. What is written meanwhile may be among them or not. */
  scan(prefix: string): AsyncIterable<{ readonly key: string; readonly value: Json }>;
  /** May be called twice. */
  close(): Promise<void>;
}

/** A state store of which parts can be taken over, so that of several processes the last one counts. */
export interface FencedStateStore extends StateStore {
  /**
   * Takes what goes by a name over. What is written through the store that it gives counts until somebody takes that name over again, and is refused with LEASE_LOST
   * from then on, however long a process was stopped in between. Writes of the store itself are not fenced.
   */
  take(name: string): Promise<StateStore>;
}
