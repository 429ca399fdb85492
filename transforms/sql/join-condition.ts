/** Where the condition of a join ends. */
import { beginsClause, beginsPipe, findAtDepth } from './clauses.ts';
import type { Cursor } from './cursor.ts';
import { joinWords, words } from './words.ts';

/** Words that end a FROM clause without being one of the clauses of a query. */
export const sourceEnds = words('SET WHEN SELECT INSERT OUTPUT RETURNING');
/** Words that are also functions. */
const callable = words('LEFT RIGHT');

/** The end of the condition that begins at `from`, behind ON. */
export function conditionEnd(cursor: Cursor, from: number, end: number): number {
  return findAtDepth(cursor, from, end, (at) => {
    const token = cursor.token(at);
    if (token.kind === ',' || token.kind === ')' || beginsPipe(cursor, at)) return true;
    if (token.kind !== 'word' || cursor.symbol(at - 1, '.') || cursor.symbol(at + 1, '.')) return false;
    if (joinWords.has(token.code) || sourceEnds.has(token.code))
      return !cursor.symbol(at + 1, '(') || !callable.has(token.code);
    return beginsClause(cursor, at);
  });
}
