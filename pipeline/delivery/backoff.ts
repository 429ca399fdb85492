import { setTimeout as delay } from 'node:timers/promises';

/** Milliseconds before the next round: the first pause, doubled with each round up to 30 times itself. */
export function backoffMs(firstMs: number, round: number): number {
  return firstMs * Math.min(2 ** round, 30);
}

/** Waits; ends early, without an error, when `signal` fires. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch((thrown: unknown) => {
    if (!(thrown instanceof Error && thrown.name === 'AbortError')) throw thrown;
  });
}

/** Resolves once `signal` has fired. */
export function fires(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
