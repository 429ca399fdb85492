import { setImmediate as turn } from 'node:timers/promises';
import type { RootDatabase } from 'lmdb';
import { z } from 'zod';
import { StreamError } from '../../pipeline/errors.ts';
import type {
  AppendedAt,
  Assignment,
  NewRecord,
  PartitionState,
  StoredRecord,
  TopicSpec,
  Transactions,
  Transport,
  TransportAdmin,
} from '../../pipeline/transport.ts';
import { closeLmdb, openLmdb } from '../../platform/lmdb.ts';
import { createAdmin } from './admin.ts';
import type { Shared } from './assignment.ts';
import { Committer } from './committer.ts';
import { Groups } from './groups.ts';
import { EmbeddedLog } from './log.ts';
import { readingPages, rebuildAdvice } from './sealed.ts';
import { createTransactions } from './transactions.ts';
import { Subscription } from './subscription.ts';
import { UpkeepLoop } from './upkeep.ts';
import { Wakeup } from './wakeup.ts';

/** Options of {@link createEmbeddedTransport}. */
export interface EmbeddedTransportOptions {
  /** Where the log is kept; made where it is missing. Several processes of one machine may use it at a time. */
  readonly folder: string;
  /** A member that is not heard of for so long is taken for dead, in milliseconds. @default 30000 */
  readonly sessionMs?: number;
  /** How long a member may drain a revoked partition, in milliseconds. @default half of `sessionMs` */
  readonly revokeGraceMs?: number;
  /** Bytes of records, as they are stored, above which producers are refused with TRANSPORT_FULL. @default 16 GiB */
  readonly maxBytes?: number;
  /** How often topics are trimmed and compacted, in milliseconds. @default 60000 */
  readonly upkeepMs?: number;
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: () => number;
}

/** The embedded transport: the contract, and what only it can do. */
export interface EmbeddedTransport extends Transport {
  readonly transactions: Transactions;
  /** Trims and compacts every topic now, however little there is to gain. */
  maintain(): Promise<void>;
}

/** How long other processes' commits may go unnoticed, in milliseconds. */
const pollMs = 25;
const statsShape = z.object({ lastTxnId: z.number() });
const readLimit = { records: 500, bytes: 1024 * 1024 };

/**
 * Opens the log in a folder: topics, consumer groups, offsets and state in one LMDB environment, shared by any number of
 * processes of this machine. An append is on disk when it resolves. Throws TRANSPORT_DAMAGED when its file is damaged or
 * cut short, or the folder cannot be used. A process that is stopped (SIGSTOP) in the middle of a commit keeps LMDB's lock: the
 * writes of the others wait until it goes on or ends.
 */
export function createEmbeddedTransport(options: EmbeddedTransportOptions): EmbeddedTransport {
  return readingPages(() => new LmdbTransport(options));
}

