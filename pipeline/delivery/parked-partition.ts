import type { EntityRef } from '../../schemas/types.ts';
import { refKey } from '../derive/keys.ts';
import type { StateStore, StateWrite } from '../state.ts';
import type { Wanted } from '../sink.ts';
import {
  type ParkedEntry,
  parkedPart,
  parkedParts,
  type ParkedPlace,
  parkedWrite,
  readParked,
  scanParked,
} from './parked-entry.ts';

/** Links of assets to the keys that wait for them, which are held in memory; what is beyond is found by looking it up. */
const mostLinks = 10_000;

/** What a round needs of an entry. */
export interface WaitingKey {
  readonly key: string;
  readonly wanted: Wanted;
  readonly since: number;
  /** Bytes of its changes, about. */
  readonly bytes: number;
}

/**
 * The parked work of one partition: it is in the state store, whoever holds the partition; in memory are only numbers, and
 * the first {@link mostLinks} names that are waited for.
 */
export class ParkedPartition {
  readonly #state: StateStore;
  readonly #place: ParkedPlace;
  readonly #onParked: () => void;
  readonly #counts = new Uint32Array(parkedParts);
  /** By asset: the keys that wait for it, with the bytes of their changes. */
  readonly #links = new Map<string, Map<string, number>>();
  #linked = 0;
  #size = 0;

  private constructor(state: StateStore, place: ParkedPlace, onParked: () => void) {
    this.#state = state;
    this.#place = place;
    this.#onParked = onParked;
  }

  /** Takes over what is parked in a partition, by whomever. `onParked` is told when a key is parked after that. */
  static async open(state: StateStore, place: ParkedPlace, onParked: () => void): Promise<ParkedPartition> {
    const parked = new ParkedPartition(state, place, onParked);
    for await (const entry of scanParked(state, place)) parked.#add(entry);
    return parked;
  }

  /** Keys that are parked. */
  get size(): number {
    return this.#size;
  }

  /** What is parked of some keys. */
  async read(keys: Iterable<string>): Promise<ReadonlyMap<string, ParkedEntry>> {
    const found = new Map<string, ParkedEntry>();
    if (this.#size === 0) return found;
    for (const key of keys) {
      if (this.#counts[parkedPart(key)] === 0) continue;
      const entry = await readParked(this.#state, this.#place, key);
      if (entry !== undefined) found.set(key, entry);
    }
    return found;
  }

  /** The write that keeps an entry, or removes the one that has no items. */
  write(entry: ParkedEntry): StateWrite {
    return parkedWrite(this.#place, entry);
  }

  /** Takes note of what was written. */
  written(before: ParkedEntry | undefined, after: ParkedEntry): void {
    if (before !== undefined) this.#remove(before);
    if (after.items.length === 0) return;
    this.#add(after);
    if (before === undefined) this.#onParked();
  }

  /** Keys that wait for an asset, as far as that is known here, each with the bytes of its changes, about. */
  waitingFor(ref: EntityRef): Iterable<readonly [key: string, bytes: number]> {
    return this.#links.get(refKey(ref)) ?? [];
  }

  /** All keys that are parked, part by part, so that never all of them are in memory. */
  async *waiting(): AsyncIterable<readonly WaitingKey[]> {
    for (const [part, count] of this.#counts.entries()) {
      if (count === 0) continue;
      const keys: WaitingKey[] = [];
      for await (const { key, wanted, since, items } of scanParked(this.#state, { ...this.#place, part })) {
        keys.push({ key, wanted, since, bytes: bytesOf(items) });
      }
      yield keys;
    }
  }

  #add({ key, wanted, items }: ParkedEntry): void {
    this.#count(key, 1);
    for (const ref of wanted.refs) {
      if (this.#linked >= mostLinks) return;
      const at = refKey(ref);
      const keys = this.#links.get(at) ?? new Map<string, number>();
      this.#links.set(at, keys);
      if (!keys.has(key)) this.#linked += 1;
      keys.set(key, bytesOf(items));
    }
  }

  #remove({ key, wanted }: ParkedEntry): void {
    this.#count(key, -1);
    for (const ref of wanted.refs) {
      const at = refKey(ref);
      const keys = this.#links.get(at);
      if (keys?.delete(key) === true) this.#linked -= 1;
      if (keys?.size === 0) this.#links.delete(at);
    }
  }

  #count(key: string, by: number): void {
    const part = parkedPart(key);
    this.#counts[part] = (this.#counts[part] ?? 0) + by;
    this.#size += by;
  }
}

function bytesOf(items: ParkedEntry['items']): number {
  return items.reduce((sum, { value }) => sum + value.length, 0);
}
