import { setTimeout as delay } from 'node:timers/promises';
import {
  earliestEventPosition,
  type EventHubConsumerClient,
  type EventPosition,
  type ReceivedEventData,
} from '@azure/event-hubs';
import type { StreamError } from '../../pipeline/errors.ts';
import type { PullLimit, StoredRecord } from '../../pipeline/transport.ts';
import { takeWithin } from '../../platform/take-within.ts';
import { toRecord } from './events.ts';
import { faultOf, isConnectionFault, isPassing, SilentConnection } from '../../platform/journal/faults.ts';
import type { Hubs } from './hubs.ts';

/** What is read ahead: the handler of the SDK is held up while there is more than this. */
const ahead = { bytes: 512 * 1024, records: 2000 };
/** Events of one call of the SDK's handler, and credits that it gives with each call. */
const batchSize = 300;
/**
 * Credits that a link may have outstanding. The SDK gives a full batch of them with every call, however many are left (its issue 39452): beyond this
 * the link is closed and opened again behind the last event.
 */
const mostCredits = 3000;
const pauseMs = 200;
/** How long a link may take to close before its connection is given up. */
const goodbyeMs = 2000;

interface Fault {
  readonly thrown: unknown;
}

/** Which partition is read, from where. */
export interface ReaderOptions {
  readonly hubs: Hubs;
  readonly topic: string;
  readonly partition: number;
  /** The first sequence number that is wanted; where it has expired, reading begins at the oldest event. */
  readonly start: number;
  /** Reading begins at the first event of this time or later, in milliseconds since 1970, until one has come. */
  readonly since?: number;
}

/** Reads one partition ahead of whoever pulls from it, with bounded credits and memory. */
export class PartitionReader {
  readonly #options: ReaderOptions;
  readonly #over = new AbortController();
  #position: number;
  #buffer: StoredRecord[] = [];
  #bytes = 0;
  #fault: StreamError | undefined;
  #arrived: () => void = () => undefined;
  #taken: () => void = () => undefined;

  constructor(options: ReaderOptions) {
    this.#options = options;
    this.#position = options.start;
    void this.#run();
  }

  /** Waits for at least one record; an empty answer means that `stop` fired. Rejects with what keeps the partition from being read. */
  async pull(limit: PullLimit, stop: AbortSignal): Promise<readonly StoredRecord[]> {
    while (this.#buffer.length === 0 && !stop.aborted && !this.#over.signal.aborted) {
      if (this.#fault !== undefined) throw this.#fault;
      await new Promise<void>((resolve) => {
        const done = (): void => {
          stop.removeEventListener('abort', done);
          resolve();
        };
        this.#arrived = done;
        stop.addEventListener('abort', done, { once: true });
      });
    }
    if (stop.aborted) return [];
    const taken = takeWithin(this.#buffer, limit);
    for (const record of taken) this.#bytes -= sizeOf(record);
    if (this.#isHungry) this.#taken();
    return taken;
  }

  /** Reads no more, and forgets what was not handed out. May be called twice. */
  close(): void {
    this.#over.abort();
    this.#buffer = [];
    this.#bytes = 0;
    this.#arrived();
    this.#taken();
  }

  get #isHungry(): boolean {
    return this.#bytes < ahead.bytes && this.#buffer.length < ahead.records;
  }

  async #run(): Promise<void> {
    const { topic, partition, hubs } = this.#options;
    const { signal } = this.#over;
    while (!signal.aborted) {
      try {
        const lease = hubs.consumer(topic, partition);
        const { fault, isEnded } = await this.#link(lease.client);
        lease.release(!isEnded || (fault !== undefined && isConnectionFault(fault.thrown)));
        if (fault === undefined || signal.aborted) continue;
        if (!isPassing(fault.thrown)) throw fault.thrown;
        await delay(pauseMs * (0.5 + Math.random()), undefined, { signal });
      } catch (thrown) {
        if (signal.aborted) return;
        this.#fault = faultOf(thrown, `${topic}-${partition} cannot be read`);
        this.#arrived();
        return;
      }
    }
  }

  /** One link to the partition: resolves with the fault that ended it, undefined where a new one is to be opened, and with whether it is closed. */
  async #link(
    client: EventHubConsumerClient,
  ): Promise<{ readonly fault: Fault | undefined; readonly isEnded: boolean }> {
    const over = new AbortController();
    let credits = 0;
    let end: (fault: Fault | undefined) => void = () => undefined;
    const ended = new Promise<Fault | undefined>((resolve) => {
      end = resolve;
    });
    const stop = (): void => end(undefined);
    this.#over.signal.addEventListener('abort', stop, { once: true });
    const subscription = client.subscribe(
      String(this.#options.partition),
      {
        processEvents: async (events) => {
          if (over.signal.aborted) return;
          credits += batchSize - events.length;
          this.#accept(events);
          if (events.length === 0 && !(await this.#lives(client)))
            end({ thrown: new SilentConnection('The connection does not answer any more.') });
          if (credits > mostCredits) end(undefined);
          while (!this.#isHungry && !over.signal.aborted)
            await new Promise<void>((resolve) => {
              this.#taken = resolve;
            });
        },
        processError: async (thrown) => end({ thrown }),
        processClose: async () => end(undefined),
      },
      {
        startPosition: this.#start(),
        maxBatchSize: batchSize,
        prefetchCount: batchSize,
        maxWaitTimeInSeconds: this.#options.hubs.options.idleMs / 1000,
        skipParsingBodyAsJson: true,
      },
    );
    const fault = await ended;
    over.abort();
    this.#taken();
    this.#over.signal.removeEventListener('abort', stop);
    // A link whose connection is dead never closes.
    const closed = subscription.close().then(
      () => true,
      () => false,
    );
    return { fault, isEnded: await Promise.race([closed, delay(goodbyeMs, false, { ref: false })]) };
  }

  /** Exclusive: the service refuses a sequence number that it has not given yet. */
  #start(): EventPosition {
    const { since, start } = this.#options;
    if (since !== undefined && this.#position === start) return { enqueuedOn: since - 1 };
    if (this.#position <= 0) return earliestEventPosition;
    return { sequenceNumber: this.#position - 1, isInclusive: false };
  }

  #accept(events: readonly ReceivedEventData[]): void {
    const { topic, partition } = this.#options;
    for (const event of events) {
      if (event.sequenceNumber < this.#position) continue; // a new link began before it
      this.#position = event.sequenceNumber + 1;
      const record = toRecord(event, topic, partition);
      this.#buffer.push(record);
      this.#bytes += sizeOf(record);
    }
    if (events.length > 0) this.#arrived();
  }

  /** Whether the connection of an idle link answers. */
  async #lives(client: EventHubConsumerClient): Promise<boolean> {
    const { hubs, partition } = this.#options;
    const asked = client.getPartitionProperties(String(partition)).then(
      () => true,
      () => false,
    );
    return Promise.race([asked, delay(hubs.options.requestMs, false, { ref: false })]);
  }
}

function sizeOf({ key, value }: StoredRecord): number {
  return key.length + (value?.length ?? 0) + 100;
}
