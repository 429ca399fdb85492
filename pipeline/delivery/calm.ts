/**
 * Whether what has arrived last came alone: nothing else had arrived for a whole batch time before it. A lone change need not wait for
 * company; in a stream that arrives more often than a batch goes out, every change waits, so that its batches are as full as without this.
 */
export class Calm {
  readonly #withinMs: number;
  #last = Number.NEGATIVE_INFINITY;
  #isCalm = true;

  /** @param withinMs the time of a batch, in milliseconds */
  constructor(withinMs: number) {
    this.#withinMs = withinMs;
  }

  /** Something arrived at `now`, in milliseconds of a clock that does not jump. */
  arrived(now: number): void {
    this.#isCalm = now - this.#last >= this.#withinMs;
    this.#last = now;
  }

  /** Whether the last arrival came alone so far. */
  get isCalm(): boolean {
    return this.#isCalm;
  }
}
