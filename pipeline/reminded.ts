import { setTimeout as delay } from 'node:timers/promises';

/**
 * What a source tells, and undefined whenever nothing was told for `dueInMs` milliseconds, which is asked anew after each item; undefined waits for
 * the source alone. Rejects with what the source throws, and when `signal` fires amid a pause.
 */
export async function* reminded<T>(
  told: AsyncIterable<T>,
  dueInMs: () => number | undefined,
  signal: AbortSignal,
): AsyncGenerator<T | undefined> {
  const source = told[Symbol.asyncIterator]();
  let next = source.next();
  try {
    for (;;) {
      const result = await before(next, dueInMs(), signal);
      if (result === undefined) {
        yield undefined;
        continue;
      }
      if (result.done === true) return;
      yield result.value;
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
