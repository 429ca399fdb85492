import { StreamError } from '../../pipeline/errors.ts';
import { Serial } from '../../pipeline/serial.ts';
import type { Assignment, PullLimit, StoredRecord } from '../../pipeline/transport.ts';
import type { PartitionRecord } from './group-store.ts';
import type { Hubs } from './hubs.ts';
import { PartitionReader } from './partition-reader.ts';

/** What an assignment works with. */
export interface AssignmentOptions {
  readonly hubs: Hubs;
  readonly topic: string;
  readonly group: string;
  /** What was written when the partition was taken. */
  readonly record: PartitionRecord;
  readonly graceMs: number;
  /** Whether the group has heard of this member so lately that nobody can have the partition by now. */
  readonly isHeardOf: () => boolean;
  /** Writes the record over the one that was read; undefined where somebody else has written since. */
  readonly write: (record: PartitionRecord) => Promise<PartitionRecord | undefined>;
  /** The partition is given back, or was lost; `isLost` where it is someone else's already. */
  readonly onEnd: (isLost: boolean) => Promise<void>;
}

/** One partition in the hands of this process. */
export class EventHubsAssignment implements Assignment {
  readonly topic: string;
  readonly partition: number;
  readonly start: number;
  readonly graceMs: number;
  readonly options: AssignmentOptions;
  /** What is written to the record, one after the other. */
  readonly #writes = new Serial();
  readonly #reader: PartitionReader;
  readonly #revoking = new AbortController();
  #record: PartitionRecord;
  #over: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: AssignmentOptions) {
    const { hubs, topic, record, graceMs } = options;
    this.options = options;
    this.topic = topic;
    this.partition = record.partition;
    this.start = record.offset;
    this.graceMs = graceMs;
    this.#record = record;
    this.#reader = new PartitionReader({ hubs, topic, partition: record.partition, start: record.offset });
  }

  get revoking(): AbortSignal {
    return this.#revoking.signal;
  }

  /** Whether commits still count, as far as this process knows. */
  get isHeld(): boolean {
    return this.#over === undefined;
  }

  /** Which owner of the partition this is: it grows from one to the next. */
  get generation(): number {
    return this.#record.generation;
  }

  /** Throws LEASE_LOST where the partition is given back or someone else's, and TRANSPORT_UNAVAILABLE while somebody else may have it. */
  guard(): void {
    const what = `${this.topic}-${this.partition}`;
    if (!this.isHeld) throw new StreamError('LEASE_LOST', `${what} is held no more.`);
    if (!this.options.isHeardOf())
      throw new StreamError('TRANSPORT_UNAVAILABLE', `The group has not heard of the owner of ${what}.`);
  }

  async pull(limit: PullLimit, signal: AbortSignal): Promise<readonly StoredRecord[]> {
    return this.#reader.pull(limit, AbortSignal.any([this.revoking, signal]));
  }

  commit(offset: number): Promise<boolean> {
    return this.#writes.run(async () => {
      if (!this.isHeld) return false;
      if (offset <= this.#record.offset) return true;
      const written = await this.options.write({ ...this.#record, offset });
      if (written === undefined) this.fence(true);
      else this.#record = written;
      return written !== undefined;
    });
  }

  async release(): Promise<void> {
    this.fence(false);
    await this.#over;
  }

  /** Asks the member to drain. */
  revoke(): void {
    if (this.revoking.aborted) return;
    this.#revoking.abort();
    this.#timer = setTimeout(() => this.fence(false), this.graceMs);
    this.#timer.unref();
  }

  /** Nothing is committed from here on: it was released, its time to drain is over, or it is someone else's (`isLost`). */
  fence(isLost: boolean): void {
    if (!this.isHeld) return;
    clearTimeout(this.#timer);
    this.#reader.close();
    this.#over = this.#end(isLost);
    this.#over.catch(() => undefined); // whoever releases it hears of it; the session ends it else
    this.#revoking.abort();
  }

  async #end(isLost: boolean): Promise<void> {
    try {
      if (!isLost)
        await this.#writes.run(async () => {
          await this.options.write({ ...this.#record, owner: '' });
        });
    } finally {
      await this.options.onEnd(isLost);
    }
  }
}
