import type { Clock } from '../../pipeline/sink-component.ts';

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

/** A clock whose time passes only while {@link VirtualClock.run} runs it, from one sleeper to the next. */
export class VirtualClock implements Clock {
  #now = Date.UTC(2026, 0, 1);
  readonly #start = this.#now;
  readonly #sleepers: Sleeper[] = [];

  now(): number {
    return this.#now;
  }

  /** Milliseconds since it began. */
  get passed(): number {
    return this.#now - this.#start;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#sleepers.splice(this.#sleepers.indexOf(sleeper), 1);
        reject(signal.reason);
      };
      const wake = (): void => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const sleeper = { at: this.#now + ms, wake };
      signal.addEventListener('abort', leave, { once: true });
      this.#sleepers.push(sleeper);
    });
  }

  /** Lets time pass until `work` is done. Throws when it waits for something else than time. */
  async run<T>(work: Promise<T>): Promise<T> {
    let isDone = false;
    const end = (): void => {
      isDone = true;
    };
    work.then(end, end);
    for (;;) {
      await new Promise(setImmediate); // whatever goes on without time goes on first
      if (isDone) return work;
      const next = this.#sleepers.reduce<Sleeper | undefined>(
        (first, one) => (first === undefined || one.at < first.at ? one : first),
        undefined,
      );
      if (next === undefined) throw new Error('Nothing sleeps, and the work is not done.');
      this.#sleepers.splice(this.#sleepers.indexOf(next), 1);
      this.#now = Math.max(this.#now, next.at);
      next.wake();
    }
  }
}
