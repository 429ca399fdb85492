import type { CompressionTypes } from 'kafkajs';
import { StreamError } from '../../pipeline/errors.ts';
import { partitionOf } from '../../pipeline/partitioner.ts';
import { Serial } from '../../pipeline/serial.ts';
import type { AppendedAt, NewRecord } from '../../pipeline/transport.ts';
import { faultOf, isFenced, typeOf } from './faults.ts';
import { type Wave, waves, wireMessage } from './record-waves.ts';
import type { Session } from './session.ts';
import { byLeader, partitionCount } from './topics.ts';
import type { ProducerIdentity, WireBroker, WireCluster, WireMessage, WireOffsets } from './wire.ts';

/** What a producer writes with. */
export interface ProducerOptions {
  readonly session: Session;
  readonly compression: CompressionTypes;
  /** Bytes of one batch before compression. A broker takes 1,048,588 by default after it. */
  readonly batchBytes: number;
  /** Given where it writes transactions: of several producers with one id only the last that was opened counts. */
  readonly transactionalId?: string;
  /** How long a transaction may last, in milliseconds. */
  readonly transactionMs: number;
}

/** What is to be appended to a topic of the cluster. */
export interface TopicRecords {
  readonly topic: string;
  readonly records: readonly NewRecord[];
  /** Bytes of one batch, where the topic takes less than most. */
  readonly mostBytes?: number;
}

/** Offsets of a consumer group. */
export interface GroupOffsets {
  readonly groupId: string;
  readonly topics: readonly WireOffsets[];
}

/** What the broker says where it does not know our numbers any more. */
const lostNumbers: ReadonlySet<string> = new Set(['OUT_OF_ORDER_SEQUENCE_NUMBER', 'UNKNOWN_PRODUCER_ID']);

/**
 * Appends records, each once: a request whose answer did not come is sent again under the numbers that it had, and the broker knows them. Rejects as
 * {@link Session.attempt} does.
 */
export class RecordProducer {
  readonly #options: ProducerOptions;
  readonly #serial = new Serial();
  readonly #sequences = new Map<string, number>();
  #identity: ProducerIdentity | undefined;

  constructor(options: ProducerOptions) {
    this.#options = options;
  }

  /** Makes it the one that counts under its transactional id; all that others had begun under it is over when it resolves. */
  async open(): Promise<void> {
    const { session, transactionalId, transactionMs } = this.#options;
    const ask = (broker: WireBroker): Promise<ProducerIdentity> =>
      broker.initProducerId({ transactionalId, transactionTimeout: transactionMs });
    const what = 'A producer cannot be opened';
    this.#sequences.clear();
    this.#identity =
      transactionalId === undefined
        ? await session.attempt(what, async (cluster) => ask(await anyBroker(cluster)))
        : await session.onCoordinator(what, { id: transactionalId, type: 1 }, ask);
  }

