/** LATERAL VIEW of Hive and Spark, ARRAY JOIN of ClickHouse. */
import { beginsClause, clauseEnd, commaRanges } from './clauses.ts';
import type { Cursor } from './cursor.ts';
import { scanExpression } from './expression.ts';
import type { Source } from './ir.ts';
import { readArguments } from './table-functions.ts';

/** Reads `LATERAL VIEW [OUTER] function(…) alias AS a, b` at the cursor. */
export function readLateralView(cursor: Cursor, end: number): Source {
  const { line } = cursor.token(cursor.at);
  cursor.at += 2;
  cursor.eat('OUTER');
  const name = cursor.name(end) ?? [];
  const args = readArguments(cursor, end);
  const hasAlias = cursor.isName(cursor.at) && !cursor.is('AS') && !beginsClause(cursor, cursor.at);
  const alias = hasAlias ? cursor.identifier(cursor.at++) : undefined;
  const columns: string[] = [];
  if (cursor.eat('AS')) {
    while (cursor.at < end && cursor.isName(cursor.at)) {
      columns.push(cursor.identifier(cursor.at++));
      if (!cursor.symbol(cursor.at, ',')) break;
      cursor.at++;
    }
  }
  return { type: 'function', name, alias, columns, args, pivots: [], line };
}

/** True for ClickHouse's `[LEFT] ARRAY JOIN`. */
export function beginsArrayJoin(cursor: Cursor): boolean {
  const at = cursor.is('LEFT', 'INNER') ? cursor.at + 1 : cursor.at;
  return (
    cursor.word(at) === 'ARRAY' && cursor.word(at + 1) === 'JOIN' && cursor.dialect.name === 'clickhouse'
  );
}

/** Reads `ARRAY JOIN a AS x, b AS y`: each array becomes a column; without a name of its own it keeps the array's. */
export function readArrayJoin(cursor: Cursor, end: number): readonly Source[] {
  const { line } = cursor.token(cursor.at);
  while (!cursor.eat('JOIN')) cursor.at++;
  const stop = clauseEnd(cursor, cursor.at, end);
  const ranges = commaRanges(cursor, cursor.at, stop).filter(([, to]) => cursor.word(to - 2) === 'AS');
  cursor.at = stop;
  return ranges.map(([from, to]) => ({
    type: 'function',
    name: ['arrayjoin'],
    alias: undefined,
    columns: [cursor.identifier(to - 1)],
    args: scanExpression(cursor, from, to - 2),
    pivots: [],
    line,
  }));
}
