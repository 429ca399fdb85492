import { type ErrorCode, StreamError } from '../../pipeline/errors.ts';
import type { Clock } from '../../pipeline/sink-component.ts';

/** How often and how patiently a request is tried. */
export interface RetryPolicy {
  /** Tries in all, at least 1. */
  readonly attempts: number;
  /** First pause in milliseconds; doubles with every try. */
  readonly delayMs: number;
  /** Longest pause in milliseconds. A longer Retry-After ends the tries: the caller waits, not the request. */
  readonly maxDelayMs: number;
  /** What a Retry-After is taken for at the most, in milliseconds. */
  readonly longestRetryAfterMs: number;
}

/** What a retry needs beside its policy. */
export interface RetryContext {
  readonly clock: Clock;
  readonly random: () => number;
  readonly signal: AbortSignal;
  /** What is not tried again here, though it may pass: the caller does something else. @default nothing */
  readonly isFinal?: (thrown: unknown) => boolean;
}

/**
 * Runs a task until it succeeds, fails for good, or has been tried often enough; then its last error is thrown. The pause
 * is what Retry-After asks for, else exponential with jitter between half and all of it, so that many who were refused together do not
 * come back together.
 */
export async function withRetry<T>(
  policy: RetryPolicy,
  { clock, random, signal, isFinal }: RetryContext,
  task: () => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await task();
    } catch (thrown) {
      if (!isPassing(thrown) || isFinal?.(thrown) === true || attempt >= policy.attempts || signal.aborted)
        throw thrown;
      const asked = thrown.retryAfterMs;
      if (asked !== undefined && asked > policy.maxDelayMs) throw thrown;
      const backoff = Math.min(policy.delayMs * 2 ** (attempt - 1), policy.maxDelayMs);
      await clock.sleep(asked ?? backoff * (0.5 + random() / 2), signal);
    }
  }
}

/** What is missing does not come by itself: it waits for something that is to be delivered or created, or for a person. */
function isPassing(thrown: unknown): thrown is StreamError {
  if (!(thrown instanceof StreamError) || !thrown.retryable) return false;
  const codes: readonly ErrorCode[] = [
    'CATALOG_MISSING_REFERENT',
    'CATALOG_MISSING_TYPE',
    'CATALOG_FORBIDDEN',
  ];
  return !codes.includes(thrown.code);
}
