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

/** Origins by table and column. */
export type Origins = Map<string, Origin>;

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

/** Adds an origin; of two paths between the same columns the nearer one counts. */
export function addOrigin(origins: Origins, origin: Origin): void {
  const key = `${origin.table}\u0000${origin.column}`;
  const known = origins.get(key);
  if (known === undefined) {
    if (origins.size < maxOrigins) origins.set(key, origin);
  } else if (known.kind !== origin.kind)
    origins.set(key, { ...origin, kind: nearerKind(known.kind, origin.kind) });
}

/** Adds all origins, each at least as far from the plain value as `kind`. */
export function addOrigins(target: Origins, source: Origins, kind: DirectKind): void {
  for (const origin of source.values()) {
    const further = furtherKind(kind, origin.kind);
    addOrigin(target, further === origin.kind ? origin : { ...origin, kind: further });
  }
}

/** A relation whose columns bear other names, as far as names are given. */
export function renamed(relation: Relation, names: readonly string[]): Relation {
  if (names.length === 0) return relation;
  if (relation.any !== undefined && relation.columns.length === 0) {
    const origins = relation.any;
    return { columns: names.map((name) => ({ name, origins, star: false })), open: [] };
  }
  if (relation.columns.some((column) => column.star)) {
    const origins: Origins = new Map();
    for (const table of relation.open) addOrigin(origins, { table, column: '*', kind: 'identity' });
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
    origins: new Map(column.origins),
  }));
  const open = new Set(first.open);
  for (const relation of rest) {
    for (const table of relation.open) open.add(table);
    for (const [at, column] of relation.columns.entries()) {
      const target = columns[at];
      if (target !== undefined) addOrigins(target.origins, column.origins, 'identity');
      else if (columns.length < maxColumns) columns.push({ ...column, origins: new Map(column.origins) });
    }
  }
  return { columns, open: [...open] };
}
