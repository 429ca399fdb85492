import type { NewRecord } from '../../pipeline/transport.ts';
import { type KeptRecord, recordKey, type StateCache } from '../state-cache.ts';
import type { JournalEntry, StateItem } from './journal-entry.ts';

/** What is to be appended to a topic. */
export interface TopicOutput {
  readonly topic: string;
  readonly records: readonly NewRecord[];
}

/** Outputs of an entry that may not be in their topics yet. */
export interface Unsent {
  readonly id: string;
  readonly outputs: readonly TopicOutput[];
  /** Partitions of groups whose inputs they come of. */
  readonly keys: readonly string[];
}

interface Place {
  readonly generation: number;
  readonly offset: number;
}

/** Records of a snapshot that go into one entry, at the most. */
const chunk = { records: 2000, bytes: 1024 * 1024 };

/** What the entries of a journal mean, one after the other. */
export class JournalView {
  readonly cache: StateCache;
  readonly #places = new Map<string, Place>();
  readonly #unsent = new Map<string, Unsent>();
  #lastId = '';

  constructor(cache: StateCache) {
    this.cache = cache;
  }

  /** The id of the entry that was applied last. */
  get lastId(): string {
    return this.#lastId;
  }

  /** Who has a partition of a group, as far as transactions know, and what they have settled of it: -1 where nothing. */
  place(key: string): Place {
    return this.#places.get(key) ?? { generation: 0, offset: -1 };
  }

  /** Outputs that may be missing in their topics, of inputs of some partitions, in their order. */
  unsent(keys: ReadonlySet<string>): readonly Unsent[] {
    return [...this.#unsent.values()].filter((one) => one.keys.some((key) => keys.has(key)));
  }

  apply(entry: JournalEntry): void {
    const {
      id,
      state = [],
      table = [],
      outputs = [],
      places = [],
      fences = [],
      sent = [],
      forgotten = [],
    } = entry;
    this.#lastId = id;
    if (state.length > 0) this.cache.applyStates(state.map(stateRecord));
    if (table.length > 0)
      this.cache.applyTable(table.map(([key, value]) => ({ key, value: bytesOf(value) })));
    for (const [key, generation, offset] of places)
      this.#places.set(key, { generation, offset: Math.max(offset, this.place(key).offset) });
    for (const [key, generation, offset] of fences) this.#places.set(key, { generation, offset });
    for (const key of forgotten) this.#places.delete(key);
    if (outputs.length > 0)
      this.#unsent.set(id, { id, keys: places.map(([key]) => key), outputs: outputs.map(outputOf) });
    for (const one of sent) this.#unsent.delete(one);
  }

  /** Entries that mean the same as all those that were applied. */
  async *snapshot(): AsyncIterable<Omit<JournalEntry, 'id'> & { readonly id?: string }> {
    yield { fences: Array.from(this.#places, ([key, { generation, offset }]) => [key, generation, offset]) };
    let state: StateItem[] = [];
    for await (const { key, value } of this.cache.scanStates('')) {
      state.push([key, value]);
      if (state.length < chunk.records) continue;
      yield { state };
      state = [];
    }
    yield { state };
    let table: [string, string][] = [];
    let bytes = 0;
    for (const { key, value } of this.cache.table.all()) {
      const [first = '', ...rest] = key;
      table.push([recordKey([first, ...rest]), Buffer.from(value).toString('base64')]);
      bytes += value.length;
      if (table.length < chunk.records && bytes < chunk.bytes) continue;
      yield { table };
      table = [];
      bytes = 0;
    }
    yield { table };
    for (const { id, outputs, keys } of this.#unsent.values())
      yield {
        id,
        outputs: outputs.map(outputItem),
        places: keys.map((key) => [key, this.place(key).generation, -1]),
      };
  }

  close(): Promise<void> {
    return this.cache.close();
  }
}

/** A topic's outputs as they stand in an entry. */
export function outputItem({ topic, records }: TopicOutput): NonNullable<JournalEntry['outputs']>[number] {
  return {
    topic,
    records: records.map(({ key, value, headers }) => [key, textOf(value), { ...headers }]),
  };
}

/** Bytes as they stand in an entry. */
export function textOf(value: Uint8Array | null): string | null {
  return value === null ? null : Buffer.from(value.buffer, value.byteOffset, value.length).toString('base64');
}

function bytesOf(text: string | null): Buffer | null {
  return text === null ? null : Buffer.from(text, 'base64');
}

function outputOf({ topic, records }: NonNullable<JournalEntry['outputs']>[number]): TopicOutput {
  return {
    topic,
    records: records.map(([key, value, headers]) => ({ key, value: bytesOf(value), headers })),
  };
}

function stateRecord([key, ...rest]: readonly unknown[]): KeptRecord {
  return { key: String(key), value: rest.length === 0 ? null : Buffer.from(JSON.stringify(rest[0])) };
}
