/** Words of expressions that are no columns: keywords, and phrases like `INTERVAL '1' DAY`. */
import type { Cursor } from './cursor.ts';
import type { Token } from './tokens.ts';
import { datePartFunctions, expressionKeywords, typedLiterals, words } from './words.ts';

/** Words that take the next one along. */
const withNext = words('COLLATE NULLS');

/** The number of tokens of a phrase without columns; 0 if none begins here. */
export function phraseLength(cursor: Cursor, at: number): number {
  const upper = cursor.word(at);
  const next = cursor.token(at + 1);
  if (withNext.has(cursor.code(at))) return 2;
  if (upper === 'INTERVAL' && next.kind === 'string') return cursor.token(at + 2).kind === 'word' ? 3 : 2;
  if (upper === 'AT' && next.upper === 'TIME') return 3;
  if (upper === 'NEXT' && next.upper === 'VALUE') return sequenceEnd(cursor, at) - at;
  if (typedLiterals.has(cursor.code(at)) && next.kind === 'string') return 2;
  if (next.text === '=>' && next.kind === 'operator') return 2;
  return expressionKeywords.has(cursor.code(at)) || upper === '$ACTION' ? 1 : 0;
}

/** `NEXT VALUE FOR schema.sequence`. */
function sequenceEnd(cursor: Cursor, from: number): number {
  let at = from + (cursor.word(from + 2) === 'FOR' ? 3 : 2);
  while (cursor.isName(at) || cursor.symbol(at, '.')) at++;
  return at;
}

/** True if a value ends with the token. */
export function isOperand(token: Token): boolean {
  if (token.kind === 'word') return !expressionKeywords.has(token.code);
  return token.kind === 'quoted' || token.kind === ')' || token.text === ']';
}

/** True if the first argument of the function, at the index, is a part of a date: `DATEADD(day, …)`, `EXTRACT(year FROM …)`. */
export function isDatePart(cursor: Cursor, at: number, functionCode: number): boolean {
  const next = cursor.token(at + 1);
  const bare = cursor.token(at).kind === 'word' && (next.kind === ',' || next.upper === 'FROM');
  return bare && datePartFunctions.has(functionCode);
}
