/** WITH: common table expressions. */
import { columnList, findAtDepth } from './clauses.ts';
import type { Cursor } from './cursor.ts';
import type { CommonTable, Query } from './ir.ts';
import { words } from './words.ts';

const plainQueries = words('SELECT WITH VALUES FROM');

/** Reads WITH and its tables; [] if there is none. */
export function readWith(cursor: Cursor, end: number): readonly CommonTable[] {
  const tables: CommonTable[] = [];
  if (!cursor.is('WITH')) return tables;
  cursor.at++;
  cursor.eat('RECURSIVE');
  while (cursor.at < end && (cursor.isName(cursor.at) || skipValue(cursor, end))) {
    const table = readCommonTable(cursor, end);
    if (table !== undefined) tables.push(table);
    if (!cursor.symbol(cursor.at, ',')) break;
    cursor.at++;
  }
  return tables;
}

/** ClickHouse: `WITH 5 AS n, (SELECT …) AS m`; values are left out. Leaves the cursor at a common table. */
function skipValue(cursor: Cursor, end: number): boolean {
  if (cursor.dialect.name !== 'clickhouse') return false;
  while (cursor.at < end && !(cursor.word(cursor.at + 1) === 'AS' && cursor.symbol(cursor.at + 2, '('))) {
    const as = findAtDepth(
      cursor,
      cursor.at,
      end,
      (at) => cursor.word(at) === 'AS' || cursor.word(at) === 'SELECT',
    );
    if (cursor.word(as) !== 'AS') return false;
    cursor.at = as + 2;
    if (!cursor.symbol(cursor.at, ',')) return false;
    cursor.at++;
  }
  return cursor.isName(cursor.at);
}

function readCommonTable(cursor: Cursor, end: number): CommonTable | undefined {
  const name = cursor.identifier(cursor.at++);
  // Spark lets AS be left out: `WITH t (SELECT …)`.
  const bare = cursor.symbol(cursor.at, '(') && plainQueries.has(cursor.code(cursor.at + 1));
  const columns = bare ? [] : columnList(cursor, end);
  cursor.eat('AS');
  cursor.eat('NOT');
  cursor.eat('MATERIALIZED');
  if (!cursor.symbol(cursor.at, '(')) return undefined;
  const close = cursor.closeOf(cursor.at, end);
  cursor.at++;
  const statement = cursor.is('INSERT', 'UPDATE', 'DELETE', 'MERGE')
    ? cursor.readStatement(cursor, close)
    : undefined;
  const query: Query =
    statement === undefined ? cursor.readQuery(cursor, close) : { with: [], branches: [], feeds: [] };
  cursor.at = Math.min(close + 1, end);
  skipSearchClauses(cursor, end);
  return statement === undefined ? { name, columns, query } : { name, columns, query, statement };
}

const mainWords = words('SELECT INSERT UPDATE DELETE MERGE');

/** Skips SEARCH DEPTH FIRST … and CYCLE … after a recursive table. */
function skipSearchClauses(cursor: Cursor, end: number): void {
  while (cursor.is('SEARCH', 'CYCLE')) {
    while (cursor.at < end && !cursor.symbol(cursor.at, ',') && !mainWords.has(cursor.code(cursor.at)))
      cursor.at++;
  }
}
