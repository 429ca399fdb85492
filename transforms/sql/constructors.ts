/** What looks like a column in front of brackets and braces, and is none: types of arrays and structs, names of lambdas. */
import { findAtDepth } from './clauses.ts';
import type { Cursor } from './cursor.ts';
import { anglesEnd, collections } from './collections.ts';

/** The index behind `ARRAY`, `ARRAY<INT64>` or `STRUCT<a INT64>`, whose values follow in a group; `at` if none begins here. */
export function constructorEnd(cursor: Cursor, at: number, end: number): number {
  if (!collections.has(cursor.code(at))) return at;
  if (cursor.symbol(at + 1, '[')) return at + 1;
  const last = anglesEnd(cursor, at, end);
  return last > at && (cursor.symbol(last + 1, '[') || cursor.symbol(last + 1, '(')) ? last + 1 : at;
}

/** The names that a lambda gives to its arguments, and where its body begins and ends. */
interface Lambda {
  readonly names: readonly string[];
  readonly from: number;
  readonly end: number;
}

/** The lambdas around a place of an expression. */
export class Lambdas {
  private open: Lambda[] | undefined;

  /** Enters the lambda that begins at the index. Gives where its body begins; -1 if there is none. */
  enter(cursor: Cursor, at: number, end: number): number {
    const lambda = lambdaAt(cursor, at, end);
    if (lambda === undefined) return -1;
    this.leave(at);
    (this.open ??= []).push(lambda);
    return lambda.from;
  }

  private leave(at: number): void {
    while ((this.open?.at(-1)?.end ?? at) < at) this.open?.pop();
  }

  /** True if the name is one of theirs at the index. */
  hide(name: string, at: number): boolean {
    this.leave(at);
    return this.open?.some(({ names }) => names.includes(name)) ?? false;
  }
}

/** Dialects in which `a -> b` takes b out of the document a. */
const takingOut: ReadonlySet<string> = new Set([
  'postgres',
  'greenplum',
  'materialize',
  'redshift',
  'mysql',
  'mariadb',
  'sqlite',
  'tsql',
]);

/** The lambda that begins at the index, the first of an argument: `x -> …`, `x INT -> …` or `(x, y) -> …`; undefined if none does. */
function lambdaAt(cursor: Cursor, at: number, end: number): Lambda | undefined {
  if (!cursor.symbol(at - 1, '(') && !cursor.symbol(at - 1, ',')) return undefined;
  const grouped = cursor.symbol(at, '(');
  const typed = !grouped && cursor.token(at + 1).kind === 'word' ? 1 : 0;
  const arrow = grouped ? cursor.closeOf(at, end) + 1 : at + 1 + typed;
  if (arrow >= end || !cursor.symbol(arrow, '->') || takingOut.has(cursor.dialect.name)) return undefined;
  // DuckDB takes values out with the same sign.
  if (cursor.token(arrow + 1).kind === 'string' && cursor.dialect.name === 'duckdb') return undefined;
  const names: string[] = [];
  for (let index = grouped ? at + 1 : at; index < arrow; index++)
    if (cursor.isName(index) && !cursor.isName(index - 1)) names.push(cursor.identifier(index));
  const stop = findAtDepth(cursor, arrow + 1, end, (index) => cursor.token(index).kind === ',');
  return { names, from: arrow + 1, end: stop };
}
