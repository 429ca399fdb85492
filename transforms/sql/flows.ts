/** Databricks' pipelines: flows, and changes that are applied to a table. */
import { findAtDepth } from './clauses.ts';
import type { Cursor } from './cursor.ts';
import { readFrom } from './from.ts';
import { emptyExpression, type Statement } from './ir.ts';
import { readItems } from './select-list.ts';

/** Reads `CREATE FLOW name AS statement`; the cursor stands on FLOW. */
export function readFlow(cursor: Cursor, end: number, other: Statement): Statement {
  const at = findAtDepth(cursor, cursor.at, end, (index) => cursor.word(index) === 'AS');
  if (at >= end) return other;
  cursor.at = at + 1;
  return cursor.readStatement(cursor, end);
}

/** Reads `APPLY CHANGES INTO t FROM s KEYS (…)` and `AUTO CDC [ONCE] INTO t FROM s …`: rows of s go to t, column by column. */
export function readChanges(cursor: Cursor, end: number): Statement {
  const { line } = cursor.token(cursor.at);
  cursor.at += 2;
  cursor.eat('ONCE');
  const target = cursor.eat('INTO') ? cursor.name(end) : undefined;
  if (target === undefined || !cursor.is('FROM')) return { type: 'other', understood: false, line, with: [] };
  const keysAt = findAtDepth(cursor, cursor.at, end, (at) => cursor.word(at) === 'KEYS');
  const { sources, joins } = readFrom(cursor, keysAt);
  const select = {
    type: 'select',
    items: readColumns(cursor, keysAt, end, line),
    into: [],
    intoTemporary: false,
    from: sources,
    filters: emptyExpression,
    joins,
    groups: emptyExpression,
    sorts: emptyExpression,
    line,
  } as const;
  cursor.at = end;
  return {
    type: 'insert',
    target,
    columns: [],
    query: { with: [], branches: [select], feeds: [true] },
    call: undefined,
    output: [],
    byName: true,
    assignments: [],
    line,
    with: [],
  };
}

/** `COLUMNS * EXCEPT (…)`, `COLUMNS (a, b)`; all columns where nothing is said. */
function readColumns(cursor: Cursor, from: number, end: number, line: number): ReturnType<typeof readItems> {
  const at = findAtDepth(cursor, from, end, (index) => cursor.word(index) === 'COLUMNS') + 1;
  if (cursor.symbol(at, '(')) return readItems(cursor, at + 1, cursor.closeOf(at, end));
  const stop = findAtDepth(cursor, at, end, (index) => ['STORED', 'TRACK'].includes(cursor.word(index)));
  if (cursor.symbol(at, '*')) return readItems(cursor, at, stop);
  return [{ name: '*', expression: emptyExpression, star: { qualifier: [], except: [] }, line }];
}
