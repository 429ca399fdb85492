/** `OVER w` and `WINDOW w AS (…)`: the clause stands behind the select list that uses it. */
import type { Cursor } from './cursor.ts';
import { maxControlTokens } from './limits.ts';

/** The range of tokens inside the definition of the window whose name is at the index; undefined if none is near. */
export function findWindow(cursor: Cursor, at: number): readonly [number, number] | undefined {
  const name = cursor.identifier(at).toLowerCase();
  const stop = Math.min(cursor.tokens.length, at + maxControlTokens);
  for (let index = at + 1; index < stop; index++) {
    if (cursor.symbol(index, '(')) index = cursor.closeOf(index, stop);
    else if (cursor.symbol(index, ')') || cursor.symbol(index, ';')) return undefined;
    else if (
      cursor.word(index) === 'AS' &&
      cursor.symbol(index + 1, '(') &&
      cursor.identifier(index - 1).toLowerCase() === name
    )
      return [index + 2, cursor.closeOf(index + 1, stop)];
  }
  return undefined;
}
