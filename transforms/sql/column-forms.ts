/** What looks like a call and is a column. */
import type { Cursor } from './cursor.ts';
import type { Name } from './ir.ts';
import { graphPredicates, words } from './words.ts';

/** Methods of XML and spatial columns in T-SQL: `t.c.value('…')` reads the column `t.c`. */
export const columnMethod = /^(?:value|query|exist|nodes|modify|tostring|st[a-z]+)$/i;

/** Teradata's phrases after a column. */
const columnPhrases = words('TITLE FORMAT NAMED');

/** A name with the parenthesis that follows it. */
interface Form {
  readonly parts: Name;
  readonly open: number;
  readonly end: number;
}

/** The column that the form means, and the index behind it; undefined if it is a call. */
export function columnForm(
  cursor: Cursor,
  { parts, open, end }: Form,
): { readonly parts: Name; readonly next: number } | undefined {
  const close = cursor.closeOf(open, end);
  // T-SQL's graphs: MATCH(a-(b)->c) names sources.
  if (cursor.dialect.tsql && graphPredicates.has(cursor.code(open - 1)))
    return { parts: [], next: close + 1 };
  // Oracle's outer join mark, `a.id (+)`.
  if (cursor.symbol(open + 1, '+') && close === open + 2) return { parts, next: open + 3 };
  // Teradata's column phrases, `c (TITLE 'x')`.
  if (columnPhrases.has(cursor.code(open + 1)) && cursor.token(open + 2).kind === 'string')
    return { parts, next: close + 1 };
  // MySQL's ON DUPLICATE KEY UPDATE: VALUES(a) is the value that was to go in.
  if (cursor.dialect.backslash && cursor.word(open - 1) === 'VALUES' && close === open + 2)
    return { parts: ['excluded', cursor.identifier(open + 1)], next: close + 1 };
  // Oracle's record of a collection, `v(i).a`.
  const isField = close + 2 < end + 1 && cursor.symbol(close + 1, '.') && cursor.isName(close + 2);
  return isField && cursor.dialect.name === 'oracle'
    ? { parts: [parts[0] ?? '', cursor.identifier(close + 2)], next: close + 3 }
    : undefined;
}

const sequenceValues = words('NEXTVAL CURRVAL PREVVAL');
const oracleValues = words('LEVEL USER UID ROWID CONNECT_BY_ISLEAF CONNECT_BY_ISCYCLE ORA_ROWSCN');

/** True for what looks like a column and is none: the next value of a sequence, and Oracle's values of a row or a session. */
export function isPseudoColumn(cursor: Cursor, parts: Name, first: number): boolean {
  if (parts.length > 1 && sequenceValues.has(cursor.code(first + 2 * (parts.length - 1))))
    return cursor.dialect.folding === 'upper';
  return cursor.dialect.name === 'oracle' && oracleValues.has(cursor.code(first + 2 * (parts.length - 1)));
}
