/** The contract of a transport: where topics live. Words as in Kafka: topic, partition, offset, consumer group. */

import type { StateStore, StateWrite } from './state.ts';
import type { Table, TableView } from './table.ts';
import type { ProcessingGuarantee } from './transport-config.ts';

/** What a topic may forget. Each part is optional; what a consumer group has not committed yet is always kept. */
export interface Retention {
  /** Records older than this go, in milliseconds. */
  readonly ms?: number;
  /** The oldest records of a partition go while it holds more than this. */
  readonly bytes?: number;
  /** Of each key only the last record stays. */
  readonly compact?: {
    /** How long the tombstone of a removed key stays at the least, in milliseconds. */
    readonly tombstoneMs: number;
  };
}

/** A topic to create. */
export interface TopicSpec {
  readonly name: string;
  /** Partitions, at least 1. */
  readonly partitions: number;
  /** What may be forgotten; nothing where it is absent. The memory transport keeps everything. */
  readonly retention?: Retention;
}

/** A record to append. Records of one key go to one partition, in order. */
export interface NewRecord {
  readonly key: string;
  /** Null is a tombstone. */
  readonly value: Uint8Array | null;
  readonly headers: Readonly<Record<string, string>>;
  /** It comes again when what is committed with it is taken again: a transport that promises at-least-once may append it behind its transaction. @default false */
  readonly again?: true;
}

/** A record as it stands in a topic. */
export interface StoredRecord extends Omit<NewRecord, 'again'> {
  readonly topic: string;
  readonly partition: number;
  /** From 0, without gaps towards the consumer's view; grows within the partition. */
  readonly offset: number;
  /** Milliseconds since 1970 at which it was appended; for display and seek by time. */
  readonly timestamp: number;
  /**
   * Present when what is stored is not what was appended: says what is wrong. Key and headers are then what could be read of them, or
   * empty, and the value holds the bytes as they were found. It is settled like any event that cannot be decoded: as a dead letter.
   */
  readonly corrupt?: string;
}

/** Where a record was appended. */
export interface AppendedAt {
  readonly partition: number;
  /** Absent where the service does not tell. */
  readonly offset?: number;
}

/** What one pull may bring at the most: at least one record is brought where there is one, however large. */
export interface PullLimit {
  readonly records: number;
  readonly bytes: number;
}

/**
 * One partition in the hands of one member of a group. When it is to be given up, `revoking` fires: `pull` answers with
 * nothing from then on, the member drains what it holds, commits, and calls `release`. The next owner starts after that,
 * or when the transport's grace time is over; from then on `commit` changes nothing, so that a late settlement can
 * never move the offset of the new owner.
 */
export interface Assignment {
  readonly topic: string;
  readonly partition: number;
  /** The offset that the first pull starts from. */
  readonly start: number;
  /** Fires when the partition is to be given up: another member joined, this one leaves, the transport closes. */
  readonly revoking: AbortSignal;
  /** How long after `revoking` the next owner waits for `release`, in milliseconds: at most half the session timeout. */
  readonly graceMs: number;
  /** Waits for at least one record; an empty answer means that `revoking` or `signal` fired. */
  pull(limit: PullLimit, signal: AbortSignal): Promise<readonly StoredRecord[]>;
  /** Everything below `offset` is settled. Offsets only grow. Resolves with false when the assignment is no longer ours. */
  commit(offset: number): Promise<boolean>;
  /** Drained: the next owner may start. May be called twice. */
  release(): Promise<void>;
}

/** Offsets of one partition, for people and for "is everything settled?". */
export interface PartitionState {
  readonly partition: number;
  /** Oldest offset that can be read. */
  readonly earliest: number;
  /** The offset that the next record will get. */
  readonly next: number;
  /** Committed offset by group. */
  readonly committed: Readonly<Record<string, number>>;
  /** Records that it holds and their bytes as they are stored, where the transport can tell. */
  readonly held?: { readonly records: number; readonly bytes: number };
}

/**
 * What people do with topics and groups beside reading and writing: Kafka's admin client has all of it, and a store of checkpoints
 * can tell it. Rejects as {@link Transport} does.
 */
