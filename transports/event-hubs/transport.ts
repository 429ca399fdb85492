import type { ContainerClient } from '@azure/storage-blob';
import { StreamError } from '../../pipeline/errors.ts';
import { partitionOf } from '../../pipeline/partitioner.ts';
import { Serial } from '../../pipeline/serial.ts';
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
import { createAdmin } from './admin.ts';
import { Blobs } from '../../platform/journal/blobs.ts';
import { type BatchTarget, sendBatch } from './events.ts';
import { GroupStore } from './group-store.ts';
import { type HubConnector, Hubs } from './hubs.ts';
import { Journal } from '../../platform/journal/journal.ts';
import { PartitionReader } from './partition-reader.ts';
import { type GroupHost, Subscription } from './subscription.ts';
import { EventHubsTransactions } from './transactions.ts';

/** Options of {@link createEventHubsTransport}. */
export interface EventHubsTransportOptions {
  readonly connect: HubConnector;
  /** Where consumer groups, offsets and state live; it is made where it is missing. */
  readonly container: ContainerClient;
  /** Begins the names of event hubs and blobs, so that several pipelines can share a namespace and a container. @default none */
  readonly prefix?: string;
  /** A member that is not heard of for so long is taken for dead, in milliseconds. @default 30000 */
  readonly sessionMs?: number;
  /** How long a member may drain a revoked partition, in milliseconds. @default half of `sessionMs` */
  readonly revokeGraceMs?: number;
  /** Between two looks of a member at its group, in milliseconds. @default a tenth of `sessionMs` */
  readonly heartbeatMs?: number;
  /** How long a call waits for the service before it rejects with TRANSPORT_UNAVAILABLE, in milliseconds. @default 30000 */
  readonly patienceMs?: number;
  /** How long an answer is waited for before a connection is taken for dead, in milliseconds. @default 15000 */
  readonly requestMs?: number;
  /** After how long without an event a reader makes sure that its connection lives, in milliseconds. @default 30000 */
  readonly idleMs?: number;
  /** Blocks after which the journal of the state begins anew from a snapshot; the store takes 50,000. @default 10000 */
  readonly journalBlocks?: number;
}

const readLimit = { records: 500, bytes: 1024 * 1024 };
const metadataMs = 30_000;

/**
 * Topics in the event hubs of one namespace, over AMQP; consumer groups, offsets and state in blobs. The key's partition is computed here, as every
 * client of Kafka does. It connects when it is used first; passing faults are waited out, up to `patienceMs`. What is appended may be there twice after a fault.
 */
export function createEventHubsTransport(options: EventHubsTransportOptions): Transport {
  return new EventHubsTransport(options);
}

class EventHubsTransport implements Transport {
  readonly transactions: Transactions;
  readonly admin: TransportAdmin;
  readonly #hubs: Hubs;
  readonly #store: GroupStore;
  readonly #work: EventHubsTransactions;
  readonly #host: GroupHost;
  readonly #subscriptions = new Set<Subscription>();
  readonly #sends = new Map<string, Serial>();
  readonly #closing = new AbortController();
  #closed: Promise<void> | undefined;

