import {
  catchError,
  concatMap,
  EMPTY,
  from,
  groupBy,
  lastValueFrom,
  mergeMap,
  type MonoTypeOperatorFunction,
  type Observable,
} from 'rxjs';
import { decodeEvent } from '../schemas/codec.ts';
import type { EntityChange } from '../schemas/types.ts';
import { backoffMs, pause } from './delivery/backoff.ts';
import { batchWithin } from './delivery/batch-within.ts';
import { Credits } from './delivery/credits.ts';
import { appendDeadLetters, codeOf, deadLetterOf, type Fault } from './delivery/dead-letters.ts';
import { gated, recordBytes } from './delivery/gated.ts';
import { intactValue } from './delivery/intact-value.ts';
import { Lane, type LaneItem, type Progress } from './delivery/lane.ts';
import { OffsetTracker } from './delivery/offset-tracker.ts';
import { StreamError } from './errors.ts';
import { partitionOf } from './partitioner.ts';
import type { Sink } from './sink.ts';
import type { Settlement, Telemetry } from './telemetry.ts';
import { groups, topics } from './topics.ts';
import type { Assignment, PullLimit, StoredRecord, Transport } from './transport.ts';

/** What the sink stage works with. */
export interface SinkStageOptions {
  readonly transport: Transport;
  readonly sink: Sink;
  readonly telemetry: Telemetry;
  /** Credits of one partition. */
  readonly credits: PullLimit;
  /** Lanes of one partition: changes of one key share a lane, and a lane has one batch in flight. */
  readonly lanes: number;
  readonly batch: { readonly count: number; readonly bytes: number; readonly withinMs: number };
  /** How often a change whose referent is missing is tried again before it becomes a dead letter. */
  readonly missingReferentAttempts: number;
  /** Pause before it is tried again, in milliseconds; doubles up to 30 times itself. */
  readonly retryDelayMs: number;
  /**
   * How long a batch in flight may go on after a stop or a revocation, in milliseconds; then it is cut off, unsettled. Less
   * than the transport's grace time, or the next owner begins while it lasts. @default 10000
   */
  readonly drainMs?: number;
  /** Whether a catalogue that cannot be reached at the start is waited for, instead of failing. @default false */
  readonly keepTrying?: boolean;
  readonly now: () => Date;
}

/**
 * Runs the sink stage until `signal` fires: pull with a credit → decode → lanes by key → batches → deliver → contiguous
 * offsets → commit. An event is settled only when the catalogue has it, or its dead letter is durable. Batches in flight
 * are finished before it resolves, or rejects because the sink refuses to go on; the rest stays uncommitted.
 */
export async function runSinkStage(options: SinkStageOptions, signal: AbortSignal): Promise<void> {
  await openSink(options, signal);
  if (signal.aborted) return; // stopped before it began
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  const running = new Set<Promise<void>>();
  const progress: Progress = { moves: 0, inFlight: 0 };
  const subscription = { topic: topics.entities, group: groups.sink, signal: stop };
  try {
    for await (const assignment of options.transport.subscribe(subscription)) {
      const partition = new SinkPartition(assignment, options, { stop, progress })
        .run()
        .catch((thrown: unknown) => failed.abort(thrown))
        .finally(() => running.delete(partition));
      running.add(partition);
    }
  } catch (thrown) {
    failed.abort(thrown); // the partitions drain before it is thrown
  }
  await Promise.all(running);
  if (failed.signal.aborted) throw failed.signal.reason;
}

/** Opens the sink; a passing fault is waited out where the stage is to keep trying. Resolves also when `signal` fires. */
async function openSink(options: SinkStageOptions, signal: AbortSignal): Promise<void> {
  const { sink, telemetry, retryDelayMs, keepTrying = false } = options;
  for (let round = 0; !signal.aborted; round += 1) {
    try {
      return await sink.open(signal);
    } catch (thrown) {
      if (signal.aborted) return;
      if (!keepTrying || !(thrown instanceof StreamError) || !thrown.retryable) throw thrown;
      const waitMs = thrown.retryAfterMs ?? backoffMs(retryDelayMs, round);
      telemetry.emit('sinkWaiting', { code: thrown.code, message: thrown.message, waitMs });
      await pause(waitMs, signal);
    }
  }
}

/** One partition in the hands of the sink. */
class SinkPartition {
  readonly #assignment: Assignment;
  readonly #options: SinkStageOptions;
  readonly #progress: Progress;
  readonly #tracker: OffsetTracker;
  readonly #credits: Credits;
  /** Fires with the first fault of this partition. */
  readonly #failed = new AbortController();
  /** Ends what is in flight. */
  readonly #cut = new AbortController();
  /** Fires when nothing new may begin. */
  readonly #ending: AbortSignal;

