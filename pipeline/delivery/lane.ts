import { merge, mergeMap, map, type Observable, Subject, tap } from 'rxjs';
import type { EntityRef } from '../../schemas/types.ts';
import { deliveryOf } from './delivery-of.ts';
import { StreamError } from '../errors.ts';
import type { BatchTurn, Outcome, Sink } from '../sink.ts';
import type { StoredRecord } from '../transport.ts';
import { backoffMs, pause } from './backoff.ts';
import { batchWithin, type BatchLimits } from './batch-within.ts';
import { inTurns } from './in-turns.ts';
import { type LaneItem, standsAlone } from './lane-item.ts';
import { LaneLedger, type LedgerOptions } from './lane-ledger.ts';
import { LaneTurn } from './lane-turns.ts';
import { OpenKeys } from './open-keys.ts';
import { type Patience, patiently } from './patiently.ts';
import type { SettledWork } from './settler.ts';

/** What a lane works with. */
export interface LaneOptions extends LedgerOptions {
  readonly sink: Sink;
  readonly place: Pick<StoredRecord, 'topic' | 'partition'>;
  readonly limits: BatchLimits<LaneItem>;
  /** Fires on shutdown, when the partition is to be given up, and when a lane failed: no batch begins any more. */
  readonly ending: AbortSignal;
  /** Fires when a batch in flight may not go on either: what is not settled stays uncommitted. */
  readonly cut: AbortSignal;
  readonly retryDelayMs: number;
  /** Whether it waits for what a person has to mend. */
  readonly keepTrying: boolean;
  /** Resolves with false when nothing was written, since the partition is no longer ours or is to be given up. */
  readonly settle: (work: SettledWork) => Promise<boolean>;
  /** Told what ends the lane, before its other batch has ended: that one must not wait for anything any more. */
  readonly onFailed: (thrown: unknown) => void;
  /** Told what the catalogue has got. */
  readonly onDelivered: (refs: readonly EntityRef[]) => void;
}

/** Work for a lane: changes that came, or keys whose parked changes are to be tried again. */
interface LaneWork {
  readonly items: readonly LaneItem[];
  readonly keys: readonly string[];
  readonly isLast: boolean;
  readonly done: (moved: number) => void;
}

/** Changes that are looked at in one turn: it keeps the event loop for some milliseconds. */
const seenTogether = 500;

/** A batch that was planned is not begun any more. */
class NotBegun extends Error {}

/**
 * Delivers the changes of one lane, one batch at a time; a sink that plans ahead gets the next one while one is in flight. Batches are filled with what the catalogue does not have yet, as far as the sink
 * knows without asking; the rest is settled on the way. A transient fault is tried again for as long as it lasts, and is never
 * a dead letter. A change whose referent is missing is parked; it comes along with the next change of its key, or when it is woken.
 */
export class Lane {
  readonly #options: LaneOptions;
  readonly #items = new Subject<LaneItem>();
  readonly #wakes = new Subject<LaneWork>();
  /** What waits for its batch or is in flight. */
  readonly #open = new OpenKeys();
  /** Batches that have begun and not ended. */
  #turns: readonly LaneTurn[] = [];
  /** Changes that were handed in and not looked at yet. */
  #unseen = 0;
  readonly #waking = new Set<(moved: number) => void>();

