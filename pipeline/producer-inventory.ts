import { parseStored } from './parse-stored.ts';
import { type Entry, entrySchema } from './producer-scan.ts';
import type { StateStore, StateWrite } from './state.ts';

/** What a producer has published of each object, in the state store; read by its runner, and changed by whoever decides about removals. */
export class Inventory {
  readonly #state: StateStore;
  readonly #producer: string;

  constructor(state: StateStore, producer: string) {
    this.#state = state;
    this.#producer = encodeURIComponent(producer);
  }

  /** Every object by its key. Rejects with STATE_UNAVAILABLE where another version wrote it. */
  async entries(): Promise<Map<string, Entry>> {
    const entries = new Map<string, Entry>();
    const prefix = this.#key('');
    for await (const { key, value } of this.#state.scan(prefix)) {
      entries.set(key.slice(prefix.length), parseStored(entrySchema, key, value));
    }
    return entries;
  }

  /** One object, or undefined. */
  async entry(key: string): Promise<Entry | undefined> {
    const at = this.#key(key);
    const value = await this.#state.get(at);
    return value === undefined ? undefined : parseStored(entrySchema, at, value);
  }

  /** Positions of new objects begin here: above every removal. */
  async floor(): Promise<number> {
    return numberOf(await this.#state.get(this.#floorKey()));
  }

  /** Changes whenever somebody else than the runner has changed the inventory. */
  async decisions(): Promise<number> {
    return numberOf(await this.#state.get(this.#decisionsKey()));
  }

  /** The write that keeps an entry, or removes it where it is undefined. */
  write(key: string, entry: StateWrite['value']): StateWrite {
    return { key: this.#key(key), value: entry };
  }

  /** The write that keeps the floor. */
  floorWrite(floor: number): StateWrite {
    return { key: this.#floorKey(), value: floor };
  }

  /** The write that makes a runner read the inventory again. */
  decisionsWrite(decisions: number): StateWrite {
    return { key: this.#decisionsKey(), value: decisions };
  }

  #key(key: string): string {
    return `inventory/${this.#producer}/${key}`;
  }

  #floorKey(): string {
    return `inventory-floor/${this.#producer}`;
  }

  #decisionsKey(): string {
    return `inventory-decisions/${this.#producer}`;
  }
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}
