/** The sources of one query while its columns are resolved. */
import { lowerOf } from './interned.ts';
import type { Column, Origins, Relation } from './relations.ts';
import type { Seen } from './seen.ts';

/** A source under the names by which columns may call it. */
export interface Bound {
  readonly relation: Relation;
  /** The node, if the source is a table. */
  readonly table: string | undefined;
  /** Its alias or name. */
  readonly label: string;
  /** The alias, if it is another name than the table's own. */
  readonly alias?: string | undefined;
}

/** Up to this many names of sources are looked through one by one. */
const fewNames = 12;
const noOriginsLists: readonly Origins[] = [];

/** The names of a query's sources, and the query around it. */
export class Scope {
  readonly bounds: Bound[] = [];
  readonly parent: Scope | undefined;
  readonly tables: CommonTables;
  private readonly names: string[] = [];
  private readonly named: Bound[] = [];
  private namesIndex: Map<string, Bound> | undefined;
  private index: Map<string, Origins[]> | undefined;
  private hasColumns = false;
  private openTables: readonly string[] | undefined;
  private boundTables: readonly string[] | undefined;

  constructor(tables: CommonTables, parent?: Scope) {
    this.tables = tables;
    this.parent = parent;
  }

  /** Adds a source. The first source of a name keeps it. */
  add(bound: Bound, names: readonly string[]): void {
    this.bounds.push(bound);
    if (bound.relation.columns.length > 0) this.hasColumns = true;
    this.index = undefined;
    this.openTables = undefined;
    this.boundTables = undefined;
    for (const name of names) if (this.find(name) === undefined) this.name(name, bound);
  }

  private name(name: string, bound: Bound): void {
    if (this.namesIndex !== undefined) {
      this.namesIndex.set(name, bound);
      return;
    }
    this.names.push(name);
    this.named.push(bound);
    if (this.names.length <= fewNames) return;
    this.namesIndex = new Map();
    for (const [at, known] of this.names.entries()) this.namesIndex.set(known, this.named[at] ?? bound);
  }

  /** The source that a qualifier means, in this query only. */
  find(qualifier: string): Bound | undefined {
    if (this.namesIndex !== undefined) return this.namesIndex.get(qualifier);
    const { names } = this;
    for (let at = 0; at < names.length; at++) if (names[at] === qualifier) return this.named[at];
    return undefined;
  }

  /** The origins of every column of the name in this query. */
  columns(key: string): readonly Origins[] {
    if (!this.hasColumns) return noOriginsLists;
    this.index ??= this.buildIndex();
    return this.index.get(key) ?? noOriginsLists;
  }

  /** Up to two tables of this query with unknown columns: one is an answer, two are a doubt. */
  open(): readonly string[] {
    if (this.openTables === undefined) {
      const found: string[] = [];
      for (const { relation } of this.bounds) for (const table of relation.open) addOfTwo(found, table);
      this.openTables = found;
    }
    return this.openTables;
  }

  /** Up to two tables of this query. */
  tablesBound(): readonly string[] {
    if (this.boundTables === undefined) {
      const found: string[] = [];
      for (const { table } of this.bounds) if (table !== undefined) addOfTwo(found, table);
      this.boundTables = found;
    }
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

function addOfTwo(found: string[], table: string): void {
  if (found.length < 2 && found[0] !== table) found.push(table);
}

/** Columns are compared without regard to case. */
export function columnKey(name: string): string {
  return lowerOf(name);
}

/** The column of a relation by name. */
export function findColumn(relation: Relation, name: string): Column | undefined {
  const key = columnKey(name);
  for (const column of relation.columns) if (!column.star && columnKey(column.name) === key) return column;
  return undefined;
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
