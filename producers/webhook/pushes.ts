import type { FoundObject, PartialChange, Rejection } from '../../pipeline/producer.ts';

/** What a push came to. */
export interface Push {
  readonly found: readonly FoundObject[];
  readonly removed: readonly string[];
  readonly rejected: readonly Rejection[];
}

interface Waiting {
  readonly push: Push;
  readonly done: (isDurable: boolean) => void;
}

/** Pushes that wait; more are told to come again. */
const mostWaiting = 1_000;
/** Pushes that are made durable in one step. */
const mostTogether = 100;

/** Pushes between the server and the pipeline: each waits until it is durable. */
export class Pushes {
  #waiting: Waiting[] = [];
  #taken = 0;
  #wake: (() => void) | undefined;

  /** Resolves with true once the push is durable, and with false when that takes longer than `timeoutMs`, or there are too many. */
  add(push: Push, timeoutMs: number): Promise<boolean> {
    if (this.#waiting.length >= mostWaiting) return Promise.resolve(false);
    return new Promise((resolve) => {
      const waiting: Waiting = {
        push,
        done: (isDurable) => {
          clearTimeout(timer);
          resolve(isDurable);
        },
      };
      const timer = setTimeout(() => {
        // What the pipeline has taken stays: it may become durable yet, and comes a second time without harm.
        const at = this.#waiting.indexOf(waiting);
        if (at >= this.#taken) this.#waiting.splice(at, 1);
        resolve(false);
      }, timeoutMs);
      this.#waiting.push(waiting);
      this.#wake?.();
    });
  }

  /** What waits, as changes, until the signal fires; what was not durable when the last caller went is told again. */
  async *changes(signal: AbortSignal): AsyncGenerator<PartialChange> {
    for (;;) {
      await this.#some(signal);
      if (signal.aborted) return;
      this.#taken = Math.min(this.#waiting.length, mostTogether);
      yield changeOf(this.#waiting.slice(0, this.#taken).map(({ push }) => push));
      const durable = this.#waiting.splice(0, this.#taken);
      this.#taken = 0;
      for (const { done } of durable) done(true);
    }
  }

  /** Tells all that wait to come again. */
  close(): void {
    for (const { done } of this.#waiting.splice(0)) done(false);
    this.#taken = 0;
  }

  async #some(signal: AbortSignal): Promise<void> {
    if (this.#waiting.length > 0 || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const end = (): void => {
        signal.removeEventListener('abort', end);
        this.#wake = undefined;
        resolve();
      };
      this.#wake = end;
      signal.addEventListener('abort', end, { once: true });
    });
  }
}

/** Pushes in one change: of each object what came last counts. */
function changeOf(pushes: readonly Push[]): PartialChange {
  const last = new Map<string, FoundObject | undefined>();
  for (const { found, removed } of pushes) {
    for (const object of found) last.set(`${object.type}/${object.objectId}`, object);
    for (const ref of removed) last.set(ref, undefined);
  }
  const found = [...last.values()].filter((object) => object !== undefined);
  return {
    found: each(found),
    looked: [...last].flatMap(([ref, object]) => (object === undefined ? [ref] : [])),
    mark: 1, // the source cannot be asked again, so there is nothing to go on from
    rejected: pushes.flatMap(({ rejected }) => rejected),
  };
}

async function* each<T>(list: readonly T[]): AsyncIterable<T> {
  yield* list;
}