  /** Appends in order; resolves when all replicas that count have the records. */
  append(work: TopicRecords): Promise<readonly AppendedAt[]> {
    return this.#serial.run(async () => {
      if (this.#identity === undefined) await this.open();
      return this.#append(work, undefined);
    });
  }

  /**
   * Appends and commits offsets in one transaction. Resolves with where the records stand; rejects with what {@link isFenced} knows when another
   * producer has taken over. After any rejection it must be opened again.
   */
  async transact(
    appends: readonly TopicRecords[],
    offsets: readonly GroupOffsets[],
  ): Promise<readonly (readonly AppendedAt[])[]> {
    const { transactionalId, session } = this.#options;
    const identity = this.#identity;
    if (identity === undefined || transactionalId === undefined) throw new TypeError('It is not open.');
    const places: (readonly AppendedAt[])[] = [];
    const own = { ...identity, transactionalId };
    const onCoordinator = <T>(work: (broker: WireBroker) => Promise<T>): Promise<T> =>
      session.onCoordinator('A transaction failed', { id: transactionalId, type: 1 }, work);
    for (const work of appends) places.push(await this.#append(work, transactionalId));
    for (const { groupId, topics } of offsets) {
      await onCoordinator((broker) => broker.addOffsetsToTxn({ ...own, groupId }));
      await session.onCoordinator('An offset cannot be committed', { id: groupId, type: 0 }, (broker) =>
        broker.txnOffsetCommit({ ...own, groupId, topics }),
      );
    }
    if (appends.some(({ records }) => records.length > 0) || offsets.length > 0)
      await onCoordinator((broker) => broker.endTxn({ ...own, transactionResult: true }));
    return places;
  }

  async #append(
    { topic, records, mostBytes = Number.POSITIVE_INFINITY }: TopicRecords,
    transactionalId: string | undefined,
  ): Promise<readonly AppendedAt[]> {
    if (records.length === 0) return [];
    const { session } = this.#options;
    const partitions = await session.attempt(`Nothing can be appended to ${topic}`, (cluster) =>
      partitionCount(cluster, topic),
    );
    const places = records.map(({ key }): { partition: number; offset: number } => ({
      partition: partitionOf(key, partitions),
      offset: -1,
    }));
    const bytes = Math.min(this.#options.batchBytes, mostBytes);
    for (const wave of waves(records, places, { topic, bytes })) {
      if (transactionalId !== undefined) await this.#enlist(wave, transactionalId);
      await this.#send(wave, records, places);
    }
    return places;
  }

  /** Tells the coordinator which partitions the transaction writes to; one that is known already is named again. */
  async #enlist({ topic, partitions }: Wave, transactionalId: string): Promise<void> {
    const identity = this.#identity;
    if (identity === undefined) throw new TypeError('It is not open.');
    await this.#options.session.onCoordinator(
      'A transaction cannot begin',
      { id: transactionalId, type: 1 },
      (broker) =>
        broker.addPartitionsToTxn({
          ...identity,
          transactionalId,
          topics: [{ topic, partitions: [...partitions.keys()] }],
        }),
    );
  }

  async #send(
    wave: Wave,
    records: readonly NewRecord[],
    places: readonly { readonly partition: number; offset: number }[],
  ): Promise<void> {
    const now = Date.now();
    const { topic } = wave;
    const messages = new Map(
      [...wave.partitions].map(([partition, indices]) => [
        partition,
        indices.flatMap((index) => {
          const record = records[index];
          return record === undefined ? [] : [wireMessage(record, now)];
        }),
      ]),
    );
    const offsets = await this.#produce(topic, messages);
    for (const [partition, indices] of wave.partitions) {
      const base = offsets.get(partition) ?? 0;
      for (const [at, index] of indices.entries()) {
        const place = places[index];
        if (place !== undefined) place.offset = base + at;
      }
    }
  }

  /** Resolves with the offset of the first message of each partition. */
  async #produce(
    topic: string,
    messages: ReadonlyMap<number, readonly WireMessage[]>,
  ): Promise<ReadonlyMap<number, number>> {
    const { session, transactionalId, compression } = this.#options;
    const done = new Map<number, number>();
    const send = async (cluster: WireCluster): Promise<void> => {
      const identity = this.#identity;
      if (identity === undefined) throw new TypeError('It is not open.');
      await partitionCount(cluster, topic); // new connections know no topic yet
      for (const [nodeId, partitions] of byLeader(cluster, topic, messages.keys())) {
        const batches = partitions
          .filter((partition) => !done.has(partition))
          .map((partition) => ({
            partition,
            firstSequence: this.#sequences.get(`${topic}/${partition}`) ?? 0,
            messages: messages.get(partition) ?? [],
          }));
        if (batches.length === 0) continue;
        const broker = await cluster.findBroker({ nodeId });
        const answer = await broker.produce({
          acks: -1,
          timeout: 30_000,
          compression,
          ...identity,
          ...(transactionalId === undefined ? {} : { transactionalId }),
          topicData: [{ topic, partitions: batches }],
        });
        for (const { partition, baseOffset } of answer.topics.flatMap((one) => one.partitions))
          done.set(partition, Number(baseOffset));
        for (const { partition, firstSequence, messages: sent } of batches)
          this.#sequences.set(`${topic}/${partition}`, (firstSequence + sent.length) % 0x8000_0000);
      }
    };
    const what = `Nothing can be appended to ${topic}`;
    try {
      await session.attempt(what, send);
    } catch (thrown) {
      const cause = thrown instanceof StreamError ? thrown.cause : thrown;
      const isLost = lostNumbers.has(typeOf(cause)) || isFenced(cause);
      if (transactionalId !== undefined || !isLost) {
        // Whether the batch is there is not known: its numbers must not be used for another one.
        if (transactionalId === undefined) this.#identity = undefined;
        throw faultOf(thrown, what);
      }
      await this.open();
      await session.attempt(what, send);
    }
    return done;
  }
}

async function anyBroker(cluster: WireCluster): Promise<WireBroker> {
  if (cluster.getNodeIds().length === 0) await cluster.refreshMetadata();
  return cluster.findControllerBroker();
}
