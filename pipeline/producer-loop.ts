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
 * Takes changes until `signal` fires: what the source tells of them, or a scan where it only tells that there are some. A passing
 * fault is tried again for as long as it lasts; a lasting one is reported, and the next change is waited for. A change that could not
 * be taken is asked for again from the last mark.
 */
export async function followChanges(options: ProducerLoopOptions, signal: AbortSignal): Promise<void> {
  const { retryDelayMs = 500 } = options;
  for (let failures = 0; !signal.aborted; ) {
    const end = await follow(options, { signal, failures });
    if (end === 'ended') return;
    failures = end.taken ? 1 : failures + 1;
    try {
      await delay(pauseMs(retryDelayMs, failures), undefined, { signal });
    } catch (thrown) {
      if (!signal.aborted) throw thrown;
    }
  }
}

/** Follows until the changes end, or until one could not be taken; `taken` tells whether others were before it. */
async function follow(
  options: ProducerLoopOptions,
  { signal, failures }: { readonly signal: AbortSignal; readonly failures: number },
): Promise<'ended' | { readonly taken: boolean }> {
  const { name, producer, runner, telemetry, retryDelayMs = 500 } = options;
  let taken = false;
  let how = await tellHow(options, undefined);
  try {
    for await (const change of producer.changes(signal, await runner.mark())) {
      if (signal.aborted) return 'ended';
      if (change === undefined) {
        await scanAgain(options, signal);
        how = await tellHow(options, how);
      } else {
        await runner.apply(change, signal);
      }
      taken = true;
    }
    return 'ended';
  } catch (thrown) {
    if (signal.aborted) return 'ended';
    const { code, message } = toStreamError(thrown, 'SOURCE_UNAVAILABLE', `The producer ${name}`);
    const retryInMs = pauseMs(retryDelayMs, taken ? 1 : failures + 1);
    telemetry.emit('scanFailed', { producer: name, code, message, retryInMs });
    return { taken };
  }
}

/** A scan that fails for good has been reported; the next change is waited for. */
async function scanAgain(options: ProducerLoopOptions, signal: AbortSignal): Promise<void> {
  try {
    await scanWithRetries(options, { signal, all: false, attempts: Number.POSITIVE_INFINITY });
  } catch (thrown) {
    if (!(thrown instanceof StreamError)) throw thrown;
  }
}

/** Says how changes are seen, where that is another way than `before`. A source that does not answer tells so in the next scan. */
async function tellHow(
  { name, producer, telemetry }: ProducerLoopOptions,
  before: string | undefined,
): Promise<string | undefined> {
  try {
    const how = await producer.describeChanges?.();
    if (how !== undefined && how !== before) telemetry.emit('following', { producer: name, how });
    return how;
  } catch (thrown) {
    if (thrown instanceof StreamError) return before;
    throw thrown;
  }
}

/** Doubles with every failure, up to 32 times the first pause. */
function pauseMs(firstMs: number, failures: number): number {
  return firstMs * Math.min(2 ** (failures - 1), 32);
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
      const retryInMs = last ? undefined : (error.retryAfterMs ?? pauseMs(retryDelayMs, attempt));
      telemetry.emit('scanFailed', { producer: name, code: error.code, message: error.message, retryInMs });
      if (retryInMs === undefined) throw error;
      await delay(retryInMs, undefined, { signal });
    }
  }
}
