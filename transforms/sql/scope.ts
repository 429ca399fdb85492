/** The sources of one query while its columns are resolved. */
import type { Column, Origins, Relation } from './relations.ts';
import type { Seen } from './seen.ts';

/** A source under the names by which columns may call it. */
export interface Bound {
  readonly relation: Relation;
  /** The node, if the source is a table. */
  readonly table: string | undefined;
  /** Its alias or name. */
  readonly label: string;
}

/** The names of a query's sources, and the query around it. */
export class Scope {
  readonly bounds: Bound[] = [];
  readonly parent: Scope | undefined;
  readonly tables: CommonTables;
  private readonly names = new Map<string, Bound>();
  private index: Map<string, Origins[]> | undefined;
  private openTables: readonly string[] | undefined;
  private boundTables: readonly string[] | undefined;

  constructor(tables: CommonTables, parent?: Scope) {
    this.tables = tables;
    this.parent = parent;
  }

  /** Adds a source. The first source of a name keeps it. */
  add(bound: Bound, names: readonly string[]): void {
    this.bounds.push(bound);
    this.index = undefined;
    this.openTables = undefined;
    this.boundTables = undefined;
    for (const name of names) if (!this.names.has(name)) this.names.set(name, bound);
  }

  /** The source that a qualifier means, in this query only. */
  find(qualifier: string): Bound | undefined {
    return this.names.get(qualifier);
  }

  /** The origins of every column of the name in this query. */
  columns(key: string): readonly Origins[] {
    this.index ??= this.buildIndex();
    return this.index.get(key) ?? [];
  }

  /** Up to two tables of this query with unknown columns: one is an answer, two are a doubt. */
  open(): readonly string[] {
    this.openTables ??= firstTwo(this.bounds.map((bound) => bound.relation.open));
    return this.openTables;
  }

  /** Up to two tables of this query. */
  tablesBound(): readonly string[] {
    this.boundTables ??= firstTwo(
      this.bounds.map((bound) => (bound.table === undefined ? [] : [bound.table])),
    );
    return this.boundTables;
  }

  private buildIndex(): Map<string, Origins[]> {
    const index = new Map<string, Origins[]>();
    for (const { relation } of this.bounds) {
      for (const column of relation.columns) {
        if (column.star) continue;
        const key = columnKey(column.name);
        const list = index.get(key);
        if (list === undefined) index.set(key, [column.origins]);
        else list.push(column.origins);
      }
    }
    return index;
  }
}

function firstTwo(lists: readonly (readonly string[])[]): readonly string[] {
  const found = new Set<string>();
  for (const list of lists) {
    for (const table of list) {
      found.add(table);
      if (found.size === 2) return [...found];
    }
  }
  return [...found];
}

/** Columns are compared without regard to case. */
export function columnKey(name: string): string {
  return name.toLowerCase();
}

/** The column of a relation by name. */
export function findColumn(relation: Relation, name: string): Column | undefined {
  const key = columnKey(name);
  return relation.columns.find((column) => !column.star && columnKey(column.name) === key);
}

/** A common table: what it hands out, and what was seen on the way; undefined if that is counted already. */
export interface SharedTable {
  readonly relation: Relation;
  readonly seen: Seen | undefined;
}

/** Common table expressions that can be seen, innermost first. */
export class CommonTables {
  private tables: Map<string, SharedTable> | undefined;
  private readonly parent: CommonTables | undefined;

  constructor(parent?: CommonTables) {
    this.parent = parent;
  }

  set(key: string, table: SharedTable): void {
    this.tables ??= new Map();
    this.tables.set(key, table);
  }

  get(key: string): SharedTable | undefined {
    return this.tables?.get(key) ?? this.parent?.get(key);
  }
}
