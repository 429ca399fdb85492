import type { Assignment, PullLimit, StoredRecord } from '../pipeline/transport.ts';
import type { MemoryPartition } from './memory-partition.ts';

/** What a group knows of an assignment that it gave. */
export interface MemoryHold {
  /** Fires when it is to be given up. */
  readonly revoking: AbortSignal;
  /** Whether it counts no more: released, or its grace time is over. */
  readonly isFenced: () => boolean;
  readonly release: () => void;
  readonly start: number;
  /** See {@link Assignment.graceMs}. */
  readonly graceMs: number;
  /** Moves the group's offset. */
  readonly commit: (offset: number) => void;
}

/** One partition in the hands of one member of a group in memory. */
export class MemoryAssignment implements Assignment {
  readonly topic: string;
  readonly partition: number;
  readonly start: number;
  readonly revoking: AbortSignal;
  readonly graceMs: number;
  readonly #partition: MemoryPartition;
  readonly #hold: MemoryHold;
  #position: number;

  constructor(partition: MemoryPartition, hold: MemoryHold) {
    this.topic = partition.topic;
    this.partition = partition.partition;
    this.start = hold.start;
    this.revoking = hold.revoking;
    this.graceMs = hold.graceMs;
    this.#partition = partition;
    this.#hold = hold;
    this.#position = hold.start;
  }

  /** Whether commits still count. */
  get isHeld(): boolean {
    return !this.#hold.isFenced();
  }

  async pull(limit: PullLimit, signal: AbortSignal): Promise<readonly StoredRecord[]> {
    const stop = AbortSignal.any([this.revoking, signal]);
    await this.#partition.available(this.#position, stop);
    if (stop.aborted) return [];
    const records = this.#partition.slice(this.#position, limit);
    this.#position += records.length;
    return records;
  }

  async commit(offset: number): Promise<boolean> {
    if (!this.isHeld) return false;
    this.#hold.commit(offset);
    return true;
  }

  async release(): Promise<void> {
    this.#hold.release();
  }
}
