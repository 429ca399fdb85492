import { setTimeout as delay } from 'node:timers/promises';
import type { EventHubConsumerClient, EventHubProducerClient, PartitionProperties } from '@azure/event-hubs';
import { StreamError } from '../../pipeline/errors.ts';
import { faultOf, isConnectionFault, isPassing, SilentConnection } from '../../platform/journal/faults.ts';

/** Makes clients of event hubs of a namespace by their names, each with a connection of its own. */
export interface HubConnector {
  readonly producer: (hub: string) => EventHubProducerClient;
  readonly consumer: (hub: string) => EventHubConsumerClient;
}

/** A client that reads, and the partitions that are read with it: the SDK takes one reader of a partition for each client. */
interface SharedConsumer {
  readonly client: EventHubConsumerClient;
  readonly busy: Set<number>;
}

/** A client that reads, for one partition. */
export interface LeasedConsumer {
  readonly client: EventHubConsumerClient;
  /** Others may read the partition with it. Where its connection is `dead`, nobody is given it again. */
  release(dead: boolean): void;
}

/** Options of {@link Hubs}. */
export interface HubsOptions {
  readonly connect: HubConnector;
  /** Begins the names of event hubs. */
  readonly prefix: string;
  /** How long a passing fault is waited out before a call rejects, in milliseconds. */
  readonly patienceMs: number;
  /** How long an answer is waited for before the connection is taken for dead, in milliseconds. */
  readonly requestMs: number;
  /** How old what is known of event hubs may become, in milliseconds. */
  readonly metadataMs: number;
  /** That the connection of an idle link lives is asked for after this time, in milliseconds. */
  readonly idleMs: number;
}

const firstPauseMs = 20;
const longestPauseMs = 1000;

/**
 * The event hubs of a namespace. A connection that is dead without a word goes unnoticed for two minutes in the SDK, and each send into it waits out
 * all attempts: here no answer within `requestMs` ends it, and it is made anew.
 */
export class Hubs {
  readonly options: HubsOptions;
  readonly #producers = new Map<string, EventHubProducerClient>();
  readonly #consumers = new Map<string, SharedConsumer[]>();
  readonly #counts = new Map<string, { readonly count: number; readonly at: number }>();
  readonly #limits = new Map<string, number>();
  #isClosed = false;

  constructor(options: HubsOptions) {
    this.options = options;
  }

  /** The name of a topic's event hub. */
  wire(topic: string): string {
    return this.options.prefix + topic;
  }

  /** A client with which nobody else reads the partition. */
  consumer(topic: string, partition: number): LeasedConsumer {
    this.#open();
    const all = this.#consumers.get(topic) ?? [];
    this.#consumers.set(topic, all);
    let found = all.find(({ busy }) => !busy.has(partition));
    if (found === undefined) {
      found = { client: this.options.connect.consumer(this.wire(topic)), busy: new Set() };
      all.push(found);
    }
    const own = found;
    own.busy.add(partition);
    return {
      client: own.client,
      release: (dead) => {
        own.busy.delete(partition);
        if (!dead || !all.includes(own)) return;
        all.splice(all.indexOf(own), 1);
        void endOf(own.client);
      },
    };
  }

  /**
   * Does some work with an event hub, and again while it meets passing faults, for as long as the patience lasts. Rejects with TRANSPORT_UNAVAILABLE
   * after that, with TOPIC_UNKNOWN where there is no such event hub, and with the code of the fault where it will not pass. `over` fires when an attempt
   * is given up: what it has not sent by then, it must not send.
   */
  async attempt<T>(
    topic: string,
    what: string,
    work: (producer: EventHubProducerClient, over: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { patienceMs, requestMs } = this.options;
    const until = Date.now() + patienceMs;
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
      const producer = this.#producer(topic);
      try {
        return await within(requestMs, (over) => work(producer, over));
      } catch (thrown) {
        const fault = namedFault(topic, thrown, what);
        if (!isPassing(thrown) || this.#isClosed || Date.now() > until) throw fault;
        if (isConnectionFault(thrown)) this.#renew(topic, producer);
        await delay(pauseMs * (0.5 + Math.random()));
      }
    }
  }

  #producer(topic: string): EventHubProducerClient {
    this.#open();
    let found = this.#producers.get(topic);
    if (found === undefined) {
      found = this.options.connect.producer(this.wire(topic));
      this.#producers.set(topic, found);
    }
    return found;
  }

