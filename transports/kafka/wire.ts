/**
 * What we use of kafkajs below its public interface: its cluster, whose brokers speak every request of Kafka's protocol. Its producer and its consumer
 * are not used: the first never leaves a dead socket, the second gives no say in when a partition is given up. The version of kafkajs is exact, and
 * nothing of it has changed since 2023.
 */
import { createRequire } from 'node:module';
import kafkajs, { type ISocketFactory, type Kafka } from 'kafkajs';

/** A message to append. */
export interface WireMessage {
  readonly key: Buffer;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
}

/** Messages of one partition, with the producer's number of the first. */
export interface WireBatch {
  readonly partition: number;
  readonly firstSequence: number;
  readonly messages: readonly WireMessage[];
}

/** Committed offsets as the protocol has them: decimal texts, -1 where there is none. */
export interface WireOffsets {
  readonly topic: string;
  readonly partitions: readonly {
    readonly partition: number;
    readonly offset: string;
    /** What is noted beside it. */
    readonly metadata?: string | null;
  }[];
}

/** A producer's identity, which the broker gives and fences. */
export interface ProducerIdentity {
  readonly producerId: string;
  readonly producerEpoch: number;
}

interface OfTransaction extends ProducerIdentity {
  readonly transactionalId: string;
}

/** One broker, connected. Every call rejects with kafkajs's errors. */
export interface WireBroker {
  readonly nodeId: number | string;
  /** Newest version that it speaks of each request, by number. */
  readonly versions: Readonly<Record<number, { readonly maxVersion: number }>> | null;
  readonly connectionPool: { send<T>(request: unknown): Promise<T> };
  metadata(topics: readonly string[]): Promise<WireMetadata>;
  produce(
    options: Partial<OfTransaction> & {
      readonly acks: number;
      readonly timeout: number;
      readonly compression: number;
      readonly topicData: readonly { readonly topic: string; readonly partitions: readonly WireBatch[] }[];
    },
  ): Promise<{
    readonly topics: readonly {
      readonly topicName: string;
      readonly partitions: readonly { readonly partition: number; readonly baseOffset: string }[];
    }[];
  }>;
  listOffsets(options: {
    readonly replicaId: number;
    readonly isolationLevel: number;
    readonly topics: readonly {
      readonly topic: string;
      readonly partitions: readonly { readonly partition: number; readonly timestamp: number }[];
    }[];
  }): Promise<{ readonly responses: readonly WireOffsets[] }>;
  joinGroup(options: {
    readonly groupId: string;
    readonly sessionTimeout: number;
    readonly rebalanceTimeout: number;
    readonly memberId: string;
    readonly protocolType: string;
    readonly groupProtocols: readonly { readonly name: string; readonly metadata: Buffer }[];
  }): Promise<{
    readonly generationId: number;
    readonly leaderId: string;
    readonly memberId: string;
    readonly members: readonly { readonly memberId: string; readonly memberMetadata: Buffer }[];
  }>;
  syncGroup(options: {
    readonly groupId: string;
    readonly generationId: number;
    readonly memberId: string;
    readonly groupAssignment: readonly { readonly memberId: string; readonly memberAssignment: Buffer }[];
  }): Promise<{ readonly memberAssignment: Buffer }>;
  heartbeat(options: {
    readonly groupId: string;
    readonly groupGenerationId: number;
    readonly memberId: string;
  }): Promise<unknown>;
  leaveGroup(options: { readonly groupId: string; readonly memberId: string }): Promise<unknown>;
  offsetFetch(options: {
    readonly groupId: string;
    readonly topics: readonly {
      readonly topic: string;
      readonly partitions: readonly { readonly partition: number }[];
    }[];
  }): Promise<{ readonly responses: readonly WireOffsets[] }>;
  offsetCommit(options: {
    readonly groupId: string;
    readonly groupGenerationId: number;
    readonly memberId: string;
    readonly retentionTime: number;
    readonly topics: readonly WireOffsets[];
  }): Promise<unknown>;
  initProducerId(options: {
    readonly transactionalId?: string | undefined;
    readonly transactionTimeout: number;
  }): Promise<ProducerIdentity>;
  addPartitionsToTxn(
    options: OfTransaction & {
      readonly topics: readonly { readonly topic: string; readonly partitions: readonly number[] }[];
    },
  ): Promise<unknown>;
  addOffsetsToTxn(options: OfTransaction & { readonly groupId: string }): Promise<unknown>;
  txnOffsetCommit(
    options: OfTransaction & { readonly groupId: string; readonly topics: readonly WireOffsets[] },
  ): Promise<unknown>;
  endTxn(options: OfTransaction & { readonly transactionResult: boolean }): Promise<unknown>;
  listGroups(): Promise<{ readonly groups: readonly { readonly groupId: string }[] }>;
  describeGroups(options: { readonly groupIds: readonly string[] }): Promise<{
    readonly groups: readonly {
      readonly state: string;
      readonly members: readonly { readonly memberId: string; readonly memberMetadata: Buffer }[];
    }[];
  }>;
  deleteGroups(groupIds: readonly string[]): Promise<unknown>;
}

/** What a broker says of topics. */
interface WireMetadata {
  readonly topicMetadata: readonly {
    readonly topic: string;
    readonly partitionMetadata: readonly WirePartition[];
  }[];
}

/** One partition and who leads it. */
export interface WirePartition {
  readonly partitionId: number;
  readonly leader: number;
}

