import { pause } from '../pipeline/delivery/backoff.ts';

/** Yields undefined every so many milliseconds, for sources that do not tell when they have changed; ends when `stop` fires. */
export async function* atIntervals(ms: number, stop: AbortSignal): AsyncGenerator<undefined> {
  for (;;) {
    await pause(ms, stop);
    if (stop.aborted) return;
    yield undefined;
  }
}