  constructor(options: LaneOptions) {
    this.#options = options;
    const end = (): void => {
      for (const done of this.#waking) done(0);
    };
    options.ending.addEventListener('abort', end, { once: true });
  }

  /** Delivers everything that is handed in; completes after {@link end}, with the last batch. */
  run(): Observable<void> {
    const { sink, limits } = this.#options;
    const isMore = (): boolean => this.#unseen > 0;
    const batches = this.#items.pipe(
      sink.known === undefined
        ? tap((item: LaneItem) => this.#open.add([item]))
        : inTurns((items) => this.#sift(items).catch((thrown: unknown) => this.#fail(thrown)), seenTogether),
      batchWithin(sink.known === undefined ? limits : { ...limits, isMore }),
      map((items): LaneWork => ({ items, keys: [], isLast: false, done: () => undefined })),
    );
    const atOnce = sink.plansAhead === true ? 2 : 1;
    return merge(batches, this.#wakes).pipe(mergeMap((work) => this.#takeTurn(work), atOnce));
  }

  /** Hands in a change. */
  push(item: LaneItem): void {
    this.#unseen += 1;
    this.#items.next(item);
  }

  /** Nothing more is handed in. */
  end(): void {
    this.#items.complete();
    this.#wakes.complete();
  }

  /**
   * Tries parked changes again. Resolves with how many of the keys moved on: their changes are settled, or a placeholder is asked for.
   *
   * @param isLast whether they have waited long enough for what they wait for
   */
  wake(keys: readonly string[], isLast: boolean): Promise<number> {
    return new Promise((resolve) => {
      const done = (moved: number): void => {
        this.#waking.delete(done);
        resolve(moved);
      };
      this.#waking.add(done);
      if (this.#options.ending.aborted) done(0);
      else {
        this.#open.add([], keys);
        this.#wakes.next({ items: [], keys, isLast, done });
      }
    });
  }

  /** Settles what the catalogue has already; resolves with the others. */
  async #sift(items: readonly LaneItem[]): Promise<readonly LaneItem[]> {
    const { ending, parked, settle, onDelivered } = this.#options;
    const entries = await parked.read(new Set(items.map(({ record }) => record.key)));
    const asked = this.#open.unblocked(items).filter(({ record }) => !entries.has(record.key));
    const known = new Map<LaneItem, Outcome>();
    for (const [index, outcome] of (ending.aborted ? [] : await this.#known(asked)).entries()) {
      const item = asked[index];
      if (item !== undefined && outcome !== undefined) known.set(item, outcome);
    }
    const left = items.filter((item) => !known.has(item));
    this.#open.add(left);
    if (known.size > 0) {
      const ledger = new LaneLedger(new Map(), false, this.#options);
      const posting = ledger.post([...known.keys()], [...known.values()]);
      if (await settle(posting.work)) {
        posting.done();
        onDelivered(posting.delivered);
      }
    }
    this.#unseen -= items.length;
    return left;
  }

  async #known(items: readonly LaneItem[]): Promise<readonly (Outcome | undefined)[]> {
    const { sink } = this.#options;
    if (items.length === 0) return [];
    const changes = items.map(({ record, change }) => deliveryOf(record, change));
    return (await patiently(this.#patience, async () => sink.known?.(changes))) ?? [];
  }

  /** Delivers what is to be done. Rejects when nothing else of the lane is under way any more. */
  async #takeTurn(work: LaneWork): Promise<void> {
    const keys = new Set([...work.items.map(({ record }) => record.key), ...work.keys]);
    const turn = new LaneTurn(keys, this.#turns);
    this.#turns = [...this.#turns, turn];
    try {
      await this.#deliver(work, turn);
    } catch (thrown) {
      this.#options.onFailed(thrown); // before who waits for its end is let go
      turn.end();
      await this.#fail(thrown);
    } finally {
      turn.end();
      this.#turns = this.#turns.filter((one) => !one.hasEnded);
    }
  }

  /** Ends the lane with what was thrown, when nothing of it is under way any more. */
  async #fail(thrown: unknown): Promise<never> {
    this.#options.onFailed(thrown);
    await Promise.all(this.#turns.map((one) => one.ended()));
    throw thrown;
  }

  async #deliver({ items, keys, isLast, done }: LaneWork, turn: LaneTurn): Promise<void> {
    const { parked, place, retryDelayMs, ending, telemetry, settle, onDelivered } = this.#options;
    if (turn.isShared) await turn.alone();
    const entries = await parked.read(new Set([...items.map(({ record }) => record.key), ...keys]));
    const ledger = new LaneLedger(entries, isLast, this.#options);
    let open: readonly LaneItem[] = [...ledger.woken(items, place), ...items];
    if (keys.length === 0 && open.every(standsAlone)) turn.standAlone();
    if (!turn.isApart) await turn.alone();
    for (let round = 0; open.length > 0 && !ending.aborted; round += 1) {
      const outcomes = await this.#attempt(open, isLast, turn);
      if (outcomes === undefined) break;
      const posting = ledger.post(open, outcomes);
      if (posting.again.length === 0) turn.pass();
      if (!(await settle(posting.work))) break;
      posting.done();
      onDelivered(posting.delivered);
      open = posting.again;
      const { reason } = posting;
      if (reason === undefined) continue;
      const waitMs = reason.retryAfterMs ?? backoffMs(retryDelayMs, round);
      telemetry.emit('sinkWaiting', { code: reason.code, message: reason.message, waitMs });
      await pause(waitMs, ending);
    }
    this.#open.remove(items, keys);
    done(ledger.moved);
  }

  /**
   * Undefined when the time to drain was over meanwhile, or it ends before its turn or while the state of the sink has a fault: nothing of
   * the attempt counts then. Throws when the sink breaks its contract.
   */
  async #attempt(
    items: readonly LaneItem[],
    isLast: boolean,
    turn: LaneTurn,
  ): Promise<readonly Outcome[] | undefined> {
    const { sink, cut } = this.#options;
    try {
      const batch = items.map(({ record, change, wasParked, isUncertain }) => ({
        ...deliveryOf(record, change),
        ...(isUncertain ? { isUncertain } : {}),
        ...(isLast && wasParked ? { hasWaited: true } : {}),
      }));
      const outcomes = await patiently(this.#patience, () => sink.deliver(batch, cut, this.#batchTurn(turn)));
      if (outcomes === undefined || outcomes.length === items.length) return outcomes;
      throw new StreamError(
        'CATALOG_UNEXPECTED',
        `The sink answered with ${outcomes.length} outcomes for ${items.length} changes.`,
      );
    } catch (thrown) {
      if (cut.aborted || thrown instanceof NotBegun) return undefined;
      throw thrown;
    }
  }

  /** What the sink is told of the turn of a batch; nothing where it is to begin at once. */
  #batchTurn(turn: LaneTurn): BatchTurn | undefined {
    if (!turn.isApart) return undefined;
    const come = async (): Promise<void> => {
      await turn.come();
      if (this.#options.ending.aborted) throw new NotBegun();
    };
    return { hasCome: turn.hasCome, come, pass: () => turn.pass() };
  }

  get #patience(): Patience {
    const { telemetry, retryDelayMs, ending, keepTrying } = this.#options;
    // A right that a person has to give is waited for only where the stage is to go on for ever.
    const gaveUp = ({ code }: StreamError): boolean => !keepTrying && code === 'CATALOG_FORBIDDEN';
    return { stage: 'sink', telemetry, retryDelayMs, ending, gaveUp };
  }
}
