import { refKey } from '../../pipeline/derive/keys.ts';
import type { Delivery } from '../../pipeline/sink.ts';

interface Waiter {
  readonly names: ReadonlySet<string>;
  readonly go: () => void;
}

/**
 * Which roots' names a process has in hand: from the reading of what was applied of them until what was done is recorded. Each name has one
 * writer, but for a rename: then the writer of the new name takes over what the old one stands for, while that of the old one may have
 * another asset for it already. They take turns.
 */
export class NamesInHand {
  readonly #held = new Set<string>();
  #waiting: readonly Waiter[] = [];

  /** Does a task with some names in hand, at once where all are free. Rejects with the reason of `signal` when that fires before. */
  async with<T>(names: ReadonlySet<string>, signal: AbortSignal, task: () => Promise<T>): Promise<T> {
    if (this.isWanted(names)) await this.#wait(names, signal);
    else this.#hold(names);
    try {
      return await task();
    } finally {
      for (const name of names) this.#held.delete(name);
      this.#next();
    }
  }

  /** Whether somebody has any of some names in hand, or waits for it. */
  isWanted(names: Iterable<string>): boolean {
    for (const name of names)
      if (this.#held.has(name) || this.#waiting.some((one) => one.names.has(name))) return true;
    return false;
  }

  #hold(names: ReadonlySet<string>): void {
    for (const name of names) this.#held.add(name);
  }

  #wait(names: ReadonlySet<string>, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting = this.#waiting.filter((one) => one !== waiter);
        reject(signal.reason);
        this.#next();
      };
      const go = (): void => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const waiter: Waiter = { names, go };
      signal.addEventListener('abort', leave, { once: true });
      this.#waiting = [...this.#waiting, waiter];
    });
  }

  /** Lets those go whose names are free, and wanted by nobody who came before them. */
  #next(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const waiter of waiting) {
      if (this.isWanted(waiter.names)) this.#waiting = [...this.#waiting, waiter];
      else {
        this.#hold(waiter.names);
        waiter.go();
      }
    }
  }
}

/** Names of the roots that some changes have to do with: their own, what these were called before, and what they are called now. */
export function namesOf(batch: readonly Pick<Delivery, 'change'>[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { change } of batch) {
    const { typeName, qualifiedName, renamed = [] } = change;
    names.add(refKey(change));
    for (const pair of renamed) {
      if (pair.typeName !== typeName) continue;
      if (pair.to === qualifiedName) names.add(refKey({ typeName, qualifiedName: pair.from }));
      if (pair.from === qualifiedName) names.add(refKey({ typeName, qualifiedName: pair.to }));
    }
  }
  return names;
}
