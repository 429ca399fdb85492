import type { NewRecord, PullLimit, StoredRecord } from '../pipeline/transport.ts';

/** The records of one partition, and those who wait for the next one. */
export class MemoryPartition {
  readonly #records: StoredRecord[] = [];
  readonly #waiting = new Set<() => void>();
  #bytes = 0;
  readonly topic: string;
  readonly partition: number;

  constructor(topic: string, partition: number) {
    this.topic = topic;
    this.partition = partition;
  }

  /** The offset that the next record gets. */
  get next(): number {
    return this.#records.length;
  }

  /** The first offset whose record was appended at a time or later (milliseconds since 1970); the next offset where there is none. */
  offsetAt(timestamp: number): number {
    const found = this.#records.findIndex((record) => record.timestamp >= timestamp);
    return found === -1 ? this.next : found;
  }

  /** What it holds; bytes are those of the values. */
  get held(): { readonly records: number; readonly bytes: number } {
    return { records: this.#records.length, bytes: this.#bytes };
  }

  /** The record at an offset, or undefined beyond the end. */
  at(offset: number): StoredRecord | undefined {
    return this.#records[offset];
  }

  /** Appends a copy, wakes who waits, and returns the offset. */
  append(record: NewRecord, timestamp: number): number {
    const offset = this.#records.length;
    this.#records.push({
      key: record.key,
      value: record.value === null ? null : Uint8Array.from(record.value),
      headers: { ...record.headers },
      topic: this.topic,
      partition: this.partition,
      offset,
      timestamp,
    });
    this.#bytes += record.value?.length ?? 0;
    for (const wake of this.#waiting) wake();
    return offset;
  }

  /** Records from an offset within a limit, at least one where there is one. */
  slice(from: number, limit: PullLimit): readonly StoredRecord[] {
    const found: StoredRecord[] = [];
    let bytes = 0;
    for (let offset = from; offset < this.next && found.length < limit.records; offset += 1) {
      const record = this.#records[offset];
      if (record === undefined) break;
      bytes += record.value?.length ?? 0;
      if (found.length > 0 && bytes > limit.bytes) break;
      found.push(record);
    }
    return found;
  }

  /** Resolves when there is a record at `offset`, or when `signal` fires. */
  async available(offset: number, signal: AbortSignal): Promise<void> {
    while (this.next <= offset && !signal.aborted) {
      const { promise, resolve } = promiseWithResolver();
      this.#waiting.add(resolve);
      signal.addEventListener('abort', resolve, { once: true });
      await promise;
      this.#waiting.delete(resolve);
      signal.removeEventListener('abort', resolve);
    }
  }
}

function promiseWithResolver(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let settle: () => void = () => undefined;
  const promise = new Promise<void>((resolve) => {
    settle = resolve;
  });
  return { promise, resolve: settle };
}
