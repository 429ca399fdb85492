import type { Table, TableEntry, TableKey } from '../pipeline/table.ts';
import type { ScannedTable } from './overlay-table.ts';
import { keyBytes as joined, keyParts as parts } from './table-key.ts';

/** Sorts behind the end of a part, and below everything that a part may hold. */
const behindEnd = '\u0001';

/** A table in memory: keys in a sorted list, each as its UTF-8 bytes, so that they are in the order of bytes. What a transaction did is undone by {@link MemoryTable.rollBack}. */
export class MemoryTable implements Table, ScannedTable {
  readonly #keys: string[] = [];
  readonly #values = new Map<string, Uint8Array>();
  #undo: (() => void)[] = [];

  get(key: TableKey): Uint8Array | undefined {
    return this.#values.get(joined(key));
  }

  first(prefix: TableKey, after?: TableKey): TableEntry | undefined {
    for (const entry of this.scan(prefix, after)) return entry;
    return undefined;
  }

  *scan(prefix: TableKey, after?: TableKey): Iterable<TableEntry> {
    const start = joined(prefix);
    const from = after === undefined ? start : joined(after).slice(0, -1) + behindEnd;
    for (let at = this.#placeOf(from); ; at += 1) {
      const entry = this.#entry(this.#keys[at], start);
      if (entry === undefined) return;
      yield entry;
    }
  }

  put(key: TableKey, value: Uint8Array): void {
    const name = joined(key);
    const before = this.#values.get(name);
    this.#set(name, Uint8Array.from(value));
    this.#undo.push(() => this.#set(name, before));
  }

  remove(key: TableKey): void {
    const name = joined(key);
    const before = this.#values.get(name);
    if (before === undefined) return;
    this.#set(name, undefined);
    this.#undo.push(() => this.#set(name, before));
  }

  /** Keeps what was done since the last time. */
  commit(): void {
    this.#undo = [];
  }

  /** Undoes what was done since the last commit. */
  rollBack(): void {
    for (let undo = this.#undo.pop(); undo !== undefined; undo = this.#undo.pop()) undo();
  }

  #set(name: string, value: Uint8Array | undefined): void {
    const known = this.#values.has(name);
    if (value === undefined) {
      if (known) this.#keys.splice(this.#placeOf(name), 1);
      this.#values.delete(name);
    } else {
      if (!known) this.#keys.splice(this.#placeOf(name), 0, name);
      this.#values.set(name, value);
    }
  }

  /** Where a key is in the list, or would be. */
  #placeOf(name: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#keys[middle] ?? '') < name) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #entry(name: string | undefined, start: string): TableEntry | undefined {
    if (name === undefined || !name.startsWith(start)) return undefined;
    const value = this.#values.get(name);
    return value === undefined ? undefined : { key: parts(name), value };
  }
}
