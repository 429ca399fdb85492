import { setTimeout as delay } from 'node:timers/promises';
import { fires, pause } from './delivery/backoff.ts';
import { StreamError, toStreamError } from './errors.ts';
import type { Producer } from './producer.ts';
import { firstScan, followChanges, pauseMs, type ProducerLoopOptions, slowPauseMs } from './producer-loop.ts';
import type { ReportedFaults } from './producer-rejections.ts';
import { ProducerRunner } from './producer-runner.ts';
import { askersOf, type Lease, producerLease, whileLeased } from './schedule/lease.ts';
import type { FencedStateStore } from './state.ts';
import type { Telemetry } from './telemetry.ts';
import type { Transport } from './transport.ts';

/** What a producer runs with. */
export interface LeasedProducer {
  readonly name: string;
  /** Connects to the source; called whenever this process gets the right to read it, and closed when that ends. Rejects with a StreamError. */
  readonly open: () => Promise<Producer>;
  readonly transport: Transport;
  /** Where the producer's state is. @default with the transport */
  readonly store?: FencedStateStore | undefined;
  readonly telemetry: Telemetry;
  readonly removalThreshold?: number;
  /** First pause before the source is read again after a passing fault, in milliseconds. @default 500 */
  readonly retryDelayMs?: number;
  /** After how long without the right it is looked whether another process has it, in milliseconds. @default 2000 */
  readonly standbyMs?: number;
  /** How long a single reading waits for another process that reads the same source, in milliseconds: longer than a dead one keeps its right. @default 60000 */
  readonly patienceMs?: number;
}

/** When a source that is followed goes on from its first reading to its changes. */
export interface Following {
  /** Called when the source was read, or could not be, or is another process's to read. May be called again. */
  readonly onRead: () => void;
  /** Changes are taken once this resolves. */
  readonly goOn: Promise<void>;
}

/**
 * Reads a source and then takes its changes until `signal` fires. Of all processes that call it for one producer one does; the others stand by, and one of them
 * begins with a reading of its own when that one stops, dies, or is not heard of. Rejects when the transport fails for good.
 */
export async function followSource(
  options: LeasedProducer,
  { onRead, goOn }: Following,
  signal: AbortSignal,
): Promise<void> {
  const reported: ReportedFaults = { hashes: new Set() };
  await leased(options, { signal, onStandby: onRead }, async (lease) => {
    const producer = await openPatiently(options, lease.signal, onRead);
    if (producer === undefined) return;
    try {
      const loop = loopOf(options, { lease, producer, reported, now: () => new Date() });
      await readFirst(loop, lease.signal);
      onRead();
      const isOver = fires(lease.signal);
      await Promise.race([goOn, isOver]);
      await followChanges(loop, lease.signal);
      await isOver; // a source that tells of no changes is still this process's
    } finally {
      await producer.close();
    }
  });
}

/**
 * Reads a source once, as soon as no other process has it. What fails is told by telemetry: also, as PRODUCER_BUSY, that another process has
 * it for too long. Rejects when the transport fails for good.
 */
export async function readSource(options: LeasedProducer, signal: AbortSignal): Promise<void> {
  const { name, telemetry, patienceMs = 60_000 } = options;
  const done = new AbortController();
  const failed = (error: StreamError): void => {
    const { code, message } = error;
    telemetry.emit('scanFailed', { producer: name, code, message, retryInMs: undefined });
  };
  let late: NodeJS.Timeout | undefined;
  const onStandby = (): void => {
    late = setTimeout(() => {
      failed(busy(name));
      done.abort();
    }, patienceMs);
  };
  const both = AbortSignal.any([signal, done.signal]);
  try {
    await leased(options, { signal: both, onStandby }, async (lease) => {
      clearTimeout(late);
      let producer: Producer;
      try {
        producer = await options.open();
      } catch (thrown) {
        failed(toStreamError(thrown, 'SOURCE_UNAVAILABLE', `The producer ${name}`));
        return done.abort();
      }
      try {
        const reported: ReportedFaults = { hashes: new Set() };
        await readFirst(loopOf(options, { lease, producer, reported, now: () => new Date() }), lease.signal);
        // What a process that lost its right has not read to the end it reads again when it gets it.
        if (!lease.signal.aborted) done.abort();
      } finally {
        await producer.close();
      }
    });
  } finally {
    clearTimeout(late);
  }
}

