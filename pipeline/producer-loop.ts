import { setTimeout as delay } from 'node:timers/promises';
import { StreamError, toStreamError } from './errors.ts';
import type { Producer } from './producer.ts';
import type { ProducerRunner } from './producer-runner.ts';
import type { Telemetry } from './telemetry.ts';

/** What the loop around a producer works with. */
export interface ProducerLoopOptions {
  readonly name: string;
  readonly producer: Producer;
  readonly runner: ProducerRunner;
  readonly telemetry: Telemetry;
  /** First pause before a scan is tried again, in milliseconds; doubles up to 32 times itself. @default 500 */
  readonly retryDelayMs?: number;
}

/** How often the first scan is tried before the producer counts as failed. */
const firstScanAttempts = 5;

/** Scans once with everything; tries again while the source has a passing fault. Rejects with the last StreamError. */
export async function firstScan(options: ProducerLoopOptions, signal: AbortSignal): Promise<void> {
  await scanWithRetries(options, { signal, all: true, attempts: firstScanAttempts });
}

/**
 * Scans again whenever the source may have changed, until `signal` fires. A passing fault is tried again for as long as
 * it lasts; a lasting one is reported, and the next change is waited for.
 */
export async function followChanges(options: ProducerLoopOptions, signal: AbortSignal): Promise<void> {
  for await (const _changed of options.producer.changes(signal)) {
    if (signal.aborted) return;
    try {
      await scanWithRetries(options, { signal, all: false, attempts: Number.POSITIVE_INFINITY });
    } catch (thrown) {
      if (signal.aborted) return;
      if (!(thrown instanceof StreamError)) throw thrown; // reported already when it is one of ours
    }
  }
}

async function scanWithRetries(
  options: ProducerLoopOptions,
  {
    signal,
    all,
    attempts,
  }: { readonly signal: AbortSignal; readonly all: boolean; readonly attempts: number },
): Promise<void> {
  const { name, runner, telemetry, retryDelayMs = 500 } = options;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await runner.scan(signal, all);
    } catch (thrown) {
      signal.throwIfAborted();
      const error = toStreamError(thrown, 'SOURCE_UNAVAILABLE', `The producer ${name}`);
      const last = !error.retryable || attempt >= attempts;
      const retryInMs = last
        ? undefined
        : (error.retryAfterMs ?? retryDelayMs * Math.min(2 ** (attempt - 1), 32));
      telemetry.emit('scanFailed', { producer: name, code: error.code, message: error.message, retryInMs });
      if (retryInMs === undefined) throw error;
      await delay(retryInMs, undefined, { signal });
    }
  }
}
