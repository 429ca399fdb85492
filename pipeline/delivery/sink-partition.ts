import {
  catchError,
  EMPTY,
  ignoreElements,
  lastValueFrom,
  merge,
  tap,
  type MonoTypeOperatorFunction,
} from 'rxjs';
import { partitionOf } from '../partitioner.ts';
import type { Assignment, StoredRecord } from '../transport.ts';
import type { SinkStageOptions } from '../sink-stage.ts';
import { Calm } from './calm.ts';
import { Credits } from './credits.ts';
import { codeOf, deadLetterOf } from './dead-letters.ts';
import { gated, recordBytes } from './gated.ts';
import { Lane } from './lane.ts';
import { laneItem } from './lane-item.ts';
import { OffsetTracker } from './offset-tracker.ts';
import { ParkedPartition } from './parked-partition.ts';
import { PartitionCounts } from './partition-counts.ts';
import type { Parking } from './parking.ts';
import { type SettledWork, Settler } from './settler.ts';

/** What part of the grace time of a partition batches in flight may take to end. */
const drainShare = 0.8;

/** One partition in the hands of the sink. */
export class SinkPartition {
  readonly #assignment: Assignment;
  readonly #options: SinkStageOptions;
  readonly #parking: Parking;
  readonly #group: string;
  readonly #tracker: OffsetTracker;
  readonly #credits: Credits;
  readonly #counts: PartitionCounts;
  readonly #settler: Settler;
  readonly #calm: Calm;
  readonly #heldSince: number;
  /** Records that are still to come of those that its owner before may have had in hand. */
  #uncertain: number;
  /** Fires with the first fault of this partition. */
  readonly #failed = new AbortController();
  /** Ends what is in flight. */
  readonly #cut = new AbortController();
  /** Fires when nothing new may begin. */
  readonly #ending: AbortSignal;