  /** Makes the connection anew, where this is still the one in use. */
  #renew(topic: string, failed: EventHubProducerClient): void {
    if (this.#producers.get(topic) !== failed) return;
    this.#producers.delete(topic);
    void endOf(failed);
  }

  #open(): void {
    if (this.#isClosed) throw new StreamError('TRANSPORT_CLOSED', 'The transport is closed.');
  }

  /** How many partitions a topic has. */
  async partitions(topic: string): Promise<number> {
    const known = this.#counts.get(topic);
    if (!this.#isClosed && known !== undefined && Date.now() - known.at < this.options.metadataMs)
      return known.count;
    const { partitionIds } = await this.attempt(topic, `${topic} cannot be described`, (producer) =>
      producer.getEventHubProperties(),
    );
    this.#counts.set(topic, { count: partitionIds.length, at: Date.now() });
    return partitionIds.length;
  }

  /** The bytes that one event may have, with all that goes with it. */
  async limit(topic: string): Promise<number> {
    let limit = this.#limits.get(topic);
    if (limit === undefined) {
      limit = await this.attempt(topic, `${topic} cannot be written to`, async (producer) => {
        const { maxSizeInBytes } = await producer.createBatch({ partitionId: '0' });
        return maxSizeInBytes;
      });
      this.#limits.set(topic, limit);
    }
    return limit;
  }

  /** Rejects with TOPIC_UNKNOWN where a topic has no such partition. */
  async checkPartition(topic: string, partition: number): Promise<void> {
    if (partition >= 0 && partition < (await this.partitions(topic))) return;
    throw new StreamError('TOPIC_UNKNOWN', `The topic ${topic} has no partition ${partition}.`);
  }

  /** The ends of a partition: the oldest sequence number that is kept, and the one that the next event gets. */
  async ends(topic: string, partition: number): Promise<PartitionEnds> {
    const what = `${topic}-${partition} cannot be described`;
    const found = await this.attempt(topic, what, (producer) =>
      producer.getPartitionProperties(String(partition)),
    );
    return endsOf(found);
  }

  /** May be called twice. Connections that do not answer are not waited for. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const consumers = [...this.#consumers.values()].flat().map(({ client }) => client);
    await Promise.all([...this.#producers.values(), ...consumers].map(endOf));
  }
}

/** See {@link Hubs.ends}. */
export interface PartitionEnds {
  readonly earliest: number;
  readonly next: number;
  /** When the last event was appended, in milliseconds since 1970. */
  readonly lastAt: number;
}

function endsOf(of: PartitionProperties): PartitionEnds {
  const next = of.lastEnqueuedSequenceNumber + 1;
  const earliest = of.isEmpty ? next : Math.min(of.beginningSequenceNumber, next);
  return { earliest, next, lastAt: of.lastEnqueuedOnUtc.getTime() };
}

function namedFault(topic: string, thrown: unknown, what: string): StreamError {
  const fault = faultOf(thrown, what);
  if (fault.code !== 'TOPIC_UNKNOWN' || thrown instanceof StreamError) return fault;
  return new StreamError('TOPIC_UNKNOWN', `The topic ${topic} has not been created.`, { cause: thrown });
}

const goodbyeMs = 1000;

/** Ends a connection; one that does not answer is left to end by itself. */
async function endOf(client: EventHubProducerClient | EventHubConsumerClient): Promise<void> {
  const over = Promise.allSettled([client.close()]);
  await Promise.race([over, delay(goodbyeMs, undefined, { ref: false })]);
}

async function within<T>(ms: number, work: (over: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const late = delay(ms, undefined, { signal: stop.signal }).then(() => {
    throw new SilentConnection(`Nothing was answered within ${ms} ms.`);
  });
  late.catch(() => undefined); // the race hears of it
  try {
    return await Promise.race([work(stop.signal), late]);
  } finally {
    stop.abort();
  }
}