  constructor(options: EventHubsTransportOptions) {
    const { connect, container, prefix = '', sessionMs = 30_000, journalBlocks = 10_000 } = options;
    const { patienceMs = 30_000, requestMs = 15_000, idleMs = 30_000 } = options;
    const blobs = new Blobs(container, prefix);
    this.#hubs = new Hubs({ connect, prefix, patienceMs, requestMs, metadataMs, idleMs });
    this.#store = new GroupStore(blobs, sessionMs);
    const journal = new Journal(blobs, { blocks: journalBlocks });
    this.#work = new EventHubsTransactions({
      journal,
      append: (topic, records, guard) => this.#append(topic, records, guard).then(() => undefined),
      limit: (topic) => this.#hubs.limit(topic),
      isClosed: () => this.#closing.signal.aborted,
    });
    this.transactions = this.#work.contract;
    this.#host = {
      hubs: this.#hubs,
      store: this.#store,
      sessionMs,
      heartbeatMs: options.heartbeatMs ?? sessionMs / 10,
      graceMs: options.revokeGraceMs ?? sessionMs / 2,
      onTake: (key, record, guard) => this.#work.taken(key, record, guard),
    };
    this.admin = createAdmin({
      hubs: this.#hubs,
      store: this.#store,
      open: () => this.#open(),
      forget: (keys) => this.#work.forget(keys),
    });
  }

  /** Looks whether the event hubs are there: making them is for the portal, the command line of Azure or a template. */
  async ensureTopics(topics: readonly TopicSpec[]): Promise<void> {
    this.#open();
    for (const { name, partitions } of topics) {
      await this.#hubs.partitions(name).catch((thrown: unknown) => {
        throw adviceFor(thrown, this.#hubs.wire(name), partitions);
      });
      await this.#store.addTopic(name);
    }
  }

  async append(topic: string, records: readonly NewRecord[]): Promise<readonly AppendedAt[]> {
    return this.#append(topic, records, () => undefined);
  }

  /** `guard` is asked before each batch is sent, and throws what keeps it from being sent now, or at all. */
  async #append(
    topic: string,
    records: readonly NewRecord[],
    guard: () => void,
  ): Promise<readonly AppendedAt[]> {
    this.#open();
    const count = await this.#hubs.partitions(topic);
    const places = records.map(({ key }) => ({ partition: partitionOf(key, count) }));
    const byPartition = new Map<number, NewRecord[]>();
    for (const [index, record] of records.entries()) {
      const partition = places[index]?.partition ?? 0;
      const own = byPartition.get(partition) ?? [];
      byPartition.set(partition, own);
      own.push(record);
    }
    await Promise.all(
      [...byPartition].map(([partition, own]) => this.#send({ topic, partition, guard }, own)),
    );
    return places;
  }

  /** In the order in which it was handed in. */
  #send(to: Omit<BatchTarget, 'over'>, records: readonly NewRecord[]): Promise<void> {
    const { topic, partition } = to;
    const key = `${topic}/${partition}`;
    const serial = this.#sends.get(key) ?? new Serial();
    this.#sends.set(key, serial);
    const what = `Nothing can be appended to ${topic}`;
    return serial.run(async () => {
      for (let sent = 0; sent < records.length; )
        sent += await this.#hubs.attempt(topic, what, (producer, over) =>
          sendBatch(producer, { ...to, over }, records, sent),
        );
    });
  }

  async *subscribe(options: {
    readonly topic: string;
    readonly group: string;
    readonly signal: AbortSignal;
    readonly together?: boolean;
  }): AsyncIterable<Assignment> {
    this.#open();
    const { topic, group, signal, together = false } = options;
    await this.#hubs.partitions(topic);
    const stop = AbortSignal.any([signal, this.#closing.signal]);
    if (stop.aborted) return;
    const subscription = new Subscription(this.#host, { topic, group, together });
    this.#subscriptions.add(subscription);
    void subscription.left.then(() => this.#subscriptions.delete(subscription));
    yield* subscription.assignments(stop);
  }

  async *read(topic: string, partition: number, from: number): AsyncIterable<StoredRecord> {
    this.#open();
    await this.#hubs.checkPartition(topic, partition);
    const { earliest, next: end } = await this.#hubs.ends(topic, partition);
    let position = Math.max(from, earliest);
    if (position >= end) return;
    const reader = new PartitionReader({ hubs: this.#hubs, topic, partition, start: position });
    try {
      while (position < end && !this.#closing.signal.aborted)
        for (const record of await reader.pull(readLimit, this.#closing.signal)) {
          position = record.offset + 1;
          if (record.offset < end) yield record;
        }
    } finally {
      reader.close();
    }
    this.#open();
  }

  async recordLimit(topic: string): Promise<number> {
    this.#open();
    return this.#hubs.limit(topic);
  }

  async describe(topic: string): Promise<readonly PartitionState[]> {
    this.#open();
    const count = await this.#hubs.partitions(topic);
    const groups = await this.#store.groups(topic);
    return Promise.all(
      Array.from({ length: count }, async (_, partition) => {
        const { earliest, next } = await this.#hubs.ends(topic, partition);
        const committed = Array.from(groups, ([group, records]): [string, number] => {
          const own = records.find((record) => record.partition === partition);
          const offset = own?.offset ?? earliest;
          return [group, offset < earliest || offset > next ? earliest : offset];
        });
        return { partition, earliest, next, committed: Object.fromEntries(committed) };
      }),
    );
  }

  async close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    await Promise.all([...this.#subscriptions].map((subscription) => subscription.abandon()));
    await this.#work.close();
    await this.#hubs.close();
  }

  #open(): void {
    if (this.#closing.signal.aborted) throw new StreamError('TRANSPORT_CLOSED', 'The transport is closed.');
  }
}

function adviceFor(thrown: unknown, hub: string, partitions: number): unknown {
  if (!(thrown instanceof StreamError) || thrown.code !== 'TOPIC_UNKNOWN') return thrown;
  const advice = `Make the event hub ${hub}, with ${partitions} ${partitions === 1 ? 'partition' : 'partitions'}, in the namespace (docs/event-hubs.md).`;
  return new StreamError('TOPIC_UNKNOWN', thrown.message, { cause: thrown, advice });
}