  constructor(
    assignment: Assignment,
    options: SinkStageOptions,
    shared: { readonly stop: AbortSignal; readonly parking: Parking; readonly group: string },
  ) {
    this.#assignment = assignment;
    this.#options = options;
    this.#parking = shared.parking;
    this.#group = shared.group;
    this.#ending = AbortSignal.any([shared.stop, this.#failed.signal, assignment.revoking]);
    this.#tracker = new OffsetTracker(assignment.start);
    this.#credits = new Credits(options.credits);
    this.#uncertain = options.credits.records;
    this.#calm = new Calm(options.batch.withinMs);
    this.#heldSince = options.now().getTime();
    const { transport, telemetry, retryDelayMs } = options;
    this.#counts = new PartitionCounts(transport.transactions.state, this.#group, assignment.partition);
    this.#settler = new Settler({
      transport,
      assignment,
      tracker: this.#tracker,
      credits: this.#credits,
      counts: this.#counts,
      patience: { stage: 'sink', telemetry, retryDelayMs, ending: this.#ending },
    });
  }

  /** Delivers what is in the partition until it is to be given up; resolves when it is. */
  async run(): Promise<void> {
    const offDrain = this.#limitDrain();
    try {
      await this.#deliverAll();
    } finally {
      offDrain();
      const events = this.#tracker.unsettled;
      if (events > 0) this.#options.telemetry.emit('returned', { stage: 'sink', events });
      await this.#assignment.release();
    }
    if (this.#failed.signal.aborted) throw this.#failed.signal.reason;
  }

  async #deliverAll(): Promise<void> {
    const { lanes: count, telemetry } = this.#options;
    const { partition } = this.#assignment;
    await this.#counts.open(this.#assignment.start);
    const parked = await ParkedPartition.open(
      this.#options.transport.transactions.state,
      { group: this.#group, partition },
      () => this.#parking.more(),
    );
    const lanes = Array.from({ length: count }, () => this.#lane(parked));
    const laneOf = (key: string): Lane | undefined => lanes[partitionOf(key, count)];
    const records = gated(this.#assignment, this.#credits, {
      stop: this.#ending,
      onPulled: (pulled) => {
        this.#calm.arrived(performance.now());
        for (const record of pulled) this.#tracker.track(record.offset, recordBytes(record));
        this.#counts.received(pulled.length);
        telemetry.emit('received', { stage: 'sink', events: pulled.length });
      },
    });
    const endLanes = (): void => {
      for (const lane of lanes) lane.end();
    };
    const pushed = records.pipe(
      tap((record) => this.#push(record, laneOf(record.key))),
      tap({ complete: endLanes, error: endLanes }),
      ignoreElements(),
      this.#stopAll(),
    );
    const running = merge(...lanes.map((lane) => lane.run().pipe(this.#stopAll())), pushed);
    const letGo = this.#parking.hold({
      partition,
      parked,
      wake: async (keys, isLast) => {
        const wakes = lanes.flatMap((lane) => {
          const own = keys.filter((key) => laneOf(key) === lane);
          return own.length === 0 ? [] : [lane.wake(own, isLast)];
        });
        return (await Promise.all(wakes)).reduce((sum, moved) => sum + moved, 0);
      },
    });
    try {
      await lastValueFrom(running, { defaultValue: undefined });
      await this.#settler.idle();
    } finally {
      letGo();
    }
  }

  /** A fault ends one lane at once; the others end what they have in flight, so that nothing is under way when the partition is released. */
  #stopAll<T>(): MonoTypeOperatorFunction<T> {
    return catchError((thrown: unknown) => {
      this.#failed.abort(thrown);
      return EMPTY;
    });
  }

  /**
   * Cuts off what is still in flight when the time to drain is over: before the next owner begins, with time left to say so.
   * Returns the function that ends the watch.
   */
  #limitDrain(): () => void {
    let timer: NodeJS.Timeout | undefined;
    const begin = (): void => {
      const drainMs = this.#assignment.graceMs * drainShare;
      timer = setTimeout(() => this.#cut.abort(this.#ending.reason), drainMs);
    };
    if (this.#ending.aborted) begin();
    else this.#ending.addEventListener('abort', begin, { once: true });
    return () => {
      this.#ending.removeEventListener('abort', begin);
      clearTimeout(timer);
    };
  }

  #lane(parked: ParkedPartition): Lane {
    const { sink, retryDelayMs, telemetry, batch, missingReferent, now, keepTrying = false } = this.#options;
    const { topic, partition } = this.#assignment;
    return new Lane({
      sink,
      parked,
      telemetry,
      missingReferent,
      retryDelayMs,
      keepTrying,
      now,
      heldSince: this.#heldSince,
      place: { topic, partition },
      limits: {
        ...batch,
        isCalm: () => this.#calm.isCalm,
        sizeOf: ({ record }) => recordBytes(record),
      },
      canPlace: (typeName) => sink.canPlace?.(typeName) === true,
      ending: this.#ending,
      cut: this.#cut.signal,
      settle: (work) => this.#settler.settle(work),
      onFailed: (thrown) => this.#failed.abort(thrown),
      onDelivered: (refs) => this.#parking.delivered(refs),
    });
  }

  /** A record that cannot be decoded becomes a dead letter here, before it reaches a lane. */
  #push(record: StoredRecord, lane: Lane | undefined): void {
    const { telemetry, now } = this.#options;
    const { offset } = record;
    const isUncertain = this.#uncertain > 0;
    this.#uncertain -= 1;
    const nothing = { letters: [], changes: [], state: [] };
    if (record.value === null) {
      this.#settle({ ...nothing, records: [{ offset, as: 'filtered' }] }, () =>
        telemetry.emit('settled', { stage: 'sink', as: 'filtered', producer: undefined }),
      );
      return;
    }
    try {
      lane?.push({ ...laneItem(record, record.value), isUncertain });
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      const letter = deadLetterOf(record, { stage: 'DECODE', error, attempts: 1, producer: null }, now());
      this.#settle({ ...nothing, letters: [letter], records: [{ offset, as: 'dead-lettered' }] }, () => {
        const { id, message } = letter;
        const producer = undefined;
        telemetry.emit('deadLettered', { stage: 'sink', producer, code: codeOf(error), message, id });
        telemetry.emit('settled', { stage: 'sink', as: 'dead-lettered', producer });
      });
    }
  }

  #settle(work: SettledWork, done: () => void): void {
    this.#settler.settle(work).then(
      (isDurable) => {
        if (isDurable) done();
      },
      (thrown: unknown) => this.#failed.abort(thrown),
    );
  }
}
