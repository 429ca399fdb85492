import { concatMap, finalize, merge, type Observable, Subject } from 'rxjs';
import { deliveryOf } from './delivery-of.ts';
import type { EntityChange } from '../../schemas/types.ts';
import { StreamError } from '../errors.ts';
import type { Outcome, Sink } from '../sink.ts';
import type { Settlement, Telemetry } from '../telemetry.ts';
import type { StoredRecord } from '../transport.ts';
import { backoffMs, pause } from './backoff.ts';

/** One change on its way to the sink. */
export interface LaneItem {
  readonly record: StoredRecord;
  readonly change: EntityChange;
}

interface Waiting {
  readonly item: LaneItem;
  /** Rounds without a referent in which nothing else moved. */
  readonly attempts: number;
  readonly moves: number;
}

/** Whether anything moves in the stage, over all lanes and partitions: a referent may still be on its way. */
export interface Progress {
  /** Grows with every record that is pulled or settled. */
  moves: number;
  /** Batches with new changes that the sink has in its hands. */
  inFlight: number;
}

/** What a lane works with. */
export interface LaneOptions {
  readonly sink: Sink;
  /** Fires on shutdown, when the partition is to be given up, and when another lane failed: no batch begins any more. */
  readonly ending: AbortSignal;
  /** Fires when a batch in flight may not go on either: what is not settled stays uncommitted. */
  readonly cut: AbortSignal;
  readonly missingReferentAttempts: number;
  readonly retryDelayMs: number;
  readonly telemetry: Telemetry;
  readonly progress: Progress;
  readonly settle: (item: LaneItem, as: Settlement) => Promise<void>;
  readonly deadLetter: (item: LaneItem, error: StreamError, attempts: number) => Promise<void>;
}

/**
 * Delivers the batches of one lane, one at a time. A transient fault is tried again for as long as it lasts, and is never
 * a dead letter. A change whose referent is missing waits, and is tried again after pauses that grow, or together with the
 * next change of its key. Only rounds in which nothing else in the whole stage moved count towards its last one.
 */
export class Lane {
  readonly #options: LaneOptions;
  readonly #retries = new Subject<readonly LaneItem[]>();
  #waiting: readonly Waiting[] = [];
  #timer: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  /** Delivers every batch; completes with the last one. What waits for a referent then stays unsettled, and is delivered again from its offset. */
  run(batches: Observable<readonly LaneItem[]>): Observable<void> {
    const own = batches.pipe(
      finalize(() => {
        this.#ended = true;
        clearTimeout(this.#timer);
        this.#retries.complete();
      }),
    );
    return merge(own, this.#retries).pipe(concatMap((batch) => this.#deliver(batch)));
  }

  async #deliver(batch: readonly LaneItem[]): Promise<void> {
    const { ending, retryDelayMs, telemetry } = this.#options;
    const keys = new Set(batch.map((item) => item.record.key));
    const due = this.#waiting.filter(({ item }) => batch.length === 0 || keys.has(item.record.key));
    const missing = this.#waiting.filter((waiting) => !due.includes(waiting));
    const before = new Map(due.map((waiting) => [waiting.item, waiting]));
    let open: readonly LaneItem[] = [...before.keys(), ...batch];
    for (let round = 0; open.length > 0 && !ending.aborted; round += 1) {
      const outcomes = await this.#attempt(open, batch.length > 0);
      if (outcomes === undefined) return;
      const again: LaneItem[] = [];
      let reason: StreamError | undefined;
      for (const [index, item] of open.entries()) {
        const outcome = outcomes[index];
        if (outcome === undefined) continue;
        if (outcome.kind === 'retry') {
          again.push(item);
          reason = outcome.error;
        } else if (outcome.kind === 'missing-referent') {
          const waiting = await this.#wait(item, outcome.error, before.get(item));
          if (waiting !== undefined) missing.push(waiting);
        } else await this.#finish(item, outcome);
      }
      open = again;
      if (reason === undefined) continue;
      const waitMs = reason.retryAfterMs ?? backoffMs(retryDelayMs, round);
      telemetry.emit('sinkWaiting', { code: reason.code, message: reason.message, waitMs });
      await pause(waitMs, ending);
    }
    this.#retryLater(missing);
  }

  #retryLater(missing: readonly Waiting[]): void {
    this.#waiting = missing;
    clearTimeout(this.#timer);
    if (missing.length === 0 || this.#ended || this.#options.ending.aborted) return;
    const round = Math.min(...missing.map(({ attempts }) => attempts));
    const waitMs = backoffMs(this.#options.retryDelayMs, round);
    this.#timer = setTimeout(() => this.#retries.next([]), waitMs);
  }

  /** Keeps an item that waits for its referent, or makes it a dead letter after its last round: then undefined. */
  async #wait(item: LaneItem, error: StreamError, before: Waiting | undefined): Promise<Waiting | undefined> {
    const { progress, missingReferentAttempts, deadLetter } = this.#options;
    const quiet = before?.moves === progress.moves && progress.inFlight === 0;
    const attempts = (before?.attempts ?? 0) + (quiet ? 1 : 0);
    if (attempts < missingReferentAttempts) return { item, attempts, moves: progress.moves };
    progress.moves += 1;
    await deadLetter(item, error, attempts);
    return undefined;
  }

  /** Undefined when the signal fired meanwhile: nothing of the attempt counts then. Throws when the sink breaks its contract. */
  async #attempt(items: readonly LaneItem[], fresh: boolean): Promise<readonly Outcome[] | undefined> {
    const { progress } = this.#options;
    progress.inFlight += fresh ? 1 : 0;
    try {
      const outcomes = await this.#options.sink.deliver(
        items.map(({ record, change }) => deliveryOf(record, change)),
        this.#options.cut,
      );
      if (outcomes.length === items.length) return outcomes;
      throw new StreamError(
        'CATALOG_UNEXPECTED',
        `The sink answered with ${outcomes.length} outcomes for ${items.length} changes.`,
      );
    } catch (thrown) {
      if (this.#options.cut.aborted) return undefined;
      throw thrown;
    } finally {
      progress.inFlight -= fresh ? 1 : 0;
    }
  }

  async #finish(
    item: LaneItem,
    outcome: Exclude<Outcome, { readonly kind: 'missing-referent' | 'retry' }>,
  ): Promise<void> {
    const { settle, deadLetter, telemetry, progress } = this.#options;
    progress.moves += 1;
    if (outcome.kind === 'rejected') return deadLetter(item, outcome.error, 1);
    if (outcome.kind !== 'superseded') {
      telemetry.emit('applied', { producer: item.change.producer, counts: outcome.counts });
    }
    return settle(item, outcome.kind);
  }
}
