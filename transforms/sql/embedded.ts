/** SQL inside strings of SQL: OPENQUERY, OPENROWSET, UNLOAD. */
import { Cursor } from './cursor.ts';
import type { Query } from './ir.ts';
import { lex } from './lexer.ts';
import { maxQueryDepth } from './limits.ts';

/** Reads a string as a query in the same dialect; undefined if it is none. Its gaps are noted at `line`. */
export function readEmbedded(cursor: Cursor, text: string, line: number): Query | undefined {
  if (cursor.depth >= maxQueryDepth || !/^[\s(]*(?:select|with)\b/i.test(text)) return undefined;
  const { tokens } = lex(text, cursor.dialect, line);
  const { dialect, readQuery, readStatement } = cursor;
  const inner = new Cursor({ text, tokens, dialect, readQuery, readStatement });
  inner.depth = cursor.depth + 1;
  const query = readQuery(inner, tokens.length);
  cursor.reasons.push(...inner.reasons);
  return query;
}
