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
} from '../../pipeline/transport.ts';
import { partitionOf } from '../../pipeline/partitioner.ts';
import type { ClaimStore } from './claim-store.ts';
import { EventAssignment, type WaitingOptions } from './event-assignment.ts';
import { EventReader } from './event-reader.ts';
import type { Framing } from './framing.ts';
import { Incoming } from './incoming.ts';
import { Missing, withMissing } from './missing.ts';
import { letterBytes, Outgoing } from './outgoing.ts';

/** Options of {@link createEventTransport}. */
export interface EventTransportOptions extends Partial<WaitingOptions> {
  /** How events are wrapped on the wire. @default single-object encoding, as they are made */
  readonly framing?: Framing | undefined;
  /** Where large events are put aside. @default they are cut into parts */
  readonly claims?: ClaimStore | undefined;
  /** Bytes that an event may have. @default 64 MiB */
  readonly maxBytes?: number;
  /** How long the next part of an event is waited for, in milliseconds. @default 60000 */
  readonly waitMs?: number;
}

/**
 * A transport for events of any size in any framing, over one for records that has a limit. An event that is larger than its topic takes is
 * compressed; if that is not enough, put aside where there is a store for that, else cut into parts. Whoever reads gets it whole, as one record.
 */
export function createEventTransport(inner: Transport, options: EventTransportOptions = {}): Transport {
  return new EventTransport(inner, options);
}

class EventTransport implements Transport {
  readonly transactions: Transactions;
  readonly #inner: Transport;
  readonly #outgoing: Outgoing;
  readonly #incoming: Incoming;
  readonly #limits: { readonly maxBytes: number; readonly waitMs: number };
  readonly #waiting: WaitingOptions;

  constructor(inner: Transport, options: EventTransportOptions) {
    const { framing, claims, maxBytes = 64 * 1024 ** 2, waitMs = 60_000 } = options;
    const { retryDelayMs = 200, onWaiting = () => undefined } = options;
    this.#inner = inner;
    const readBytes = maxBytes + letterBytes;
    this.#limits = { maxBytes: readBytes, waitMs };
    this.#waiting = { retryDelayMs, onWaiting };
    const recordLimit = (topic: string): Promise<number> => inner.recordLimit(topic);
    this.#outgoing = new Outgoing({ recordLimit, framing, claims, maxBytes });
    this.#incoming = new Incoming({ framing, claims, maxBytes: readBytes });
    const { guarantee } = inner.transactions;
    this.transactions = {
      ...(guarantee === undefined ? {} : { guarantee }),
      state: inner.transactions.state,
      view: (read) => inner.transactions.view(read),
      run: async (work) => {
        const isOurs = await inner.transactions.run(await withMissing(() => this.#ready(work)));
        if (isOurs) markSettled(work);
        return isOurs;
      },
      update: (update) => this.#update(update),
    };
  }

  get admin(): TransportAdmin {
    return this.#inner.admin;
  }

  ensureTopics(topics: readonly TopicSpec[]): Promise<void> {
    return this.#inner.ensureTopics(topics);
  }

  async append(topic: string, records: readonly NewRecord[]): Promise<readonly AppendedAt[]> {
    const ready = await withMissing(() => this.#outgoing.ready(topic, records));
    if (ready.length === records.length) return this.#inner.append(topic, ready);
    // The parts of an event are appended together, where the transport can do that.
    await this.#inner.transactions.run({ appends: [{ topic, records: ready }], state: [], commits: [] });
    const { length: partitions } = await this.#inner.describe(topic);
    return records.map(({ key }) => ({ partition: partitionOf(key, partitions) }));
  }

  async *subscribe(options: Parameters<Transport['subscribe']>[0]): AsyncIterable<Assignment> {
    for await (const assignment of this.#inner.subscribe(options)) {
      const { topic, partition, start } = assignment;
      yield new EventAssignment(assignment, this.#reader(topic, partition, start), this.#waiting);
    }
  }

  async *read(topic: string, partition: number, from: number): AsyncIterable<StoredRecord> {
    const reader = this.#reader(topic, partition, from);
    for await (const record of this.#inner.read(topic, partition, from)) {
      await reader.add([record]);
      yield* await reader.take(everything);
    }
    await reader.add([], true);
    yield* await reader.take(everything);
  }

  recordLimit(topic: string): Promise<number> {
    return this.#inner.recordLimit(topic);
  }

  describe(topic: string): Promise<readonly PartitionState[]> {
    return this.#inner.describe(topic);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  #reader(topic: string, partition: number, start: number): EventReader {
    const { maxBytes, waitMs } = this.#limits;
    const limits = { maxBytes, waitMs };
    return new EventReader({
      transport: this.#inner,
      topic,
      partition,
      start,
      incoming: this.#incoming,
      limits,
    });
  }

  #ready({ appends, state, commits }: TransactionWork): TransactionWork {
    return {
      appends: appends.map(({ topic, records }) => ({
        topic,
        records: this.#outgoing.ready(topic, records),
      })),
      state,
      commits: commits.map(({ assignment, offset }) => {
        const own = ownAssignment(assignment);
        return { assignment: own.inner, offset: own.place(offset) };
      }),
    };
  }

  /** What is missing shows within the transaction, which then does not take place, and is tried again with it. */
  async #update({ assignments, bytes, compute }: Parameters<Transactions['update']>[0]): Promise<boolean> {
    const inner = assignments.map((assignment) => ownAssignment(assignment).inner);
    for (;;) {
      let missing: Missing | undefined;
      let work: TransactionWork | undefined;
      try {
        const isOurs = await this.#inner.transactions.update({
          assignments: inner,
          bytes,
          compute: (table) => {
            try {
              work = compute(table);
              return this.#ready(work);
            } catch (thrown) {
              if (thrown instanceof Missing) missing = thrown;
              throw thrown;
            }
          },
        });
        if (isOurs && work !== undefined) markSettled(work);
        return isOurs;
      } catch (thrown) {
        if (missing === undefined) throw thrown;
        await missing.fetch();
      }
    }
  }
}

const everything = { records: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY };

function markSettled({ commits }: TransactionWork): void {
  for (const { assignment, offset } of commits) ownAssignment(assignment).settled(offset);
}

function ownAssignment(assignment: Assignment): EventAssignment {
  if (assignment instanceof EventAssignment) return assignment;
  throw new TypeError(`The assignment of ${assignment.topic} is not one of this transport.`);
}
