import { StreamError, toStreamError } from '../errors.ts';
import { leased, type LeasedProducer, loopOf } from '../leased-producer.ts';
import type { Producer } from '../producer.ts';
import { firstScan } from '../producer-loop.ts';
import type { ReportedFaults } from '../producer-rejections.ts';
import type { Clock } from '../sink-component.ts';
import type { TelemetryEvents } from '../telemetry.ts';
import type { Lease } from './lease.ts';
import { readRequest, readRun, requestWrite, type RunRecord, runWrite, takenBy } from './run-record.ts';
import { decide, type Schedule } from './timetable.ts';

/** What a producer runs with by its schedule; its source is opened for each run. */
export interface ScheduledOptions extends LeasedProducer {
  readonly schedule: Schedule;
  readonly clock: Clock;
  /** How often it is looked whether somebody wants a run now, in milliseconds. @default 2000 */
  readonly lookMs?: number;
}

/** Pause after a fault of the transport, in milliseconds. */
const againMs = 5000;

type Counts = Pick<TelemetryEvents['scanCompleted'], 'objects' | 'published' | 'rejected' | 'removed'>;
type Reason = Pick<RunRecord, 'slot' | 'why' | 'request'>;

/**
 * Reads a source at the times of its schedule until `signal` fires, one run at a time. Of all processes that call it for one producer, one does. Rejects with what is no
 * StreamError, and with one that cannot be tried again.
 */
export async function followSchedule(options: ScheduledOptions, signal: AbortSignal): Promise<void> {
  const reported: ReportedFaults = { hashes: new Set() };
  await leased(options, { signal }, (lease) => keepTime(options, lease, reported));
}

async function keepTime(options: ScheduledOptions, lease: Lease, reported: ReportedFaults): Promise<void> {
  const { name, telemetry, clock } = options;
  while (!lease.signal.aborted) {
    try {
      await step(options, lease, reported);
    } catch (thrown) {
      if (lease.signal.aborted) return;
      if (!(thrown instanceof StreamError) || !thrown.retryable) throw thrown;
      const { code, message } = thrown;
      telemetry.emit('scanFailed', { producer: name, code, message, retryInMs: againMs });
      await clock.sleep(againMs, lease.signal).catch(unlessAborted(lease.signal));
    }
  }
}

async function step(options: ScheduledOptions, lease: Lease, reported: ReportedFaults): Promise<void> {
  const { name, schedule, clock, telemetry, lookMs = 2000 } = options;
  const last = await readRun(lease.state, name);
  const request = await readRequest(lease.state, name);
  const now = clock.now();
  if (request !== undefined)
    return runOnce(options, { lease, reported }, { slot: now, why: 'asked', request: request.id });
  const decision = decide(schedule, name, { taken: takenBy(last), now });
  if (decision.kind === 'run') {
    const { slot, why } = decision;
    return runOnce(options, { lease, reported }, { slot, why, request: null });
  }
  if (decision.kind === 'skip') {
    const record = { ...emptyRecord, slot: decision.slot, why: 'missed', outcome: 'skipped' } as const;
    await lease.state.write([runWrite(name, { ...record, startedAt: now, endedAt: now })]);
    return;
  }
  telemetry.emit('scheduled', { producer: name, atMs: decision.until });
  const wait = Math.min(lookMs, (decision.until ?? Number.POSITIVE_INFINITY) - now);
  await clock.sleep(wait, lease.signal).catch(unlessAborted(lease.signal));
}

const emptyRecord = {
  code: null,
  message: null,
  objects: 0,
  published: 0,
  rejected: 0,
  removed: 0,
  request: null,
} as const;

async function runOnce(
  options: ScheduledOptions,
  { lease, reported }: { readonly lease: Lease; readonly reported: ReportedFaults },
  reason: Reason,
): Promise<void> {
  const { name, clock } = options;
  const started: RunRecord = {
    ...emptyRecord,
    ...reason,
    startedAt: clock.now(),
    endedAt: null,
    outcome: 'running',
  };
  await lease.state.write([runWrite(name, started), requestWrite(name, undefined)]);
  const result = await scanOnce(options, lease, reported);
  lease.signal.throwIfAborted(); // what was interrupted stays open: whoever has the lease next does it
  await lease.state.write([runWrite(name, { ...started, ...result, endedAt: clock.now() })]);
}

async function scanOnce(
  options: ScheduledOptions,
  lease: Lease,
  reported: ReportedFaults,
): Promise<Counts & Pick<RunRecord, 'outcome' | 'code' | 'message'>> {
  const { name, telemetry, clock } = options;
  let counts: Counts = { objects: 0, published: 0, rejected: 0, removed: 0 };
  const off = telemetry.on('scanCompleted', ({ producer, objects, published, rejected, removed }) => {
    if (producer === name) counts = { objects, published, rejected, removed };
  });
  let producer: Producer | undefined;
  try {
    producer = await options.open();
    const now = (): Date => new Date(clock.now());
    await firstScan(loopOf(options, { lease, producer, reported, now }), lease.signal);
    return { ...counts, outcome: counts.rejected > 0 ? 'partly' : 'done', code: null, message: null };
  } catch (thrown) {
    lease.signal.throwIfAborted();
    if (thrown instanceof StreamError && thrown.code === 'LEASE_LOST') throw thrown;
    const { code, message } = toStreamError(thrown, 'SOURCE_UNAVAILABLE', `The producer ${name}`);
    if (producer === undefined)
      telemetry.emit('scanFailed', { producer: name, code, message, retryInMs: undefined });
    return { ...counts, outcome: 'failed', code, message };
  } finally {
    off();
    await producer?.close();
  }
}

function unlessAborted(signal: AbortSignal): (thrown: unknown) => void {
  return (thrown) => {
    if (!signal.aborted) throw thrown;
  };
}
