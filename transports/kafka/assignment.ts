import { Serial } from '../../pipeline/serial.ts';
import type { Assignment, PullLimit, StoredRecord } from '../../pipeline/transport.ts';
import type { Fetcher } from './fetcher.ts';
import { PartitionReader } from './partition-reader.ts';
import type { RecordProducer } from './producer.ts';

/** What an assignment works with. */
export interface AssignmentOptions {
  readonly fetcher: Fetcher;
  /** The topic as its users name it, and as the cluster does. */
  readonly topic: { readonly name: string; readonly wire: string };
  readonly partition: number;
  readonly start: number;
  /** The topic's id: what is committed counts for that one. */
  readonly id: string;
  readonly graceMs: number;
  /** The consumer group as the cluster names it. */
  readonly groupId: string;
  /** Writes transactions that are fenced with the partition; absent where one writer serves all partitions. */
  readonly producer: RecordProducer | undefined;
  /** Commits an offset as the current member of the group; false where the group has gone on without it. */
  readonly commit: (offset: number) => Promise<boolean>;
  /** Whether the group still counts with the member, by the word of its coordinator. */
  readonly isMember: () => Promise<boolean>;
  /** The partition is given back, or was lost. */
  readonly onEnd: () => Promise<void>;
}

/** One partition in the hands of this process. */
export class KafkaAssignment implements Assignment {
  readonly topic: string;
  readonly partition: number;
  readonly start: number;
  readonly graceMs: number;
  readonly options: AssignmentOptions;
  /** Commits, one after the other: an offset that was handed in later is committed later. */
  readonly commits = new Serial();
  readonly #reader: PartitionReader;
  readonly #revoking = new AbortController();
  #committed: number;
  #over: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: AssignmentOptions) {
    const { fetcher, topic, partition, start } = options;
    this.options = options;
    this.topic = topic.name;
    this.partition = partition;
    this.start = start;
    this.graceMs = options.graceMs;
    this.#committed = start;
    const onGap = (): void => this.#passGap();
    this.#reader = new PartitionReader({ fetcher, topic: topic.wire, partition, start, onGap });
  }

  get revoking(): AbortSignal {
    return this.#revoking.signal;
  }

  /** Whether commits still count, as far as this process knows. */
  get isHeld(): boolean {
    return this.#over === undefined;
  }

  async pull(limit: PullLimit, signal: AbortSignal): Promise<readonly StoredRecord[]> {
    const records = await this.#reader.pull(limit, AbortSignal.any([this.revoking, signal]));
    return records.map((record) => ({ ...record, topic: this.topic }));
  }

  commit(offset: number): Promise<boolean> {
    return this.commits.run(async () => {
      if (!this.isHeld) return false;
      const settled = this.settledBy(offset);
      if (settled <= this.#committed) return true;
      if (!(await this.options.commit(settled))) {
        this.fence();
        return false;
      }
      this.committed(settled);
      return true;
    });
  }

  /** The offset to commit when everything below `offset` is settled: what follows without a record is settled too. */
  settledBy(offset: number): number {
    return this.#reader.settledBy(offset);
  }

  /** The offset that is committed, as far as this process knows. */
  get committedOffset(): number {
    return this.#committed;
  }

  /** An offset was committed. */
  committed(offset: number): void {
    this.#committed = Math.max(this.#committed, offset);
  }

  async release(): Promise<void> {
    this.fence();
    await this.#over;
  }

  /** Asks the member to drain. */
  revoke(): void {
    if (this.revoking.aborted) return;
    this.#revoking.abort();
    this.#timer = setTimeout(() => this.fence(), this.graceMs);
    this.#timer.unref();
  }

  /** Nothing is committed from here on: it was released, its time to drain is over, or it is someone else's. */
  fence(): void {
    if (!this.isHeld) return;
    clearTimeout(this.#timer);
    this.#reader.close();
    this.#over = this.options.onEnd();
    this.#revoking.abort();
  }

  /** Marks of transactions hold the end of a partition: who has settled all before them has settled them. */
  #passGap(): void {
    void this.commits.run(async () => {
      if (!this.isHeld || this.#committed < this.#reader.handedOut) return;
      const settled = this.settledBy(this.#reader.handedOut);
      if (settled <= this.#committed) return;
      // Where it fails, the next commit says the same.
      if (await this.options.commit(settled).catch(() => false)) this.committed(settled);
    });
  }
}
