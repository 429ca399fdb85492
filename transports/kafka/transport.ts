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
import type { ProcessingGuarantee } from '../../pipeline/transport-config.ts';
import { createAtLeastOnce } from '../../platform/at-least-once.ts';
import { ensureTopics, KafkaAdmin } from './admin.ts';
import { createClient, type KafkaClient, type KafkaClientOptions, longestIdleMs } from './client.ts';
import { ends, fetchCommitted, listOffsets } from './offsets.ts';
import { RecordLimits } from './record-limits.ts';
import { PartitionReader } from './partition-reader.ts';
import { Shared } from './shared.ts';
import { Subscription } from './subscription.ts';
import { createTransactions } from './transactions.ts';
import { topicId } from './topic-id.ts';
import { createCluster } from './wire.ts';

/** Options of {@link createKafkaTransport}. */
export interface KafkaTransportOptions extends KafkaClientOptions {
  /** Begins the names of topics, groups and transactional ids, so that several pipelines can share a cluster. @default none */
  readonly prefix?: string;
  /** A member that is not heard of for so long is taken for dead, in milliseconds. @default 30000 */
  readonly sessionMs?: number;
  /** How long a member may drain a revoked partition, in milliseconds. @default half of `sessionMs` */
  readonly revokeGraceMs?: number;
  /** Between two heartbeats of a member, in milliseconds; what is to move is given up after one. @default a tenth of `sessionMs`, 1000 at the most */
  readonly heartbeatMs?: number;
  /** How old what is known of topics may become, in milliseconds: partitions that are added are read from then on. @default 30000 */
  readonly metadataMs?: number;
  /** What holds for what comes again when it is taken again: see `createAtLeastOnce`. @default at-least-once */
  readonly processingGuarantee?: ProcessingGuarantee;
  /** Whether topics may be created over Kafka's protocol; else those that are missing are named. @default true */
  readonly createsTopics?: boolean;
}

const readLimit = { records: 500, bytes: 1024 * 1024 };

/**
 * Topics, consumer groups, offsets and state in Apache Kafka 2.5 or newer. It connects when it is used first; passing faults are waited out, up to
 * `patienceMs`. What is written is kept by all replicas that count (acks=all).
 */
export function createKafkaTransport(options: KafkaTransportOptions): Transport {
  return new KafkaTransport(options);
}

class KafkaTransport implements Transport {
  readonly transactions: Transactions;
  readonly admin: TransportAdmin;
  readonly #client: KafkaClient;
  readonly #createsTopics: boolean;
  readonly #shared: Shared;
  readonly #limits: RecordLimits;
  readonly #subscriptions = new Set<Subscription>();
  readonly #closing = new AbortController();
  #closed: Promise<void> | undefined;