/** The loop around a producer for as long as a lease lasts: what it appends and writes counts only until then. */
export function loopOf(
  { name, store, telemetry, removalThreshold, retryDelayMs }: LeasedProducer,
  of: {
    readonly lease: Lease;
    readonly producer: Producer;
    readonly reported: ReportedFaults;
    readonly now: () => Date;
  },
): ProducerLoopOptions {
  const { lease, producer, reported, now } = of;
  const runner = new ProducerRunner({
    name,
    producer,
    transport: lease.transport,
    state: lease.state,
    isBeside: store !== undefined,
    telemetry,
    now,
    reported,
    ...(removalThreshold === undefined ? {} : { removalThreshold }),
  });
  return { name, producer, runner, telemetry, ...(retryDelayMs === undefined ? {} : { retryDelayMs }) };
}

function busy(name: string): StreamError {
  return new StreamError('PRODUCER_BUSY', `Another process reads the source of ${name}.`, {
    advice: `One that follows its changes has no need of this; one with a schedule does it by \`schedules run-now ${name}\`.`,
  });
}

/**
 * Works while this process has the right to read a source, until `signal` fires, and says by telemetry when another one has it. Rejects with what the work rejects with,
 * except LEASE_LOST.
 */
export async function leased(
  { name, transport, store, telemetry, standbyMs = 2000 }: LeasedProducer,
  { signal, onStandby = () => undefined }: { readonly signal: AbortSignal; readonly onStandby?: () => void },
  work: (lease: Lease) => Promise<void>,
): Promise<void> {
  const known = new AbortController();
  const right = producerLease(name);
  const standBy = (): void => {
    telemetry.emit('standsBy', { producer: name });
    onStandby();
  };
  const looking = lookFor(
    { transport, right, everyMs: standbyMs },
    AbortSignal.any([signal, known.signal]),
    standBy,
  );
  try {
    await whileLeased({ transport, store, name: right, signal }, async (lease) => {
      known.abort();
      try {
        await work(lease);
      } catch (thrown) {
        if (!(thrown instanceof StreamError) || thrown.code !== 'LEASE_LOST') throw thrown;
      }
      if (!signal.aborted) standBy();
    });
  } finally {
    known.abort();
    await looking;
  }
}

/** Calls back once more than one process asks for a right that this one has not got. */
async function lookFor(
  {
    transport,
    right,
    everyMs,
  }: { readonly transport: Transport; readonly right: string; readonly everyMs: number },
  signal: AbortSignal,
  onOthers: () => void,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await delay(everyMs, undefined, { signal });
      if ((await askersOf(transport, right)) > 1 && !signal.aborted) return onOthers();
    } catch (thrown) {
      // A transport that fails for good says so to whoever works with it.
      if (!(signal.aborted || thrown instanceof StreamError)) throw thrown;
    }
  }
}

/** Reads the source. A failure was told, and is tried again later; only the loss of the right ends the work. */
async function readFirst(loop: ProducerLoopOptions, signal: AbortSignal): Promise<void> {
  try {
    await firstScan(loop, signal);
  } catch (thrown) {
    if (signal.aborted) return;
    if (!(thrown instanceof StreamError) || thrown.code === 'LEASE_LOST') throw thrown;
  }
}

/** Opens a producer, for as long as it takes; undefined when `signal` fires first. */
async function openPatiently(
  { name, open, telemetry, retryDelayMs = 500 }: LeasedProducer,
  signal: AbortSignal,
  onFailure: () => void,
): Promise<Producer | undefined> {
  for (let failures = 1; !signal.aborted; failures += 1) {
    try {
      return await open();
    } catch (thrown) {
      const error = toStreamError(thrown, 'SOURCE_UNAVAILABLE', `The producer ${name}`);
      const { code, message, retryable } = error;
      const retryInMs = retryable ? pauseMs(retryDelayMs, failures) : slowPauseMs(failures);
      telemetry.emit('scanFailed', { producer: name, code, message, retryInMs });
      onFailure();
      await pause(retryInMs, signal);
    }
  }
  return undefined;
}