export interface TransportAdmin {
  /** Names of all topics, sorted. */
  topics(): Promise<readonly string[]>;
  /** The first offset whose record was appended at a time or later (milliseconds since 1970); the next offset where there is none. */
  offsetAt(topic: string, partition: number, timestamp: number): Promise<number>;
  /** How many members a group has on a topic now. One that died may count until its session is over; one that leaves, until it has drained. */
  members(topic: string, group: string): Promise<number>;
  /**
   * Sets committed offsets of a group, by partition; the others stay as they are. An offset below the earliest is the earliest. Rejects
   * with GROUP_ACTIVE while the group has members, who would commit over it, and with OFFSET_INVALID beyond the end of a partition;
   * nothing is changed then.
   */
  resetOffsets(topic: string, group: string, offsets: ReadonlyMap<number, number>): Promise<void>;
  /** Forgets a group and its offsets, so that it holds back nothing any more. Rejects with GROUP_ACTIVE while it has members. */
  forgetGroup(topic: string, group: string): Promise<void>;
}

/** What one transaction does: all of it or nothing. */
export interface TransactionWork {
  readonly appends: readonly { readonly topic: string; readonly records: readonly NewRecord[] }[];
  readonly state: readonly StateWrite[];
  /** What is settled by it; see {@link Assignment.commit}. */
  readonly commits: readonly { readonly assignment: Assignment; readonly offset: number }[];
}

/** Outputs, state and offsets in one step: what a stage needs to have an effect exactly once. */
export interface Transactions {
  /** at-least-once where {@link update} may append behind its transaction, and commits then. @default exactly-once */
  readonly guarantee?: ProcessingGuarantee;
  /** The state that {@link run} writes. Closed with the transport. */
  readonly state: StateStore;
  /** Durable when it resolves. Resolves with false, and nothing is written, when one of the assignments is no longer ours. */
  run(work: TransactionWork): Promise<boolean>;
  /**
   * The same for work that depends on what is stored: `compute` reads and writes a table as all earlier transactions have left
   * it, of whatever process, and says what else is to be done. It is synchronous, gets `bytes` (how much it works on, a
   * hint), may run twice, the first time without effect, and does not run when one of the assignments is no longer ours.
   * What it throws rejects, and nothing is written.
   */
  update(options: {
    readonly assignments: readonly Assignment[];
    readonly bytes: number;
    readonly compute: (table: Table) => TransactionWork;
  }): Promise<boolean>;
  /** Reads the table as it is now; what is read is of one moment. */
  view<T>(read: (table: TableView) => T): Promise<T>;
}

/** Where topics live. Every method rejects with TRANSPORT_CLOSED after `close`, and with TOPIC_UNKNOWN for a topic that was not created. */
export interface Transport {
  /** Creates what is missing; a topic that exists stays as it is. */
  ensureTopics(topics: readonly TopicSpec[]): Promise<void>;
  /** Resolves when the records are as durable as the transport makes them; in order, all or an error. */
  append(topic: string, records: readonly NewRecord[]): Promise<readonly AppendedAt[]>;
  /**
   * Joins a consumer group. Yields an {@link Assignment} for each partition that this member gets, now and after every
   * rebalance, starting from the group's committed offset (the earliest, where there is none). When `signal` fires, its
   * assignments are revoked and the iteration ends; its partitions go to the others as they are released.
   */
  subscribe(options: {
    readonly topic: string;
    readonly group: string;
    readonly signal: AbortSignal;
    /**
     * The work of the group is {@link Transactions.update}: where only one process at a time can write the table, all partitions go to
     * one member, and the others stand by until it leaves. @default false
     */
    readonly together?: boolean;
  }): AsyncIterable<Assignment>;
  /** Reads one partition without a group, from an offset up to what is there at the time of the call. */
  read(topic: string, partition: number, from: number): AsyncIterable<StoredRecord>;
  /** Bytes that a record of a topic may have at the most, with its key, its headers and all that goes with it. */
  recordLimit(topic: string): Promise<number>;
  /** Offsets of every partition. */
  describe(topic: string): Promise<readonly PartitionState[]>;
  readonly transactions: Transactions;
  readonly admin: TransportAdmin;
  /** Ends every subscription. May be called twice. */
  close(): Promise<void>;
}