  constructor(options: KafkaTransportOptions) {
    const { sessionMs = 30_000 } = options;
    // Who joins a group is answered when all others have drained.
    const idleMs = options.idleMs ?? Math.max(longestIdleMs, sessionMs + 10_000);
    const client = createClient({ ...options, idleMs });
    const { kafka, compression, patienceMs } = client;
    this.#client = client;
    this.#createsTopics = options.createsTopics ?? true;
    this.#limits = new RecordLimits(client, this.#createsTopics);
    this.#shared = new Shared({
      createCluster: () => createCluster(kafka),
      prefix: options.prefix ?? '',
      sessionMs,
      heartbeatMs: options.heartbeatMs ?? Math.min(sessionMs / 10, 1000),
      graceMs: options.revokeGraceMs ?? sessionMs / 2,
      patienceMs,
      metadataMs: options.metadataMs ?? 30_000,
      compression,
      batchBytes: 900_000,
    });
    const transactions = createTransactions(this.#shared, () => this.#closing.signal.aborted);
    this.transactions =
      options.processingGuarantee === 'exactly-once'
        ? transactions
        : createAtLeastOnce(transactions, (topic, records) => this.#appendBehind(topic, records));
    this.admin = new KafkaAdmin(client, this.#shared, () => {
      this.#open();
    });
  }

  async ensureTopics(topics: readonly TopicSpec[]): Promise<void> {
    await ensureTopics(this.#client, this.#open(), topics, { creates: this.#createsTopics });
  }

  async append(topic: string, records: readonly NewRecord[]): Promise<readonly AppendedAt[]> {
    const shared = this.#open();
    return named(topic, () => shared.producer.append({ topic: shared.wire(topic), records }));
  }

  /** What is durable says that these are appended: a batch of them must not be refused for its size. */
  async #appendBehind(topic: string, records: readonly NewRecord[]): Promise<readonly AppendedAt[]> {
    if (records.length === 0) return [];
    const mostBytes = await this.recordLimit(topic);
    const shared = this.#open();
    return named(topic, () => shared.outputs.append({ topic: shared.wire(topic), records, mostBytes }));
  }

  async *subscribe(options: {
    readonly topic: string;
    readonly group: string;
    readonly signal: AbortSignal;
    readonly together?: boolean;
  }): AsyncIterable<Assignment> {
    const shared = this.#open();
    const { topic, group, signal, together = false } = options;
    const wire = shared.wire(topic);
    await named(topic, () => listOffsets(shared.session, wire, { timestamp: ends.latest }));
    const stop = AbortSignal.any([signal, this.#closing.signal]);
    if (stop.aborted) return;
    const subscription = new Subscription(shared, {
      topic: { name: topic, wire },
      groupId: shared.wire(group),
      together,
    });
    this.#subscriptions.add(subscription);
    void subscription.left.then(() => this.#subscriptions.delete(subscription));
    yield* subscription.assignments(stop);
  }

  async *read(topic: string, partition: number, from: number): AsyncIterable<StoredRecord> {
    const shared = this.#open();
    const wire = shared.wire(topic);
    const found = await named(topic, () =>
      listOffsets(shared.session, wire, { timestamp: ends.latest, partitions: [partition] }),
    );
    const end = found.get(partition);
    if (end === undefined)
      throw new StreamError('TOPIC_UNKNOWN', `The topic ${topic} has no partition ${partition}.`);
    const over = new AbortController();
    const reader: PartitionReader = new PartitionReader({
      fetcher: shared.fetcher,
      topic: wire,
      partition,
      start: from,
      onGap: () => {
        if (reader.position >= end) over.abort();
      },
    });
    const stop = AbortSignal.any([over.signal, this.#closing.signal]);
    try {
      while (reader.next < end && !stop.aborted)
        for (const record of await reader.pull(readLimit, stop))
          if (record.offset < end) yield { ...record, topic };
    } finally {
      reader.close();
    }
    this.#open();
  }

  async recordLimit(topic: string): Promise<number> {
    return this.#limits.of(this.#open().wire(topic));
  }

  async describe(topic: string): Promise<readonly PartitionState[]> {
    const shared = this.#open();
    const { session } = shared;
    const wire = shared.wire(topic);
    const [earliest, next, groups, id] = await named(topic, () =>
      Promise.all([
        listOffsets(session, wire, { timestamp: ends.earliest }),
        listOffsets(session, wire, { timestamp: ends.latest }),
        this.#groups(),
        topicId(session, wire),
      ]),
    );
    const partitions = [...next.keys()].sort((a, b) => a - b);
    const committed = new Map<string, ReadonlyMap<number, number>>();
    for (const group of groups) {
      const offsets = await fetchCommitted(
        session,
        { groupId: shared.wire(group), topic: wire, id },
        partitions,
      );
      if (offsets.size > 0) committed.set(group, offsets);
    }
    return partitions.map((partition) => {
      const first = earliest.get(partition) ?? 0;
      const end = next.get(partition) ?? 0;
      const begins = (offset = first): number => (offset < first || offset > end ? first : offset);
      return {
        partition,
        earliest: first,
        next: end,
        committed: Object.fromEntries(
          [...committed].map(([group, offsets]) => [group, begins(offsets.get(partition))]),
        ),
      };
    });
  }

  async close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    await Promise.all([...this.#subscriptions].map((subscription) => subscription.abandon()));
    await this.#shared.close();
    this.#client.close();
  }

  /** Names of the groups that are ours by their prefix. */
  async #groups(): Promise<readonly string[]> {
    const { prefix } = this.#shared.options;
    const names = await this.#shared.session.attempt('The groups cannot be listed', async (cluster) => {
      if (cluster.getNodeIds().length === 0) await cluster.refreshMetadata();
      const found = new Set<string>();
      for (const nodeId of cluster.getNodeIds()) {
        const broker = await cluster.findBroker({ nodeId });
        for (const { groupId } of (await broker.listGroups()).groups) found.add(groupId);
      }
      return found;
    });
    return [...names].filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  }

  #open(): Shared {
    if (this.#closing.signal.aborted) throw new StreamError('TRANSPORT_CLOSED', 'The transport is closed.');
    return this.#shared;
  }
}

/** Does some work with a topic; an error that the topic is unknown names it as its user does. */
async function named<T>(topic: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (!(thrown instanceof StreamError) || thrown.code !== 'TOPIC_UNKNOWN') throw thrown;
    throw new StreamError('TOPIC_UNKNOWN', `The topic ${topic} has not been created.`, { cause: thrown });
  }
}
