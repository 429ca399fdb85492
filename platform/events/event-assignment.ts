import { backoffMs, pause } from '../../pipeline/delivery/backoff.ts';
import { StreamError } from '../../pipeline/errors.ts';
import type { Assignment, PullLimit, StoredRecord } from '../../pipeline/transport.ts';
import type { EventReader } from './event-reader.ts';

/** How what an event needs is waited for. */
export interface WaitingOptions {
  /** First pause in milliseconds; doubles up to 30 times itself. */
  readonly retryDelayMs: number;
  /** Hears of every pause. */
  readonly onWaiting: (topic: string, error: StreamError, waitMs: number) => void;
}

/** A partition in the hands of a stage, event by event. */
export class EventAssignment implements Assignment {
  readonly inner: Assignment;
  readonly #reader: EventReader;
  readonly #waiting: WaitingOptions;
  /** Everything below it was said to be settled. */
  #settled: number;

  constructor(inner: Assignment, reader: EventReader, waiting: WaitingOptions) {
    this.inner = inner;
    this.#reader = reader;
    this.#waiting = waiting;
    this.#settled = inner.start;
  }

  get topic(): string {
    return this.inner.topic;
  }

  get partition(): number {
    return this.inner.partition;
  }

  get start(): number {
    return this.inner.start;
  }

  get revoking(): AbortSignal {
    return this.inner.revoking;
  }

  get graceMs(): number {
    return this.inner.graceMs;
  }

  /** As {@link Assignment.pull}; waits also while the registry, or the store of large events, has a passing fault. */
  async pull(limit: PullLimit, signal: AbortSignal): Promise<readonly StoredRecord[]> {
    const stop = AbortSignal.any([signal, this.revoking]);
    for (let round = 0; !stop.aborted; ) {
      try {
        const events = await this.#reader.take(limit);
        if (events.length > 0) return stop.aborted ? [] : events;
      } catch (thrown) {
        if (!(thrown instanceof StreamError) || !thrown.retryable) throw thrown;
        const waitMs = thrown.retryAfterMs ?? backoffMs(this.#waiting.retryDelayMs, round);
        this.#waiting.onWaiting(this.topic, thrown, waitMs);
        await pause(waitMs, stop);
        round += 1;
        continue;
      }
      await this.#more(limit, signal);
    }
    return [];
  }

  async #more(limit: PullLimit, signal: AbortSignal): Promise<void> {
    const dueIn = this.#reader.dueIn();
    const until =
      dueIn === undefined ? signal : AbortSignal.any([signal, AbortSignal.timeout(Math.ceil(dueIn))]);
    const records = await this.inner.pull(limit, until);
    await this.#reader.add(records);
    // What came twice brings nothing: nobody else says that it is settled.
    if (records.length === 0 || !this.#reader.isIdle) return;
    if (this.#reader.settled(this.#settled) > this.#settled) await this.commit(this.#settled);
  }

  /** Where the partition is settled, when its events below an offset are. */
  place(offset: number): number {
    return this.#reader.settled(offset);
  }

  /** Events below an offset are settled, durably. */
  settled(offset: number): void {
    this.#settled = Math.max(this.#settled, offset);
  }

  async commit(offset: number): Promise<boolean> {
    const isOurs = await this.inner.commit(this.place(offset));
    if (isOurs) this.settled(offset);
    return isOurs;
  }

  release(): Promise<void> {
    return this.inner.release();
  }
}
