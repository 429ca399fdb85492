import { setTimeout as delay } from 'node:timers/promises';

/** Something that a source told. */
export interface Told<T> {
  readonly told: T;
  /** Whether a reminder came while it was waited for: what was done then may be newer. */
  readonly isLate: boolean;
}

/**
 * What a source tells, and undefined whenever nothing was told for `dueInMs` milliseconds, which is asked anew after each item; undefined waits for
 * the source alone. Rejects with what the source throws, and when `signal` fires amid a pause.
 */
export async function* reminded<T>(
  told: AsyncIterable<T>,
  dueInMs: () => number | undefined,
  signal: AbortSignal,
): AsyncGenerator<Told<T> | undefined> {
  const source = told[Symbol.asyncIterator]();
  let next = source.next();
  let isLate = false;
  try {
    for (;;) {
      const result = await before(next, dueInMs(), signal);
      if (result === undefined) {
        isLate = true;
        yield undefined;
        continue;
      }
      if (result.done === true) return;
      yield { told: result.value, isLate };
      isLate = false;
      next = source.next();
    }
  } finally {
    await source.return?.();
  }
}

/** Resolves with what is waited for, or with undefined when that takes longer. */
async function before<T>(
  awaited: Promise<T>,
  ms: number | undefined,
  signal: AbortSignal,
): Promise<T | undefined> {
  if (ms === undefined) return awaited;
  const over = new AbortController();
  const pause = delay(ms, undefined, { signal: AbortSignal.any([signal, over.signal]) });
  try {
    return await Promise.race([awaited, pause]);
  } finally {
    over.abort();
  }
}
