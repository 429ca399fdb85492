import { setImmediate as turn } from 'node:timers/promises';
import type { Assignment, PullLimit, StoredRecord } from '../../pipeline/transport.ts';
import type { Committer } from './committer.ts';
import { holds } from './group-state.ts';
import type { Groups } from './groups.ts';
import type { EmbeddedLog, LogTopic } from './log.ts';
import type { Wakeup } from './wakeup.ts';

/** What assignments and subscriptions of one transport share. */
export interface Shared {
  readonly log: EmbeddedLog;
  readonly groups: Groups;
  readonly committer: Committer;
  readonly wakeup: Wakeup;
  readonly isClosed: () => boolean;
}

/** Which partition, of which group, in whose hands. */
export interface Held {
  readonly topic: LogTopic;
  readonly group: string;
  readonly partition: number;
  readonly member: string;
  readonly epoch: number;
  /** See {@link Assignment.graceMs}. */
  readonly graceMs: number;
}

/** One partition in the hands of this process. Whether it still is, is looked up in every transaction. */
export class EmbeddedAssignment implements Assignment {
  readonly topic: string;
  readonly partition: number;
  readonly start: number;
  readonly epoch: number;
  readonly graceMs: number;
  readonly #shared: Shared;
  readonly #held: Held;
  readonly #revoking = new AbortController();
  readonly #onRelease: () => Promise<void>;
  #position: number;
  #fenced = false;
  #released: Promise<void> | undefined;

  constructor(shared: Shared, held: Held, onRelease: () => Promise<void>) {
    this.#shared = shared;
    this.#held = held;
    this.#onRelease = onRelease;
    this.topic = held.topic.name;
    this.partition = held.partition;
    this.epoch = held.epoch;
    const counters = shared.log.partition(held.topic, held.partition);
    this.start = shared.groups.position(held.topic, held.group, held.partition, counters);
    this.graceMs = held.graceMs;
    this.#position = this.start;
  }

  /** Whether the member has given it back. */
  get isReleased(): boolean {
    return this.#released !== undefined;
  }

  get revoking(): AbortSignal {
    return this.#revoking.signal;
  }

  async pull(limit: PullLimit, signal: AbortSignal): Promise<readonly StoredRecord[]> {
    const { log, wakeup, isClosed } = this.#shared;
    const { topic, partition } = this.#held;
    await turn(); // a reader that never waits must not keep leases and others from their turn
    for (;;) {
      if (this.revoking.aborted || signal.aborted || isClosed()) return [];
      log.refresh();
      const { records, position } = log.slice(topic, partition, this.#position, limit);
      this.#position = position;
      if (records.length > 0) return records;
      await wakeup.wait([this.revoking, signal]);
    }
  }

  async commit(offset: number): Promise<boolean> {
    if (this.#fenced || this.#shared.isClosed()) return false;
    return this.#shared.committer.run(() => this.commitWithin(offset));
  }

  /** Commits within a transaction, where the assignment still holds; false where it does not. */
  commitWithin(offset: number): boolean {
    if (!this.isHeld()) return false;
    const { topic, group, partition } = this.#held;
    this.#shared.groups.commit(topic, group, partition, offset);
    return true;
  }

  /** Whether the partition is ours as of the current transaction. */
  isHeld(): boolean {
    if (this.#fenced) return false;
    const { topic, group, partition } = this.#held;
    return holds(this.#shared.groups.read(topic, group).partitions[partition], this.#held);
  }

  async release(): Promise<void> {
    this.#released ??= this.#release();
    return this.#released;
  }

  /** Asks the member to drain. */
  revoke(): void {
    if (!this.revoking.aborted) this.#revoking.abort();
  }

  /** The partition is someone else's: nothing is committed from here on. */
  fence(): void {
    this.#fenced = true;
    this.revoke();
  }

  async #release(): Promise<void> {
    const wasOurs = !this.#fenced;
    this.fence();
    if (wasOurs) await this.#onRelease();
  }
}
