import { StreamError } from '../../pipeline/errors.ts';
import type { StoredRecord } from '../../pipeline/transport.ts';
import type { FetchedRecords } from './fetch-response.ts';
import type { Fetcher, FetchTarget } from './fetcher.ts';

interface Waiting {
  readonly offset: number;
  readonly resolve: () => void;
  readonly reject: (thrown: unknown) => void;
}

/** Follows a compacted topic of one partition from its beginning, and hands over everything that is committed, in order. */
export class LogFollower implements FetchTarget {
  readonly topic: string;
  readonly partition = 0;
  readonly isHungry = true;
  position = 0;
  readonly #fetcher: Fetcher;
  readonly #apply: (records: readonly StoredRecord[]) => void;
  #waiting: Waiting[] = [];
  #fault: StreamError | undefined;

  constructor(fetcher: Fetcher, topic: string, apply: (records: readonly StoredRecord[]) => void) {
    this.#fetcher = fetcher;
    this.topic = topic;
    this.#apply = apply;
    fetcher.add(this);
  }

  accept({ records, next }: FetchedRecords): void {
    if (next <= this.position) return;
    try {
      this.#apply(records);
    } catch (thrown) {
      this.fail(new StreamError('STATE_UNAVAILABLE', `${this.topic} cannot be kept.`, { cause: thrown }));
      return;
    }
    this.position = next;
    const [reached, waiting] = [
      this.#waiting.filter(({ offset }) => offset <= next),
      this.#waiting.filter(({ offset }) => offset > next),
    ];
    this.#waiting = waiting;
    for (const { resolve } of reached) resolve();
  }

  outOfRange(earliest: number): void {
    this.position = Math.max(earliest, 0);
    this.#fetcher.kick();
  }

  fail(fault: StreamError): void {
    this.#fault = fault;
    this.#fetcher.remove(this);
    for (const { reject } of this.#waiting.splice(0)) reject(fault);
  }

  /** Resolves when everything below an offset is handed over; rejects with what keeps it from going on. */
  async waitFor(offset: number): Promise<void> {
    if (this.#fault !== undefined) throw this.#fault;
    if (this.position >= offset) return;
    await new Promise<void>((resolve, reject) => {
      this.#waiting.push({ offset, resolve, reject });
    });
  }
}
