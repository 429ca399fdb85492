interface Pending {
  readonly offset: number;
  readonly bytes: number;
  settled: boolean;
}

/**
 * Remembers which offsets of one partition are settled, in any order, and how far all of them are: only that may be
 * committed (invariant 1: nothing lost).
 */
export class OffsetTracker {
  readonly #pending = new Map<number, Pending>();
  #order: Pending[] = [];
  #head = 0;
  #committable: number;

  /** `start` is the offset that the first pull starts from. */
  constructor(start: number) {
    this.#committable = start;
  }

  /** Everything below this offset is settled. */
  get committable(): number {
    return this.#committable;
  }

  /** Offsets tracked, but not below {@link committable}. */
  get pending(): number {
    return this.#order.length - this.#head;
  }

  /** Offsets tracked, but not settled. */
  get unsettled(): number {
    let count = 0;
    for (const { settled } of this.#pending.values()) if (!settled) count += 1;
    return count;
  }

  /** Takes on an offset, with the bytes that its credit is for. Offsets come in rising order; gaps are allowed. */
  track(offset: number, bytes: number): void {
    const entry = { offset, bytes, settled: false };
    this.#pending.set(offset, entry);
    this.#order.push(entry);
  }

  /** What {@link committable} is once these offsets are settled too. */
  committableWith(offsets: Iterable<number>): number {
    const settled = new Set(offsets);
    let committable = this.#committable;
    for (let at = this.#head; ; at += 1) {
      const next = this.#order[at];
      if (next === undefined || !(next.settled || settled.has(next.offset))) return committable;
      committable = next.offset + 1;
    }
  }

  /** Settles offsets and returns what the watermark passed by it: how many records and bytes of credit come back. */
  settle(offsets: Iterable<number>): { readonly records: number; readonly bytes: number } {
    for (const offset of offsets) {
      const own = this.#pending.get(offset);
      if (own !== undefined) own.settled = true;
    }
    let records = 0;
    let bytes = 0;
    for (let next = this.#order[this.#head]; next?.settled === true; next = this.#order[this.#head]) {
      this.#pending.delete(next.offset);
      this.#head += 1;
      this.#committable = next.offset + 1;
      records += 1;
      bytes += next.bytes;
    }
    if (this.#head > 1024 && this.#head * 2 > this.#order.length) {
      this.#order = this.#order.slice(this.#head);
      this.#head = 0;
    }
    return { records, bytes };
  }
}
