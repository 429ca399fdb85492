import type { Table, TableEntry, TableKey, TableView } from '../pipeline/table.ts';
import { MemoryTable } from './memory-table.ts';
import { keyBytes } from './table-key.ts';

/** A table to read whose records can be read from the middle on. */
export interface ScannedTable extends TableView {
  /** Every record whose key begins with `prefix`, in the order of keys; with `after` as in {@link TableView.first}. */
  scan(prefix: TableKey, after?: TableKey): Iterable<TableEntry>;
}

/** A table as another one would be after some writes, which are kept apart and can be thrown away. The other must not change meanwhile. */
export class OverlayTable implements Table, ScannedTable {
  readonly #base: ScannedTable;
  readonly #written = new MemoryTable();
  /** By its text, each key that was written; true where it was put, false where it was removed. */
  readonly #changed = new Map<string, { readonly key: TableKey; readonly isThere: boolean }>();

  constructor(base: ScannedTable) {
    this.#base = base;
  }

  get(key: TableKey): Uint8Array | undefined {
    const changed = this.#changed.get(keyBytes(key));
    if (changed === undefined) return this.#base.get(key);
    return changed.isThere ? this.#written.get(key) : undefined;
  }

  first(prefix: TableKey, after?: TableKey): TableEntry | undefined {
    if (this.#changed.size === 0) return this.#base.first(prefix, after);
    for (const entry of this.scan(prefix, after)) return entry;
    return undefined;
  }

  *scan(prefix: TableKey, after?: TableKey): Iterable<TableEntry> {
    const written = this.#written.scan(prefix, after)[Symbol.iterator]();
    let next = written.next();
    for (const entry of this.#base.scan(prefix, after)) {
      const name = keyBytes(toKey(entry.key));
      for (; next.done !== true && keyBytes(toKey(next.value.key)) < name; next = written.next())
        yield next.value;
      if (!this.#changed.has(name)) yield entry;
    }
    for (; next.done !== true; next = written.next()) yield next.value;
  }

  put(key: TableKey, value: Uint8Array): void {
    this.#written.put(key, value);
    this.#changed.set(keyBytes(key), { key, isThere: true });
  }

  remove(key: TableKey): void {
    const name = keyBytes(key);
    this.#written.remove(key);
    if (this.#base.get(key) === undefined) this.#changed.delete(name);
    else this.#changed.set(name, { key, isThere: false });
  }

  /** What has to be written to the other table for it to be as this one: undefined where a key is to be removed. */
  *changes(): Iterable<{ readonly key: TableKey; readonly value: Uint8Array | undefined }> {
    for (const { key, isThere } of this.#changed.values())
      yield { key, value: isThere ? this.#written.get(key) : undefined };
  }
}

function toKey([first = '', ...rest]: readonly string[]): TableKey {
  return [first, ...rest];
}
