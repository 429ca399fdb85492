/** Data types inside expressions, which are skipped: after CAST's AS, after `::`, as CONVERT's first argument. */
import type { Cursor } from './cursor.ts';
import { words } from './words.ts';

const typeEnds = words(
  'AND OR NOT IS IN THEN ELSE END WHEN FROM USING FORMAT DEFAULT COLLATE LIKE BETWEEN AS WHERE',
);

/** The index behind the data type at `from`: words, dots, groups, `<…>` and `[…]`, up to a comma outside of them. */
export function skipType(cursor: Cursor, from: number, end: number): number {
  let angles = 0;
  let at = from;
  while (at < end) {
    const token = cursor.token(at);
    if (token.kind === '(') at = cursor.closeOf(at, end);
    else if (token.text === '<' && token.kind === 'operator') angles++;
    else if (token.text === '>' && token.kind === 'operator') angles--;
    else if (token.kind === ',' ? angles === 0 : !inType(cursor, at, angles)) return at;
    at++;
  }
  return Math.min(at, end);
}

function inType(cursor: Cursor, at: number, angles: number): boolean {
  const token = cursor.token(at);
  if (token.kind === 'operator') return ['[', ']', ':', '%'].includes(token.text);
  if (token.kind === '.') return true;
  if (token.kind === 'number') return angles > 0 || cursor.symbol(at - 1, '[');
  return (token.kind === 'word' || token.kind === 'quoted') && !typeEnds.has(token.code);
}
