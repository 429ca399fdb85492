/** Records that one transaction takes on: few objects are alive at once then, and die young. */
const fewest = 100;
/** Records that it takes on at the most: it holds the lock of everybody's writes, and the event loop. */
const most = 500;

/** What a transaction cost, in milliseconds. */
export interface TransactionCost {
  /** What grows with its records. */
  readonly deriving: number;
  /** What it costs to make them durable, be they many or few: the disk's `fsync`, or the brokers' answers. */
  readonly committing: number;
}

/**
 * How many records the next transaction of a partition takes on, between 100 and 500. Small ones keep memory low: what lives while 500 are derived
 * outlives V8's young generation, and is collected late. Large ones are worth it where a commit costs a good part of
 * the deriving that it makes durable.
 */
export class TransactionSize {
  #records = fewest;

  get records(): number {
    return this.#records;
  }

  /** Tells of a transaction. One that was not full says nothing: there was no more to take. */
  took(records: number, { deriving, committing }: TransactionCost): void {
    if (records < this.#records) return;
    if (committing * 4 > deriving) this.#records = Math.min(most, this.#records * 2);
    else if (committing * 10 < deriving) this.#records = Math.max(fewest, Math.floor(this.#records / 2));
  }
}
