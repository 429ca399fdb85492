import type { Assignment } from '../pipeline/transport.ts';

/** Assignments on their way from a member of a consumer group to whoever works on them. */
export class AssignmentQueue<A extends Assignment> {
  #waiting: A[] = [];
  #failure: { readonly thrown: unknown } | undefined;
  #wake: () => void = () => undefined;

  /** Hands over an assignment. */
  push(assignment: A): void {
    this.#waiting.push(assignment);
    this.wake();
  }

  /** Takes back what nobody has begun with. */
  takeBack(): readonly A[] {
    return this.#waiting.splice(0);
  }

  /** Ends it with an error, the first one that it is given. */
  fail(thrown: unknown): void {
    this.#failure ??= { thrown };
    this.wake();
  }

  /** Lets whoever waits look again. */
  wake(): void {
    this.#wake();
  }

  /** Assignments until `signal` fires. Rejects with what {@link fail} was given. `leave` is called when it ends, at once where the signal ends it; perhaps twice. */
  async *until(signal: AbortSignal, leave: () => void): AsyncIterable<A> {
    const end = (): void => {
      leave();
      this.wake();
    };
    signal.addEventListener('abort', end, { once: true });
    try {
      while (!signal.aborted && this.#failure === undefined) {
        const next = this.#waiting.shift();
        if (next !== undefined) yield next;
        else
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
      }
      if (this.#failure !== undefined) throw this.#failure.thrown;
    } finally {
      signal.removeEventListener('abort', end);
      leave();
    }
  }
}
