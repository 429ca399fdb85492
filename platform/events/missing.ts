/** Thrown where something has to be asked for before synchronous work can go on. */
export class Missing extends Error {
  override readonly name = 'Missing';
  /** Asks for it; then the same work can be tried again. */
  readonly fetch: () => Promise<void>;

  constructor(fetch: () => Promise<void>) {
    super('Something has to be asked for first.');
    this.fetch = fetch;
  }
}

/** Does synchronous work, and does it again whenever it has asked for what it misses. */
export async function withMissing<T>(work: () => T): Promise<T> {
  for (;;) {
    try {
      return work();
    } catch (thrown) {
      if (!(thrown instanceof Missing)) throw thrown;
      await thrown.fetch();
    }
  }
}
