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
  /** Every key that begins with `prefix`, in the order of keys. */
  scan(prefix: string): AsyncIterable<{ readonly key: string; readonly value: Json }>;
  /** May be called twice. */
  close(): Promise<void>;
}
