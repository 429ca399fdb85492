/** LATERAL VIEW of Hive and Spark. */
import { beginsClause } from './clauses.ts';
import type { Cursor } from './cursor.ts';
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
