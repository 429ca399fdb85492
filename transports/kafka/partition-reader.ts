import type { StreamError } from '../../pipeline/errors.ts';
import type { PullLimit, StoredRecord } from '../../pipeline/transport.ts';
import { takeWithin } from '../../platform/take-within.ts';
import type { FetchedRecords } from './fetch-response.ts';
import type { Fetcher, FetchTarget } from './fetcher.ts';

/** What is read ahead: more is read while there is less than this. */
const ahead = { bytes: 512 * 1024, records: 2000 };

/** Which partition is read, from where. */
export interface ReaderOptions {
  readonly fetcher: Pick<Fetcher, 'add' | 'remove' | 'kick'>;
  readonly topic: string;
  readonly partition: number;
  readonly start: number;
  /** The position has moved over offsets that hold no records for us, and nothing is left to hand out. */
  readonly onGap: () => void;
}

/** Reads one partition ahead of whoever pulls from it. */
export class PartitionReader implements FetchTarget {
  readonly topic: string;
  readonly partition: number;
  position: number;
  readonly #fetcher: ReaderOptions['fetcher'];
  readonly #onGap: () => void;
  #buffer: StoredRecord[] = [];
  #bytes = 0;
  /** Behind the last record that was handed out. */
  #handedOut: number;
  #fault: StreamError | undefined;
  #arrived: () => void = () => undefined;

  constructor({ fetcher, topic, partition, start, onGap }: ReaderOptions) {
    this.#fetcher = fetcher;
    this.topic = topic;
    this.partition = partition;
    this.position = start;
    this.#handedOut = start;
    this.#onGap = onGap;
    fetcher.add(this);
  }

  get isHungry(): boolean {
    return this.#bytes < ahead.bytes && this.#buffer.length < ahead.records;
  }

  /** Behind the last record that was handed out. */
  get handedOut(): number {
    return this.#handedOut;
  }

  /** The first offset that has not been handed out, without those before it that hold no record. */
  get next(): number {
    return this.#buffer[0]?.offset ?? this.position;
  }

  /** What is settled when everything below `offset` is: once that is all that was handed out, what follows without a record is settled too. */
  settledBy(offset: number): number {
    return offset >= this.#handedOut ? Math.max(offset, this.next) : offset;
  }

  accept({ records, next }: FetchedRecords): void {
    if (next <= this.position) return;
    const fresh = records.filter(({ offset }) => offset >= this.position); // two answers may overlap
    this.position = next;
    for (const record of fresh) {
      this.#buffer.push(record);
      this.#bytes += sizeOf(record);
    }
    if (this.#buffer.length === 0) this.#onGap();
    else this.#arrived();
  }

  /** The oldest records are gone: what is left is read from its beginning, never from the end. */
  outOfRange(earliest: number): void {
    this.position = Math.max(earliest, 0);
    this.#fetcher.kick();
  }

  fail(fault: StreamError): void {
    this.#fault = fault;
    this.#arrived();
  }

  /** Waits for at least one record; an empty answer means that `stop` fired. Rejects with what keeps the partition from being read. */
  async pull(limit: PullLimit, stop: AbortSignal): Promise<readonly StoredRecord[]> {
    while (this.#buffer.length === 0 && !stop.aborted) {
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
    // At once: what is taken must not look as if there were no records.
    this.#handedOut = (taken.at(-1)?.offset ?? this.#handedOut - 1) + 1;
    for (const record of taken) this.#bytes -= sizeOf(record);
    if (this.isHungry) this.#fetcher.kick();
    return taken;
  }

  /** Reads no more, and forgets what was not handed out. */
  close(): void {
    this.#fetcher.remove(this);
    this.#buffer = [];
    this.#bytes = 0;
  }
}

function sizeOf({ key, value }: StoredRecord): number {
  return key.length + (value?.length ?? 0) + 100;
}
