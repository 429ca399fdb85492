/** What a source or query hands out while columns are resolved. */
import { furtherKind, nearerKind } from './kinds.ts';
import type { DirectKind } from './ir.ts';
import { maxColumns, maxOrigins } from './limits.ts';

/** A column that a value comes from. `table` is a node's id; '' where the table could not be told. */
export interface Origin {
  readonly table: string;
  readonly column: string;
  readonly kind: DirectKind;
}

/** Up to this many origins are looked through one by one; a key for each would cost more. */
const fewOrigins = 8;

/** The columns that a value comes from, each once. Filled while it is made, then shared and never changed. */
export class Origins {
  private readonly list: Origin[] = [];
  private index: Map<string, number> | undefined;

  /** A single origin. */
  static of(table: string, column: string, kind: DirectKind = 'identity'): Origins {
    const origins = new Origins();
    origins.list.push({ table, column, kind });
    return origins;
  }

  /** How many there are. */
  get size(): number {
    return this.list.length;
  }

  /** All of them, in the order in which they came. */
  values(): readonly Origin[] {
    return this.list;
  }

  /** Adds an origin; of two paths between the same columns the nearer one counts. */
  add(origin: Origin): void {
    const at = this.find(origin);
    const known = at === undefined ? undefined : this.list[at];
    if (at === undefined || known === undefined) {
      if (this.list.length >= maxOrigins) return;
      this.index?.set(keyOf(origin), this.list.length);
      this.list.push(origin);
    } else if (known.kind !== origin.kind)
      this.list[at] = { ...origin, kind: nearerKind(known.kind, origin.kind) };
  }

  /** Adds all origins of another value, each at least as far from the plain value as `kind`. */
  addAll(source: Origins, kind: DirectKind): void {
    for (const origin of source.list) {
      const further = furtherKind(kind, origin.kind);
      this.add(
        further === origin.kind ? origin : { table: origin.table, column: origin.column, kind: further },
      );
    }
  }

  /** The same origins, to be added to. */
  copy(): Origins {
    const origins = new Origins();
    origins.addAll(this, 'identity');
    return origins;
  }

  private find({ table, column }: Origin): number | undefined {
    if (this.list.length < fewOrigins) {
      for (let at = 0; at < this.list.length; at++) {
        const known = this.list[at];
        if (known !== undefined && known.column === column && known.table === table) return at;
      }
      return undefined;
    }
    this.index ??= new Map(this.list.map((origin, at) => [keyOf(origin), at]));
    return this.index.get(`${table}\u0000${column}`);
  }
}

function keyOf({ table, column }: Origin): string {
  return `${table}\u0000${column}`;
}

/** The origins of a constant. */
export const noOrigins = new Origins();

/** One column of a relation. */
export interface Column {
  readonly name: string;
  readonly origins: Origins;
  /** `*` over a table whose columns are unknown. */
  readonly star: boolean;
}

/** Columns in order, and the tables whose unknown columns come out, too. */
export interface Relation {
  readonly columns: readonly Column[];
  readonly open: readonly string[];
  /** A function: whatever column is asked for comes from its arguments. */
  readonly any?: Origins;
}

/** A relation that hands out nothing. */
export const emptyRelation: Relation = { columns: [], open: [] };

/** A relation whose columns bear other names, as far as names are given. */
export function renamed(relation: Relation, names: readonly string[]): Relation {
  if (names.length === 0) return relation;
  if (relation.any !== undefined && relation.columns.length === 0) {
    const origins = relation.any;
    return { columns: names.map((name) => ({ name, origins, star: false })), open: [] };
  }
  if (relation.columns.some((column) => column.star)) {
    const origins = new Origins();
    for (const table of relation.open) origins.add({ table, column: '*', kind: 'identity' });
    return { columns: names.map((name) => ({ name, origins, star: false })), open: [] };
  }
  return {
    ...relation,
    columns: relation.columns.map((column, at) => ({ ...column, name: names[at] ?? column.name })),
  };
}

/** The columns of several branches by position; names are those of the first. */
export function united(relations: readonly Relation[]): Relation {
  const [first, ...rest] = relations;
  if (first === undefined || rest.length === 0) return first ?? emptyRelation;
  const columns: { name: string; origins: Origins; star: boolean }[] = first.columns.map((column) => ({
    ...column,
    origins: column.origins.copy(),
  }));
  const open = new Set(first.open);
  for (const relation of rest) {
    for (const table of relation.open) open.add(table);
    for (const [at, column] of relation.columns.entries()) {
      const target = columns[at];
      if (target !== undefined) target.origins.addAll(column.origins, 'identity');
      else if (columns.length < maxColumns) columns.push({ ...column, origins: column.origins.copy() });
    }
  }
  return { columns, open: [...open] };
}

/** The columns of several branches by their names, in the order in which the names come up. */
export function unitedByName(relations: readonly Relation[]): Relation {
  const columns = new Map<string, Column>();
  const open = new Set<string>();
  for (const relation of relations) {
    for (const table of relation.open) open.add(table);
    for (const column of relation.columns) {
      const key = column.name.toLowerCase();
      const known = columns.get(key);
      if (known !== undefined) known.origins.addAll(column.origins, 'identity');
      else if (columns.size < maxColumns) columns.set(key, { ...column, origins: column.origins.copy() });
    }
  }
  return { columns: [...columns.values()], open: [...open] };
}

/** What a cursor walks over, and the tables and routines that it reads. */
export interface CursorRows {
  readonly relation: Relation;
  readonly reads: readonly string[];
}
