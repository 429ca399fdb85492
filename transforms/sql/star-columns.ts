/** `*` and `t.*` in a select list: the columns behind them, as far as they are known. */
import type { SelectItem } from './ir.ts';
import { maxColumns } from './limits.ts';
import type { NameSet } from './name-set.ts';
import { unknownNode } from './nodes.ts';
import { type Column, Origins, type Relation } from './relations.ts';
import type { Resolver } from './resolver.ts';
import { type Bound, columnKey, type Scope } from './scope.ts';
import { changesOfStar } from './stars.ts';

/** What a select list hands out so far. */
export interface ListColumns {
  readonly columns: Column[];
  /** Tables whose unknown columns come out, too. */
  readonly open: NameSet;
}

/** Adds what the star hands out. */
export function starColumns(resolver: Resolver, item: SelectItem, scope: Scope, list: ListColumns): void {
  const { qualifier, except, replaced = [], renamed = [], like } = item.star ?? { qualifier: [], except: [] };
  const found = qualifier.length === 0 ? scope.bounds : findBound(qualifier, scope);
  if (!resolver.allowsStar(found.length)) return;
  const left = except.length === 0 ? undefined : new Set(except.map(columnKey));
  const others = new Map<string, Column>();
  for (const { name, expression } of replaced)
    others.set(columnKey(name), { name, origins: resolver.origins(expression, scope), star: false });
  if (found.length === 0 && qualifier.length === 1) fieldsOf(resolver, item, scope, list);
  for (const { relation } of found) {
    const first = list.columns.length;
    const { columns } = relation;
    const chosen =
      like === undefined ? columns : columns.filter(({ name, star }) => star || isLike(name, like));
    addColumns(chosen, list.columns, left, others);
    if (renamed.length > 0) renameColumns(list.columns, first, renamed);
    if (relation.open.length > 0) openStar(resolver, relation, item, list);
  }
  // Behind a star that is not expanded.
  for (const other of others.values()) list.columns.push(other);
}

/** BigQuery: `row.*` hands out the fields of a column; of a whole row those are the columns of its table. */
function fieldsOf(resolver: Resolver, item: SelectItem, scope: Scope, list: ListColumns): void {
  if (!resolver.context.structs) return;
  const [column = ''] = item.star?.qualifier ?? [];
  const ref = { parts: [column], kind: 'identity', variable: false, line: item.line } as const;
  const origins = resolver.origins({ refs: [ref], subqueries: [], calls: [] }, scope);
  if (origins.size > 0) list.columns.push({ name: '*', origins, star: true });
}

/** SQL's LIKE without regard to case: `%` is any text, `_` any character. Only the last `%` is ever tried anew, so that it ends soon. */
function isLike(name: string, pattern: string): boolean {
  const [text, like] = [name.toLowerCase(), pattern.toLowerCase()];
  let at = 0;
  let place = 0;
  let anyAt = -1;
  let from = 0;
  while (at < text.length) {
    if (like[place] === '%') {
      anyAt = place;
      place += 1;
      from = at;
    } else if (like[place] === '_' || like[place] === text[at]) {
      at += 1;
      place += 1;
    } else if (anyAt >= 0) {
      place = anyAt + 1;
      from += 1;
      at = from;
    } else return false;
  }
  while (like[place] === '%') place += 1;
  return place === like.length;
}

function addColumns(
  from: readonly Column[],
  columns: Column[],
  left: ReadonlySet<string> | undefined,
  others: Map<string, Column>,
): void {
  const isPlain = left === undefined && others.size === 0;
  for (const column of from) {
    if (columns.length >= maxColumns) return;
    const key = isPlain ? '' : columnKey(column.name);
    if (left?.has(key) === true) continue;
    columns.push(others.get(key) ?? column);
    others.delete(key);
  }
}

function renameColumns(
  columns: Column[],
  first: number,
  renamed: readonly (readonly [string, string])[],
): void {
  const names = new Map(renamed.map(([from, to]) => [columnKey(from), to]));
  for (let at = first; at < columns.length; at++) {
    const column = columns[at];
    const name = column === undefined ? undefined : names.get(columnKey(column.name));
    if (column !== undefined && name !== undefined) columns[at] = { ...column, name };
  }
}

/** A star over tables with unknown columns. */
function openStar(
  resolver: Resolver,
  relation: Relation,
  item: SelectItem,
  { columns, open }: ListColumns,
): void {
  const changes = changesOfStar(item);
  const hasStar = relation.columns.some((column) => column.star);
  for (const table of relation.open) {
    if (!hasStar && !open.has(table))
      columns.push({ name: '*', origins: Origins.of(table, '*'), star: true });
    else if (!hasStar || changes === '') continue;
    // Of a table whose name nobody can know, that is said.
    if (resolver.inExists || table === unknownNode) continue;
    const name = resolver.context.nodes.display(table);
    const text = `The columns of ${name} behind *${changes} are not in the catalogue, line ${item.line}.`;
    resolver.note('star-not-expanded', item.line, text);
  }
  open.addAll(relation.open);
}

function findBound(qualifier: readonly string[], scope: Scope): readonly Bound[] {
  const key = columnKey(qualifier.join('.'));
  for (let at: Scope | undefined = scope; at !== undefined; at = at.parent) {
    const bound = at.find(key);
    if (bound !== undefined) return [bound];
  }
  return [];
}
