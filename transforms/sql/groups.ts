/** What stands in the parentheses of a FROM clause. */
import type { Cursor } from './cursor.ts';
import type { Query } from './ir.ts';
import { notAliases } from './words.ts';

/** True if the group is a query, however many parentheses are around it. */
export function holdsQuery(cursor: Cursor, open: number, close: number): boolean {
  const next = cursor.word(open + 1);
  if (['SELECT', 'WITH', 'VALUES', 'FROM', 'INSERT', 'UPDATE', 'DELETE', 'MERGE', 'TABLE'].includes(next))
    return true;
  if (next === 'SEL' && cursor.dialect.name === 'teradata') return true;
  let at = open + 1;
  while (cursor.symbol(at, '(') && at - open < 64) at++;
  if (at === open + 1 || !['SELECT', 'WITH', 'VALUES'].includes(cursor.word(at))) return false;
  // `((SELECT …) UNION (SELECT …))` is a query, `((SELECT …) a JOIN b …)` a group of sources.
  const after = cursor.closeOf(open + 1, close) + 1;
  return (
    after >= close || ['UNION', 'EXCEPT', 'INTERSECT', 'MINUS', 'ORDER', 'LIMIT'].includes(cursor.word(after))
  );
}

/** Reads a group that {@link holdsQuery}; a statement that changes rows hands them out as a common table does. */
export function readGroup(cursor: Cursor, close: number): Query {
  cursor.at++;
  const change = cursor.is('INSERT', 'UPDATE', 'DELETE', 'MERGE')
    ? cursor.readStatement(cursor, close)
    : undefined;
  if (change === undefined) return cursor.readQuery(cursor, close);
  const none: Query = { with: [], branches: [], feeds: [] };
  return { ...none, with: [{ name: '', columns: [], query: none, statement: change }] };
}

/** True for Databricks' `STREAM t` and `STREAM(t)`; elsewhere STREAM is a table of that name. */
export function isStream(cursor: Cursor): boolean {
  if (cursor.dialect.name !== 'databricks' || !cursor.is('STREAM')) return false;
  if (cursor.symbol(cursor.at + 1, '(')) return cursor.isName(cursor.at + 2);
  const next = cursor.token(cursor.at + 1);
  return next.kind === 'quoted' || (next.kind === 'word' && !notAliases.has(next.code));
}