/** Brokers of one cluster, with connections of their own. */
export interface WireCluster {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  getNodeIds(): readonly string[];
  /** Loads what is known of topics; rejects with UNKNOWN_TOPIC_OR_PARTITION. */
  addMultipleTargetTopics(topics: readonly string[]): Promise<void>;
  refreshMetadata(): Promise<void>;
  metadata(options: { readonly topics: readonly string[] }): Promise<WireMetadata>;
  findTopicPartitionMetadata(topic: string): readonly WirePartition[];
  findBroker(options: { readonly nodeId: number | string }): Promise<WireBroker>;
  findControllerBroker(): Promise<WireBroker>;
  findGroupCoordinator(options: {
    readonly groupId: string;
    /** 0: of a consumer group, 1: of a transactional id. */
    readonly coordinatorType: number;
  }): Promise<WireBroker>;
}

const require = createRequire(import.meta.url);

/** A part of kafkajs by its file; whoever asks for it says what of it is used. */
function partOf(file: string): unknown {
  return require(`kafkajs/src/${file}`);
}

type CreateCluster = (options: {
  readonly metadataMaxAge: number;
  readonly allowAutoTopicCreation: boolean;
  readonly isolationLevel: number;
}) => WireCluster;

/** Isolation levels of the protocol. */
export const isolation = { uncommitted: 0, committed: 1 } as const;

/** A cluster with connections of its own, by what the client was configured with. Topics are never made by naming them. */
export function createCluster(kafka: Kafka): WireCluster {
  const symbol = Object.getOwnPropertySymbols(kafka).find(
    ({ description }) => description === 'private:Kafka:createCluster',
  );
  const create: unknown = symbol === undefined ? undefined : Reflect.get(kafka, symbol);
  if (typeof create !== 'function') throw new TypeError('kafkajs is not the version that is expected.');
  return (create as CreateCluster)({
    metadataMaxAge: 60_000,
    allowAutoTopicCreation: false,
    isolationLevel: isolation.committed,
  });
}

/** Reads the protocol's types from bytes. */
export interface WireDecoder {
  readonly offset: number;
  readInt16(): number;
  readInt32(): number;
  readInt64(): bigint;
  readString(): string;
  readBytes(length?: number): Buffer;
  readArray<T>(reader: (decoder: WireDecoder) => T): T[];
  readUVarInt(): number;
  readUVarIntString(): string | null;
  readUVarIntArray<T>(reader: (decoder: WireDecoder) => T): T[];
  readTaggedFields(): unknown;
  canReadBytes(length: number): boolean;
}

/** A record as it was decoded. */
export interface WireRecord {
  readonly offset: string;
  readonly timestamp: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, Buffer | readonly Buffer[]>>;
}

/** A batch as it was decoded: it may hold no record any more, after compaction. */
export interface WireRecordBatch {
  readonly firstOffset: string;
  readonly lastOffsetDelta: number;
  readonly producerId: string;
  readonly inTransaction: boolean;
  readonly isControlBatch: boolean;
  readonly records: readonly WireRecord[];
}

/** Opens sockets as kafkajs does itself. */
export const openSocket = (partOf('network/socketFactory.js') as () => ISocketFactory)();

/** Writes the protocol's types. */
export interface WireEncoder {
  writeBuffer(bytes: Buffer): WireEncoder;
  writeUVarIntString(text: string): WireEncoder;
}

/** Makes an encoder. */
export const Encoder = partOf('protocol/encoder.js') as new () => WireEncoder;

/** Makes a decoder for bytes. */
export const Decoder = partOf('protocol/decoder.js') as new (bytes: Buffer) => WireDecoder;

/** Decodes one batch, and moves the decoder behind it. */
export const decodeRecordBatch = partOf('protocol/recordBatch/v0/decoder.js') as (
  decoder: WireDecoder,
) => Promise<WireRecordBatch>;

/** What is asked for of one partition. */
export interface WireFetch {
  readonly partition: number;
  readonly fetchOffset: string;
  readonly maxBytes: number;
}

/** The request of Fetch, version 11, which every Kafka from 2.3 on understands. */
export const fetchRequest = partOf('protocol/requests/fetch/v11/request.js') as (options: {
  readonly replicaId: number;
  readonly maxWaitTime: number;
  readonly minBytes: number;
  readonly maxBytes: number;
  readonly isolationLevel: number;
  readonly topics: readonly { readonly topic: string; readonly partitions: readonly WireFetch[] }[];
}) => unknown;

/** The error of a code of the protocol. */
export const errorOfCode = (
  partOf('protocol/error.js') as { readonly createErrorFromCode: (code: number) => Error }
).createErrorFromCode;

interface Queue {
  readonly pending: readonly unknown[];
  readonly throttledUntil: number;
}

type Schedule = (this: Queue) => void;

/**
 * kafkajs looks at the queue of each connection every millisecond once a request was sent, for ever (its issue 1751): it is only looked at while
 * something waits in it.
 */
function calmQueues(): void {
  const { prototype } = partOf('network/requestQueue/index.js') as {
    readonly prototype: { scheduleCheckPendingRequests: Schedule };
  };
  const schedule = prototype.scheduleCheckPendingRequests;
  prototype.scheduleCheckPendingRequests = function scheduleWhereNeeded(this: Queue): void {
    if (this.pending.length > 0 || this.throttledUntil > Date.now()) schedule.call(this);
  };
}

calmQueues();

/** Nothing of the client reaches the console: what goes wrong is an error of ours. */
export const silent = { logLevel: kafkajs.logLevel.NOTHING } as const;
