/** The commonest expression: a column and nothing else. */
import { isPseudoColumn } from './column-forms.ts';
import type { Cursor } from './cursor.ts';
import type { ColumnRef, Name } from './ir.ts';
import { expressionKeywords } from './words.ts';

/** The column if the range is nothing but a column or variable, in any number of parentheses. */
export function plainColumn(cursor: Cursor, from: number, end: number): ColumnRef | undefined {
  let first = from;
  let last = end;
  while (cursor.symbol(first, '(') && cursor.closeOf(first, last) === last - 1) {
    first++;
    last--;
  }
  const token = cursor.token(first);
  if (first >= last || !cursor.isName(first) || token.text.startsWith('@@')) return undefined;
  const parts: string[] = [cursor.identifier(first)];
  let at = first + 1;
  while (at + 1 < last && cursor.symbol(at, '.') && cursor.isName(at + 1)) {
    parts.push(cursor.identifier(at + 1));
    at += 2;
  }
  if (
    at !== last ||
    (parts.length === 1 && (expressionKeywords.has(token.code) || token.upper === '$ACTION'))
  )
    return undefined;
  if (isPseudoColumn(cursor, parts, first)) return undefined;
  return { parts, kind: 'identity', variable: token.kind === 'variable', line: token.line };
}

/** The dotted name at the index, perhaps with a star at its end, and the index behind it. */
export function chainAt(
  cursor: Cursor,
  from: number,
  end: number,
): { readonly parts: Name; readonly next: number } {
  const parts: string[] = [cursor.identifier(from)];
  let at = from + 1;
  while (at < end && cursor.symbol(at, '.')) {
    at++;
    if (cursor.symbol(at, '*')) {
      parts.push('*');
      at++;
      break;
    }
    if (!cursor.isName(at)) break;
    parts.push(cursor.identifier(at++));
  }
  return { parts, next: at };
}