class LmdbTransport implements EmbeddedTransport {
  readonly transactions: Transactions;
  readonly admin: TransportAdmin;
  readonly #environment: RootDatabase<string, Buffer>;
  readonly #shared: Shared;
  readonly #subscriptions = new Set<Subscription>();
  readonly #closing = new AbortController();
  readonly #sessionMs: number;
  readonly #graceMs: number;
  readonly #now: () => number;
  readonly #upkeep: UpkeepLoop;
  #poll: NodeJS.Timeout | undefined;
  #lastTransaction = -1;
  #closed: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: EmbeddedTransportOptions) {
    const { folder, maxBytes = 16 * 1024 ** 3, upkeepMs = 60_000 } = options;
    this.#sessionMs = options.sessionMs ?? 30_000;
    this.#graceMs = options.revokeGraceMs ?? this.#sessionMs / 2;
    this.#now = options.now ?? Date.now;
    this.#environment = openLmdb({
      folder,
      code: 'TRANSPORT_DAMAGED',
      advice: rebuildAdvice,
      mapSize: Math.ceil((maxBytes * 2 + 64 * 1024 ** 2) / 65_536) * 65_536,
      maxDatabases: 1024,
    });
    this.#shared = {
      log: new EmbeddedLog(this.#environment, maxBytes),
      groups: new Groups(this.#environment),
      committer: new Committer(this.#environment, folder, (isCommitted) => this.#onEnd(isCommitted)),
      wakeup: new Wakeup(),
      isClosed: () => this.#isClosed,
    };
    this.transactions = createTransactions({
      environment: this.#environment,
      open: () => this.#open(),
      isClosing: () => this.#closing.signal.aborted,
      now: this.#now,
    });
    this.admin = createAdmin(() => this.#open());
    const { log, groups, committer } = this.#shared;
    this.#upkeep = new UpkeepLoop({ log, groups, committer, now: this.#now }, upkeepMs);
  }

  async ensureTopics(topics: readonly TopicSpec[]): Promise<void> {
    const { log, committer } = this.#open();
    await committer.run(() => {
      for (const topic of topics) log.createTopic(topic);
    });
  }

  async append(topic: string, records: readonly NewRecord[]): Promise<readonly AppendedAt[]> {
    const { log, committer } = this.#open();
    const prepared = log.prepare(topic, records);
    return committer.run(() => log.append(prepared, this.#now()), prepared.bytes);
  }

  async *subscribe(options: {
    readonly topic: string;
    readonly group: string;
    readonly signal: AbortSignal;
  }): AsyncIterable<Assignment> {
    const topic = this.#open().log.topic(options.topic);
    if (options.signal.aborted) return;
    const { group } = options;
    const subscription = new Subscription(this.#shared, {
      topic,
      group,
      sessionMs: this.#sessionMs,
      graceMs: this.#graceMs,
    });
    this.#subscriptions.add(subscription);
    void subscription.left.then(() => this.#forget(subscription));
    this.#poll ??= setInterval(() => this.#onPoll(), pollMs);
    yield* subscription.assignments(AbortSignal.any([options.signal, this.#closing.signal]));
  }

  async *read(topicName: string, partition: number, from: number): AsyncIterable<StoredRecord> {
    const { log } = this.#open();
    const topic = log.topic(topicName);
    log.refresh();
    const end = log.partition(topic, partition).next;
    let position = from;
    while (position < end) {
      this.#open().log.refresh();
      const slice = log.slice(topic, partition, position, readLimit);
      position = slice.position;
      for (const record of slice.records) if (record.offset < end) yield record;
      await turn();
    }
  }

  async recordLimit(topicName: string): Promise<number> {
    this.#open().log.topic(topicName);
    return Number.POSITIVE_INFINITY;
  }

  async describe(topicName: string): Promise<readonly PartitionState[]> {
    const { log, groups } = this.#open();
    const topic = log.topic(topicName);
    log.refresh();
    const names = groups.names(topic);
    return Array.from({ length: topic.partitions }, (_, partition) => {
      const counters = log.partition(topic, partition);
      const { earliest, next } = counters;
      const committed = Object.fromEntries(
        names.map((group) => [group, groups.position(topic, group, partition, counters)]),
      );
      return { partition, earliest, next, committed, held: log.held(topic, partition) };
    });
  }

  async maintain(): Promise<void> {
    this.#open();
    await this.#upkeep.run(true);
  }

  async close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  /** What was handed in before is written; partitions go to other processes at once, so drain before you close. */
  async #close(): Promise<void> {
    const members = [...this.#subscriptions];
    this.#closing.abort();
    this.#upkeep.stop();
    const gone = this.#shared.committer.run(() => {
      for (const member of members) member.removeWithin();
    });
    this.#shared.committer.close();
    clearInterval(this.#poll);
    this.#isClosed = true;
    for (const member of members) member.abandon();
    this.#shared.wakeup.wake();
    try {
      await gone;
    } finally {
      await closeLmdb(this.#environment);
    }
  }

  #onEnd(isCommitted: boolean): void {
    this.#shared.log.ended(isCommitted);
    if (!isCommitted) return;
    this.#shared.wakeup.wake();
    for (const subscription of this.#subscriptions) subscription.check();
  }

  #onPoll(): void {
    const { lastTxnId } = statsShape.parse(this.#environment.getStats());
    if (lastTxnId !== this.#lastTransaction) {
      this.#lastTransaction = lastTxnId;
      this.#shared.log.refresh();
      this.#shared.wakeup.wake();
    }
    for (const subscription of this.#subscriptions) subscription.check();
  }

  #forget(subscription: Subscription): void {
    this.#subscriptions.delete(subscription);
    if (this.#subscriptions.size > 0) return;
    clearInterval(this.#poll);
    this.#poll = undefined;
  }

  #open(): Shared {
    if (this.#closing.signal.aborted) throw new StreamError('TRANSPORT_CLOSED', 'The transport is closed.');
    if (this.#upkeep.fault !== undefined) throw this.#upkeep.fault;
    return this.#shared;
  }
}
