import type { PullLimit } from '../transport.ts';

/**
 * What bounds memory: a credit is taken before records are pulled, and comes back when the offset watermark passes them,
 * so memory depends on the credits and not on the backlog (invariant 7). One record larger than all bytes is let in alone.
 */
export class Credits {
  readonly #limit: PullLimit;
  #records = 0;
  #bytes = 0;
  #wake: () => void = () => undefined;

  constructor(limit: PullLimit) {
    this.#limit = limit;
  }

  /** Records that hold a credit. */
  get inUse(): number {
    return this.#records;
  }

  /** What may be pulled now; waits until it is at least one record. Undefined when `signal` fired. */
  async available(signal: AbortSignal): Promise<PullLimit | undefined> {
    while (!signal.aborted) {
      const records = this.#limit.records - this.#records;
      const bytes = this.#limit.bytes - this.#bytes;
      if (records > 0 && (bytes > 0 || this.#records === 0)) return { records, bytes: Math.max(bytes, 1) };
      await new Promise<void>((resolve) => {
        const done = (): void => {
          signal.removeEventListener('abort', done);
          resolve();
        };
        this.#wake = done;
        signal.addEventListener('abort', done, { once: true });
      });
    }
    return undefined;
  }

  /** Takes the credits of what was pulled. */
  take(records: number, bytes: number): void {
    this.#records += records;
    this.#bytes += bytes;
  }

  /** Gives credits back. */
  give(records: number, bytes: number): void {
    this.#records -= records;
    this.#bytes -= bytes;
    if (records > 0) this.#wake();
  }
}
