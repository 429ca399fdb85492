/** PIVOT and UNPIVOT. */
import { commaRanges, findAtDepth } from './clauses.ts';
import type { Cursor } from './cursor.ts';
import { scanExpression } from './expression.ts';
import { emptyExpression, type Pivot } from './ir.ts';

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
  if (type === 'pivot') {
    return {
      type,
      consumed: scanExpression(cursor, open + 1, forAt),
      selectors: scanExpression(cursor, forAt + 1, inAt),
      produced: commaRanges(cursor, inAt + 2, listClose).map(([, to]) => outputName(cursor, to - 1)),
      labels: [],
    };
  }
  return {
    type,
    consumed: scanExpression(cursor, inAt + 2, listClose),
    selectors: emptyExpression,
    produced: namesIn(cursor, open + 1, forAt),
    labels: namesIn(cursor, forAt + 1, inAt),
  };
}

function outputName(cursor: Cursor, at: number): string {
  const token = cursor.token(at);
  return token.kind === 'string' || token.kind === 'number' ? token.text : cursor.identifier(at);
}

function namesIn(cursor: Cursor, from: number, end: number): readonly string[] {
  const names: string[] = [];
  for (let at = from; at < end; at++) if (cursor.isName(at)) names.push(cursor.identifier(at));
  return names;
}
