/**
 * Remembers which offsets of one partition are settled, in any order, and how far all of them are: only that may be
 * committed (invariant 1: nothing lost).
 */
export class OffsetTracker {
  readonly #pending = new Map<number, number>();
  #order: number[] = [];
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

  /** Takes on an offset, with the bytes that its credit is for. Offsets come in rising order; gaps are allowed. */
  track(offset: number, bytes: number): void {
    this.#pending.set(offset, bytes);
    this.#order.push(offset);
  }

  /** Settles one offset and returns what the watermark passed by it: how many records and bytes of credit come back. */
  settle(offset: number): { readonly records: number; readonly bytes: number } {
    const own = this.#pending.get(offset);
    if (own === undefined) return { records: 0, bytes: 0 };
    this.#pending.set(offset, -1 - own);
    let records = 0;
    let bytes = 0;
    for (let next = this.#order[this.#head]; next !== undefined; next = this.#order[this.#head]) {
      const state = this.#pending.get(next);
      if (state === undefined || state >= 0) break;
      this.#pending.delete(next);
      this.#head += 1;
      this.#committable = next + 1;
      records += 1;
      bytes += -1 - state;
    }
    if (this.#head > 1024 && this.#head * 2 > this.#order.length) {
      this.#order = this.#order.slice(this.#head);
      this.#head = 0;
    }
    return { records, bytes };
  }
}
