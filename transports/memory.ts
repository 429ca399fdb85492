import { StreamError } from '../pipeline/errors.ts';
import { refuseActive, settableOffset } from '../pipeline/group-offsets.ts';
import { partitionOf } from '../pipeline/partitioner.ts';
import type {
  AppendedAt,
  Assignment,
  NewRecord,
  PartitionState,
  StoredRecord,
  TopicSpec,
  Transactions,
  TransactionWork,
  Transport,
  TransportAdmin,
} from '../pipeline/transport.ts';
import { createMemoryState } from '../platform/memory-state.ts';
import { MemoryTable } from '../platform/memory-table.ts';
import { MemoryAssignment } from './memory-assignment.ts';
import { MemoryGroup } from './memory-group.ts';
import { MemoryPartition } from './memory-partition.ts';

interface Topic {
  readonly partitions: readonly MemoryPartition[];
  readonly groups: Map<string, MemoryGroup>;
}

/** Options of {@link createMemoryTransport}. */
export interface MemoryTransportOptions {
  /** How long a member may drain a revoked partition, in milliseconds. @default 15000 */
  readonly revokeGraceMs?: number;
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: () => number;
}

/**
 * Topics in the memory of one process: for a first run and for tests. Keeps everything until it is closed, then forgets
 * it; groups, rebalancing, fencing and seeking behave as on the durable transports.
 */
export function createMemoryTransport(options: MemoryTransportOptions = {}): Transport {
  return new MemoryTransport(options);
}

class MemoryTransport implements Transport {
  readonly admin: TransportAdmin = {
    topics: async () => {
      this.#checkOpen();
      return [...this.#topics.keys()].sort();
    },
    offsetAt: async (topic, partition, timestamp) => this.#partition(topic, partition).offsetAt(timestamp),
    members: async (topic, group) => this.#topic(topic).groups.get(group)?.members ?? 0,
    resetOffsets: async (topic, group, offsets) => this.#resetOffsets(topic, group, offsets),
    forgetGroup: async (topicName, group) => {
      const { groups } = this.#topic(topicName);
      refuseActive(topicName, group, groups.get(group)?.members ?? 0);
      groups.delete(group);
    },
  };
  readonly transactions: Transactions;
  readonly #state = createMemoryState();
  readonly #table = new MemoryTable();
  readonly #topics = new Map<string, Topic>();
  readonly #closing = new AbortController();
  readonly #graceMs: number;
  readonly #now: () => number;

  constructor(options: MemoryTransportOptions) {
    this.#graceMs = options.revokeGraceMs ?? 15_000;
    this.#now = options.now ?? Date.now;
    this.transactions = {
      state: this.#state,
      run: async (work) => {
        this.#checkOpen();
        return this.#write(work);
      },
      update: async ({ assignments, compute }) => {
        this.#checkOpen();
        if (!assignments.every(isHeld)) return false;
        try {
          const written = this.#write(compute(this.#table));
          this.#table.commit();
          return await written;
        } catch (thrown) {
          this.#table.rollBack();
          throw thrown;
        }
      },
      view: async (read) => read(this.#table),
    };
  }

  async ensureTopics(topics: readonly TopicSpec[]): Promise<void> {
    this.#checkOpen();
    for (const { name, partitions } of topics) {
      if (this.#topics.has(name)) continue;
      if (!Number.isInteger(partitions) || partitions < 1)
        throw new StreamError('CONFIG_INVALID', `The topic ${name} cannot have ${partitions} partitions.`);
      this.#topics.set(name, {
        partitions: Array.from(
          { length: partitions },
          (_, partition) => new MemoryPartition(name, partition),
        ),
        groups: new Map(),
      });
    }
  }

  async append(topicName: string, records: readonly NewRecord[]): Promise<readonly AppendedAt[]> {
    return this.#append(topicName, records);
  }

  #append(topicName: string, records: readonly NewRecord[]): readonly AppendedAt[] {
    const { partitions } = this.#topic(topicName);
    const timestamp = this.#now();
    return records.map((record) => {
      const partition = partitionOf(record.key, partitions.length);
      return { partition, offset: partitions[partition]?.append(record, timestamp) ?? 0 };
    });
  }

  async *subscribe(options: {
    readonly topic: string;
    readonly group: string;
    readonly signal: AbortSignal;
  }): AsyncIterable<Assignment> {
    yield* this.#group(options.topic, options.group).join(
      AbortSignal.any([options.signal, this.#closing.signal]),
    );
  }

  async *read(topicName: string, partition: number, from: number): AsyncIterable<StoredRecord> {
    const found = this.#partition(topicName, partition);
    for (let offset = from, end = found.next; offset < end; offset += 1) {
      const record = found.at(offset);
      if (record !== undefined) yield record;
    }
  }

  async recordLimit(topicName: string): Promise<number> {
    this.#topic(topicName);
    return Number.POSITIVE_INFINITY;
  }

  async describe(topicName: string): Promise<readonly PartitionState[]> {
    const topic = this.#topic(topicName);
    return topic.partitions.map(({ partition, next, held }) => ({
      partition,
      earliest: 0,
      next,
      held,
      committed: Object.fromEntries(
        [...topic.groups].map(([name, group]) => [name, group.committed(partition)]),
      ),
    }));
  }

  async close(): Promise<void> {
    this.#closing.abort();
  }

  #resetOffsets(topicName: string, groupName: string, offsets: ReadonlyMap<number, number>): void {
    const group = this.#group(topicName, groupName);
    refuseActive(topicName, groupName, group.members);
    const settable = [...offsets].map(([partition, offset]) => {
      const { next } = this.#partition(topicName, partition);
      return [partition, settableOffset(topicName, { partition, earliest: 0, next }, offset)] as const;
    });
    for (const [partition, offset] of settable) group.reset(partition, offset);
  }

  #group(topicName: string, name: string): MemoryGroup {
    const topic = this.#topic(topicName);
    const group = topic.groups.get(name) ?? new MemoryGroup(topic.partitions, this.#graceMs);
    topic.groups.set(name, group);
    return group;
  }

  #partition(topicName: string, partition: number): MemoryPartition {
    const found = this.#topic(topicName).partitions[partition];
    if (found !== undefined) return found;
    throw new StreamError('TOPIC_UNKNOWN', `The topic ${topicName} has no partition ${partition}.`);
  }

  /** Everything is done when it returns, or it throws and nothing is: the promises only say so. */
  #write({ appends, state, commits }: TransactionWork): Promise<boolean> {
    if (!commits.every(({ assignment }) => isHeld(assignment))) return Promise.resolve(false);
    for (const { topic } of appends) this.#topic(topic);
    const done: Promise<unknown>[] = [this.#state.write(state)];
    for (const { topic, records } of appends) this.#append(topic, records);
    for (const { assignment, offset } of commits) done.push(assignment.commit(offset));
    return Promise.all(done).then(() => true);
  }

  #topic(name: string): Topic {
    this.#checkOpen();
    const topic = this.#topics.get(name);
    if (topic === undefined)
      throw new StreamError('TOPIC_UNKNOWN', `The topic ${name} has not been created.`);
    return topic;
  }

  #checkOpen(): void {
    if (this.#closing.signal.aborted) throw new StreamError('TRANSPORT_CLOSED', 'The transport is closed.');
  }
}

function isHeld(assignment: Assignment): boolean {
  if (assignment instanceof MemoryAssignment) return assignment.isHeld;
  throw new TypeError(`The assignment of ${assignment.topic} is not one of this transport.`);
}