  constructor(
    assignment: Assignment,
    options: SinkStageOptions,
    shared: { readonly stop: AbortSignal; readonly progress: Progress },
  ) {
    this.#assignment = assignment;
    this.#options = options;
    this.#ending = AbortSignal.any([shared.stop, this.#failed.signal, assignment.revoking]);
    this.#progress = shared.progress;
    this.#tracker = new OffsetTracker(assignment.start);
    this.#credits = new Credits(options.credits);
  }

  async run(): Promise<void> {
    const { lanes, batch, telemetry } = this.#options;
    const records = gated(this.#assignment, this.#credits, {
      stop: this.#ending,
      onPulled: (pulled) => {
        for (const record of pulled) this.#tracker.track(record.offset, recordBytes(record));
        this.#progress.moves += pulled.length;
        telemetry.emit('received', { stage: 'sink', events: pulled.length });
      },
    });
    const limits = { ...batch, sizeOf: (item: LaneItem) => recordBytes(item.record) };
    const settled = records.pipe(
      concatMap((record) => this.#decode(record)),
      this.#stopAll(),
      groupBy((item) => partitionOf(item.record.key, lanes)),
      mergeMap(
        (items) =>
          this.#lane()
            .run(items.pipe(batchWithin(limits)))
            .pipe(this.#stopAll()),
        lanes,
      ),
    );
    const offDrain = this.#limitDrain();
    try {
      await lastValueFrom(settled, { defaultValue: undefined });
    } finally {
      offDrain();
      await this.#assignment.release();
    }
    if (this.#failed.signal.aborted) throw this.#failed.signal.reason;
  }

  /** A fault ends one lane at once; the others end what they have in flight, so that nothing is under way when the partition is released. */
  #stopAll<T>(): MonoTypeOperatorFunction<T> {
    return catchError((thrown: unknown) => {
      this.#failed.abort(thrown);
      return EMPTY;
    });
  }

  /** Cuts off what is still in flight when the time to drain is over. Returns the function that ends the watch. */
  #limitDrain(): () => void {
    let timer: NodeJS.Timeout | undefined;
    const begin = (): void => {
      timer = setTimeout(() => this.#cut.abort(this.#ending.reason), this.#options.drainMs ?? 10_000);
    };
    if (this.#ending.aborted) begin();
    else this.#ending.addEventListener('abort', begin, { once: true });
    return () => {
      this.#ending.removeEventListener('abort', begin);
      clearTimeout(timer);
    };
  }

  #lane(): Lane {
    const { sink, missingReferentAttempts, retryDelayMs, telemetry } = this.#options;
    return new Lane({
      sink,
      ending: this.#ending,
      cut: this.#cut.signal,
      missingReferentAttempts,
      retryDelayMs,
      telemetry,
      progress: this.#progress,
      settle: (item, as) => this.#settle(item.record, as, item.change.producer),
      deadLetter: (item, error, attempts) =>
        this.#deadLetter(item.record, { stage: 'SINK', error, attempts, producer: item.change.producer }),
    });
  }

  /** A record that cannot be decoded becomes a dead letter here, before it reaches a lane. */
  #decode(record: StoredRecord): Observable<LaneItem> {
    if (record.value === null) return this.#only(this.#settle(record, 'filtered', undefined));
    try {
      return from([{ record, change: decodeChange(intactValue(record, record.value)) }]);
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      return this.#only(this.#deadLetter(record, { stage: 'DECODE', error, attempts: 1, producer: null }));
    }
  }

  #only(settled: Promise<void>): Observable<never> {
    return from(settled).pipe(concatMap(() => EMPTY));
  }

  async #deadLetter(record: StoredRecord, fault: Fault): Promise<void> {
    const letter = deadLetterOf(record, fault, this.#options.now());
    await appendDeadLetters(this.#options.transport, [letter]);
    const producer = fault.producer ?? undefined;
    const { id, message } = letter;
    this.#options.telemetry.emit('deadLettered', {
      stage: 'sink',
      producer,
      code: codeOf(fault.error),
      message,
      id,
    });
    await this.#settle(record, 'dead-lettered', producer);
  }

  /** Settles one record; commits as far as everything before is settled too. */
  async #settle(record: StoredRecord, as: Settlement, producer: string | undefined): Promise<void> {
    this.#options.telemetry.emit('settled', { stage: 'sink', as, producer });
    const passed = this.#tracker.settle(record.offset);
    if (passed.records === 0) return;
    this.#credits.give(passed.records, passed.bytes);
    await this.#assignment.commit(this.#tracker.committable);
  }
}

function decodeChange(value: Uint8Array): EntityChange {
  const { type, value: decoded } = decodeEvent(value);
  if (type !== 'entity-change') {
    throw new StreamError(
      'EVENT_UNDECODABLE',
      `An event of type ${type} does not belong on ${topics.entities}.`,
    );
  }
  return decoded as EntityChange;
}
