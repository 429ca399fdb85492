/** VALUES as a query. */
import { commaRanges } from './clauses.ts';
import type { Cursor } from './cursor.ts';
import { joinExpressions } from './bags.ts';
import { scanExpression } from './expression.ts';
import type { Expression, Values } from './ir.ts';

/** Reads `VALUES (…), (…)`. */
export function readValues(cursor: Cursor, end: number): Values {
  cursor.at++;
  const columns: Expression[][] = [];
  while (cursor.at < end) {
    cursor.eat('ROW');
    if (cursor.symbol(cursor.at, '(')) {
      const close = cursor.closeOf(cursor.at, end);
      const cells = commaRanges(cursor, cursor.at + 1, close);
      for (const [position, [from, to]] of cells.entries()) {
        const expression = scanExpression(cursor, from, to);
        const column = columns[position];
        if (column === undefined) columns[position] = [expression];
        else if (expression.refs.length + expression.subqueries.length > 0) column.push(expression);
      }
      cursor.at = Math.min(close + 1, end);
    } else break;
    if (!cursor.symbol(cursor.at, ',')) break;
    cursor.at++;
  }
  return { type: 'values', columns: columns.map((column) => joinExpressions(column)) };
}
