import { setTimeout as delay } from 'node:timers/promises';
import { pause } from './delivery/backoff.ts';
import { StreamError, toStreamError } from './errors.ts';
import type { Producer } from './producer.ts';
import type { ProducerRunner } from './producer-runner.ts';
import { reminded } from './reminded.ts';
import type { Telemetry } from './telemetry.ts';

/** What the loop around a producer works with. */
export interface ProducerLoopOptions {
  readonly name: string;
  readonly producer: Producer;
  readonly runner: ProducerRunner;
  readonly telemetry: Telemetry;
  /** First pause before a scan is tried again, in milliseconds; doubles up to 32 times itself. @default 500 */
  readonly retryDelayMs?: number;
  /**
   * First pause before a scan that failed for good is tried again while changes are followed, in milliseconds; doubles up to 5 times itself.
   * A right may be given back, and no change would tell of it. @default 60_000
   */
  readonly slowRetryDelayMs?: number;
}

/** How often the first scan is tried before the producer counts as failed. */
const firstScanAttempts = 5;

/** Scans once with everything; tries again while the source has a passing fault. Rejects with the last StreamError. */
export async function firstScan(options: ProducerLoopOptions, signal: AbortSignal): Promise<void> {
  await scanWithRetries(options, { signal, all: true, attempts: firstScanAttempts });
}

/**
 * Takes changes until `signal` fires: what the source tells of them, or a scan where it only tells that there are some. A passing
 * fault is tried again for as long as it lasts; a lasting one is reported and tried again at a slow pace, since nothing may tell that it is
 * mended; the next change does not wait for that. A change that could not be taken is asked for again from the last mark. Rejects with LEASE_LOST once another
 * process has the producer.
 */
export async function followChanges(options: ProducerLoopOptions, signal: AbortSignal): Promise<void> {
  const end = new AbortController();
  const telling = tellBacklog(options, AbortSignal.any([signal, end.signal]));
  try {
    await followAll(options, signal);
  } finally {
    end.abort();
    await telling;
  }
}

/** Milliseconds between two looks at what a source keeps for its reader. */
const backlogMs = 30_000;

/** Says what the source keeps for its reader, where it keeps something. One that does not answer tells so by its scans. */
async function tellBacklog(
  { name, producer, telemetry }: ProducerLoopOptions,
  signal: AbortSignal,
): Promise<void> {
  while (producer.backlog !== undefined && !signal.aborted) {
    try {
      for (const { what, bytes } of await producer.backlog())
        telemetry.emit('sourceBehind', { producer: name, what, bytes });
      await delay(backlogMs, undefined, { signal });
    } catch (thrown) {
      if (!(signal.aborted || thrown instanceof StreamError)) throw thrown;
      await pause(backlogMs, signal);
    }
  }
}

async function followAll(options: ProducerLoopOptions, signal: AbortSignal): Promise<void> {
  const { retryDelayMs = 500 } = options;
  const due: Due = { failures: options.runner.hasRead ? 0 : 1 };
  for (let failures = 0; !signal.aborted; ) {
    const end = await follow(options, { signal, failures, due });
    if (end === 'ended') return;
    if (end === 'again') {
      failures = 0;
      continue;
    }
    failures = end.taken ? 1 : failures + 1;
    try {
      await delay(pauseMs(retryDelayMs, failures), undefined, { signal });
    } catch (thrown) {
      if (!signal.aborted) throw thrown;
    }
  }
}

/** A scan that is due, since the last one failed for good. */
interface Due {
  /** How often it failed; 0 when none is due. */
  failures: number;
}

/**
 * Follows until the changes end, or until one could not be taken; `taken` tells whether others were before it. `again`: a change was read while
 * a scan ran, and may be older than what that found; it is to be asked for again.
 */
async function follow(
  options: ProducerLoopOptions,
  { signal, failures, due }: { readonly signal: AbortSignal; readonly failures: number; readonly due: Due },
): Promise<'ended' | 'again' | { readonly taken: boolean }> {
  const { name, producer, runner, telemetry, retryDelayMs = 500 } = options;
  let taken = false;
  let how = await tellHow(options, undefined);
  try {
    const changes = producer.changes(signal, await runner.mark());
    for await (const item of reminded(changes, () => dueInMs(options, due), signal)) {
      if (signal.aborted) return 'ended';
      const change = item?.told;
      if (change === undefined) {
        await scanAgain(options, { signal, due });
        how = await tellHow(options, how);
      } else if (item?.isLate === true) {
        return 'again';
      } else {
        await runner.apply(change, signal); // where a scan is due, it is done in there
        due.failures = 0;
      }
      taken = true;
    }
    return 'ended';
  } catch (thrown) {
    if (signal.aborted) return 'ended';
    const { code, message } = toStreamError(thrown, 'SOURCE_UNAVAILABLE', `The producer ${name}`);
    if (code === 'LEASE_LOST') throw thrown;
    const retryInMs = pauseMs(retryDelayMs, taken ? 1 : failures + 1);
    telemetry.emit('scanFailed', { producer: name, code, message, retryInMs });
    return { taken };
  }
}

/** Scans. What the change was about stays due after a scan that failed for good. */
async function scanAgain(
  options: ProducerLoopOptions,
  { signal, due }: { readonly signal: AbortSignal; readonly due: Due },
): Promise<void> {
  const failures = due.failures + 1;
  try {
    await scanWithRetries(options, {
      signal,
      all: false,
      attempts: Number.POSITIVE_INFINITY,
      againInMs: dueInMs(options, { failures }),
    });
    due.failures = 0;
  } catch (thrown) {
    if (!(thrown instanceof StreamError) || thrown.code === 'LEASE_LOST') throw thrown;
    due.failures = failures;
  }
}

function dueInMs({ slowRetryDelayMs }: ProducerLoopOptions, { failures }: Due): number | undefined {
  return failures === 0 ? undefined : slowPauseMs(failures, slowRetryDelayMs);
}

/** Milliseconds until what failed for good is tried again: doubles with every failure, up to five times the first pause. */
export function slowPauseMs(failures: number, firstMs = 60_000): number {
  return firstMs * Math.min(2 ** (failures - 1), 5);
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

/** Milliseconds until what met a passing fault is tried again: doubles with every failure, up to 32 times the first pause. */
export function pauseMs(firstMs: number, failures: number): number {
  return firstMs * Math.min(2 ** (failures - 1), 32);
}

async function scanWithRetries(
  options: ProducerLoopOptions,
  {
    signal,
    all,
    attempts,
    againInMs,
  }: {
    readonly signal: AbortSignal;
    readonly all: boolean;
    readonly attempts: number;
    /** When the caller tries again after a failure for good. */
    readonly againInMs?: number | undefined;
  },
): Promise<void> {
  const { name, runner, telemetry, retryDelayMs = 500 } = options;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await runner.scan(signal, all);
    } catch (thrown) {
      signal.throwIfAborted();
      const error = toStreamError(thrown, 'SOURCE_UNAVAILABLE', `The producer ${name}`);
      if (error.code === 'LEASE_LOST') throw error; // no fault of the source
      const last = !error.retryable || attempt >= attempts;
      const retryInMs = last ? undefined : (error.retryAfterMs ?? pauseMs(retryDelayMs, attempt));
      const { code, message } = error;
      telemetry.emit('scanFailed', { producer: name, code, message, retryInMs: retryInMs ?? againInMs });
      if (retryInMs === undefined) throw error;
      await delay(retryInMs, undefined, { signal });
    }
  }
}
