import { groups, topics } from '../topics.ts';
import type { Transport } from '../transport.ts';

interface Mark {
  /** When it was set, in milliseconds since 1970. */
  readonly at: number;
  readonly isDerived: boolean;
  /** Where the partitions ended. */
  readonly ends: ReadonlyMap<number, number>;
}

/**
 * Tells up to which time everything that was appended has been settled, by whatever process. While one that holds a partition
 * is dead or slow, that time stands still: what is waited for may yet be in its hands.
 */
export class TopicProgress {
  readonly #transport: Transport;
  readonly #now: () => number;
  #mark: Mark | undefined;
  #through = Number.NEGATIVE_INFINITY;

  /** `now` is in milliseconds since 1970. */
  constructor(transport: Transport, now: () => number) {
    this.#transport = transport;
    this.#now = now;
  }

  /** The latest time for which all that was appended before, raw events and what was derived of them, is known to be settled. */
  async settledThrough(): Promise<number> {
    this.#mark ??= { at: this.#now(), isDerived: false, ends: await this.#ends(topics.raw) };
    if (!this.#mark.isDerived) {
      if (!(await this.#isPast(topics.raw, groups.transform, this.#mark.ends))) return this.#through;
      this.#mark = { ...this.#mark, isDerived: true, ends: await this.#ends(topics.entities) };
    }
    if (!(await this.#isPast(topics.entities, groups.sink, this.#mark.ends))) return this.#through;
    this.#through = this.#mark.at;
    this.#mark = undefined;
    return this.#through;
  }

  async #ends(topic: string): Promise<ReadonlyMap<number, number>> {
    const partitions = await this.#transport.describe(topic);
    return new Map(partitions.map(({ partition, next }) => [partition, next]));
  }

  async #isPast(topic: string, group: string, ends: ReadonlyMap<number, number>): Promise<boolean> {
    const partitions = await this.#transport.describe(topic);
    return partitions.every(
      ({ partition, earliest, committed }) => (committed[group] ?? earliest) >= (ends.get(partition) ?? 0),
    );
  }
}
