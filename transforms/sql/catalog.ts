/** What is known of tables outside of the script: their columns. */

/** Columns by table, in order. Table names are dotted and without quotes; any case. */
export type TableColumns =
  | Readonly<Record<string, readonly string[]>>
  | ReadonlyMap<string, readonly string[]>;

/** Shared by all that know nothing. */
const none: Map<string, readonly string[]> = new Map();

/** Finds the columns of a table by its name, or by the end of it where only one table ends so. */
export class Catalog {
  private readonly bySuffix: Map<string, readonly string[] | undefined>;
  private readonly byName: Map<string, readonly string[]>;

  constructor(tables: TableColumns = {}) {
    const entries = tables instanceof Map ? [...tables] : Object.entries(tables);
    this.byName = entries.length === 0 ? none : new Map();
    this.bySuffix = entries.length === 0 ? none : new Map();
    for (const [name, columns] of entries) {
      const lower = name.toLowerCase();
      this.byName.set(lower, columns);
      const parts = lower.split('.');
      for (let from = 1; from < parts.length; from++) {
        const suffix = parts.slice(from).join('.');
        this.bySuffix.set(suffix, this.bySuffix.has(suffix) ? undefined : columns);
      }
    }
  }

  /** The columns of the table; undefined if it is unknown or its name fits several. */
  columns(name: string): readonly string[] | undefined {
    if (this.byName.size === 0) return undefined;
    const lower = name.toLowerCase();
    const exact = this.byName.get(lower) ?? this.bySuffix.get(lower);
    if (exact !== undefined) return exact;
    // The script may name more parts than the catalogue does.
    const parts = lower.split('.');
    for (let from = 1; from < parts.length; from++) {
      const found = this.byName.get(parts.slice(from).join('.'));
      if (found !== undefined) return found;
    }
    return undefined;
  }
}
