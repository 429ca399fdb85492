/** PIVOT and UNPIVOT. */
import { joinExpressions } from './bags.ts';
import { commaRanges, findAtDepth } from './clauses.ts';
import type { Cursor } from './cursor.ts';
import { scanExpression } from './expression.ts';
import { emptyExpression, type Expression, type Pivot } from './ir.ts';

type Range = readonly [number, number];

/** Reads `PIVOT (aggregate(value) FOR name IN (a, b))` or `UNPIVOT (value FOR name IN (a, b))`, without the alias after it. */
export function readPivot(cursor: Cursor, end: number): Pivot {
  const type = cursor.is('PIVOT') ? 'pivot' : 'unpivot';
  cursor.at++;
  if (cursor.is('INCLUDE', 'EXCLUDE')) cursor.at += 2;
  const open = cursor.at;
  const close = cursor.closeOf(open, end);
  const forAt = findAtDepth(cursor, open + 1, close, (at) => cursor.word(at) === 'FOR');
  const inAt = findAtDepth(cursor, forAt + 1, close, (at) => cursor.word(at) === 'IN');
  const listClose = cursor.symbol(inAt + 1, '(') ? cursor.closeOf(inAt + 1, close) : close;
  cursor.at = Math.min(close + 1, end);
  const list = [...commaRanges(cursor, inAt + 2, listClose)];
  if (type === 'unpivot') {
    const produced = namesIn(cursor, open + 1, forAt);
    const places = produced.map((_, at) => list.map((range) => placeIn(cursor, range, at)));
    return {
      type,
      consumed: joined(cursor, places.flat()),
      selectors: emptyExpression,
      produced: produced.map((name, at) => ({ name, values: joined(cursor, places[at] ?? []) })),
      labels: namesIn(cursor, forAt + 1, inAt),
    };
  }
  const aggregates = commaRanges(cursor, open + 1, forAt).map((range) => readAggregate(cursor, range));
  if (['ANY', 'SELECT'].includes(cursor.word(inAt + 2))) {
    const { line } = cursor.token(inAt);
    cursor.note('star-not-expanded', line, `The rows tell which columns PIVOT makes, line ${line}.`);
    list.length = 0;
  }
  const selectors = scanExpression(cursor, forAt + 1, inAt);
  return {
    type,
    consumed: joined(
      cursor,
      aggregates.map(({ range }) => range),
    ),
    selectors,
    produced: list.flatMap((range) =>
      aggregates.map(({ alias, values }) => ({
        name: columnName(cursor, valueName(cursor, range), alias, aggregates.length),
        values,
      })),
    ),
    labels: [],
  };
}

interface Aggregate {
  readonly range: Range;
  readonly values: Expression;
  /** Its alias; undefined if it has none. */
  readonly alias: string | undefined;
}

/** `SUM(a) AS x`, `SUM(a) x` */
function readAggregate(cursor: Cursor, [from, end]: Range): Aggregate {
  const hasAlias = end - from > 3 && cursor.isName(end - 1) && !cursor.symbol(end - 2, '.');
  const isAs = hasAlias && cursor.word(end - 2) === 'AS';
  const range: Range = [from, hasAlias ? end - (isAs ? 2 : 1) : end];
  return {
    range,
    values: scanExpression(cursor, ...range),
    alias: hasAlias ? cursor.identifier(end - 1) : undefined,
  };
}

/** The name of a new column, from that of the value and that of the aggregate. */
function columnName(cursor: Cursor, value: string, alias: string | undefined, count: number): string {
  const { name } = cursor.dialect;
  // Spark names the aggregate only where there are several.
  if (alias === undefined || (cursor.dialect.structs && name !== 'bigquery' && count === 1)) return value;
  return name === 'bigquery' ? `${alias}_${value}` : `${value}_${alias}`;
}

/** `'X' AS x`, `'X'`, `[x]`, `2024`: Oracle and Snowflake keep the quotes of a string. */
function valueName(cursor: Cursor, [, end]: Range): string {
  const token = cursor.token(end - 1);
  if (token.kind === 'string' && cursor.dialect.folding === 'upper') return `'${token.text}'`;
  return token.kind === 'string' || token.kind === 'number' ? token.text : cursor.identifier(end - 1);
}

/** The place of one column in an item of UNPIVOT's list: `a`, `a AS 'x'`, `(a, b) AS 'x'`. */
function placeIn(cursor: Cursor, [from, end]: Range, at: number): Range {
  const as = findAtDepth(cursor, from, end, (index) => cursor.word(index) === 'AS');
  if (!cursor.symbol(from, '(')) return at === 0 ? [from, as] : [from, from];
  return commaRanges(cursor, from + 1, cursor.closeOf(from, as))[at] ?? [from, from];
}

function joined(cursor: Cursor, ranges: readonly Range[]): Expression {
  return joinExpressions(ranges.map(([from, end]) => scanExpression(cursor, from, end)));
}

function namesIn(cursor: Cursor, from: number, end: number): readonly string[] {
  const names: string[] = [];
  for (let at = from; at < end; at++) if (cursor.isName(at)) names.push(cursor.identifier(at));
  return names;
}
