/** CREATE TABLE and VIEW with or without a query, LIKE and CLONE, synonyms; Spark's CACHE TABLE. */
import { commaRanges, findAtDepth } from './clauses.ts';
import type { Cursor } from './cursor.ts';
import { readFlow } from './flows.ts';
import type { Create, Name, Query, Statement } from './ir.ts';
import { locationName } from './names.ts';
import { beginsQuery, readQuery } from './query.ts';
import { words } from './words.ts';

const modifiers = words(
  'OR REPLACE ALTER TEMP TEMPORARY GLOBAL LOCAL EXTERNAL TRANSIENT MATERIALIZED RECURSIVE SECURE UNLOGGED VOLATILE MULTISET SET FORCE NO EDITIONABLE NONEDITIONABLE DYNAMIC HYBRID ICEBERG FOREIGN LIVE STREAMING PRIVATE SNAPSHOT COLUMN ROW LIVE REFRESH DEFINER SQL SECURITY INVOKER ALGORITHM UNDEFINED MERGE TEMPTABLE DELTA CACHED',
);
const temporaryWords = words('TEMP TEMPORARY VOLATILE PRIVATE');
const constraints = words(
  'CONSTRAINT PRIMARY FOREIGN UNIQUE CHECK INDEX KEY PERIOD LIKE EXCLUDE FULLTEXT SPATIAL',
);

const copyWords = words('LIKE CLONE COPY SHALLOW DEEP');

/** Reads CREATE (or ALTER VIEW) at the cursor. What creates no table, view or synonym is `other`. */
export function readCreate(cursor: Cursor, end: number): Statement {
  const line = cursor.token(cursor.at).line;
  const other: Statement = { type: 'other', understood: true, line, with: [] };
  const altering = cursor.is('ALTER');
  cursor.at++;
  const temporary = skipModifiers(cursor, end);
  const special = altering ? undefined : specials.get(cursor.word(cursor.at));
  if (special !== undefined) return special(cursor, end, other);
  const what = cursor.is('VIEW') ? 'view' : 'table';
  // A model is made of the rows that it learns from (BigQuery, Redshift).
  if (!cursor.is('TABLE', 'VIEW', 'MODEL') || (altering && what === 'table')) return other;
  cursor.at++;
  if (!cursor.eatAll('IF', 'NOT', 'EXISTS')) cursor.eatAll('IF', 'EXISTS');
  const target = cursor.name(end);
  if (target === undefined) return { ...other, understood: false };
  const create = readDefinition(cursor, end, {
    type: 'create',
    what,
    target,
    temporary,
    columns: [],
    query: undefined,
    copyOf: undefined,
    copiesRows: false,
    line,
    with: [],
  });
  // ALTER VIEW … RENAME, OWNER TO, SET: its rows stay.
  return altering && create.query === undefined ? other : create;
}

/** Skips what stands before TABLE or VIEW; true if that makes it a temporary one. */
function skipModifiers(cursor: Cursor, end: number): boolean {
  let temporary = false;
  while (
    cursor.at < end &&
    (modifiers.has(cursor.code(cursor.at)) || cursor.symbol(cursor.at, '=') || isUser(cursor))
  ) {
    temporary ||= temporaryWords.has(cursor.code(cursor.at));
    cursor.at++;
  }
  return temporary;
}

/** MySQL: DEFINER = user@host. */
function isUser(cursor: Cursor): boolean {
  return (
    ['=', '@'].includes(cursor.token(cursor.at - 1).text) ||
    cursor.symbol(cursor.at, '@') ||
    (cursor.token(cursor.at).kind === 'variable' &&
      cursor.token(cursor.at).start === cursor.token(cursor.at - 1).end)
  );
}

/** Snowflake's `CREATE TASK … AS statement`, `CREATE PIPE … AS COPY INTO …` and MySQL's `CREATE EVENT … DO statement`: what will run. */
function readScheduled(cursor: Cursor, end: number, other: Statement): Statement {
  const mark = cursor.is('EVENT') ? 'DO' : 'AS';
  const at = findAtDepth(cursor, cursor.at, end, (index) => cursor.word(index) === mark);
  if (at >= end) return other;
  cursor.at = at + 1;
  return cursor.readStatement(cursor, end);
}

/** Snowflake's `CREATE STAGE name URL = 'location'`: what is behind the location can be read by the name. */
function readStage(cursor: Cursor, end: number, other: Statement): Statement {
  cursor.at++;
  cursor.eatAll('IF', 'NOT', 'EXISTS');
  const target = cursor.name(end);
  const at = findAtDepth(cursor, cursor.at, end, (index) => cursor.word(index) === 'URL');
  const location = cursor.token(at + 2);
  if (target === undefined || at >= end || location.kind !== 'string') return other;
  cursor.at = end;
  return {
    type: 'move',
    how: 'copy',
    source: locationName(location.text),
    target,
    sourceColumns: [],
    query: undefined,
    line: other.line,
    with: [],
  };
}

function readSynonym(cursor: Cursor, end: number, other: Statement): Statement {
  cursor.at++;
  const target = cursor.name(end);
  const source = cursor.eat('FOR') ? cursor.name(end) : undefined;
  if (target === undefined || source === undefined) return other;
  return {
    type: 'move',
    how: 'synonym',
    source,
    target,
    sourceColumns: [],
    query: undefined,
    line: other.line,
    with: [],
  };
}

/** What CREATE makes besides tables and views, by its word. */
const specials: ReadonlyMap<string, (cursor: Cursor, end: number, other: Statement) => Statement> = new Map([
  ['TASK', readScheduled],
  ['PIPE', readScheduled],
  ['FLOW', readFlow],
  ['EVENT', readScheduled],
  ['STAGE', readStage],
  ['SYNONYM', readSynonym],
]);

function readDefinition(cursor: Cursor, end: number, create: Create): Create {
  // ClickHouse: the rows of a view go to a table.
  if (create.what === 'view' && cursor.eat('TO'))
    return readDefinition(cursor, end, { ...create, target: cursor.name(end) ?? create.target });
  let columns: readonly string[] = [];
  if (cursor.symbol(cursor.at, '(') && !beginsQuery(cursor, cursor.at)) {
    const copied = cursor.word(cursor.at + 1) === 'LIKE' ? readCopied(cursor, cursor.at + 2, end) : undefined;
    columns = definedColumns(cursor, end);
    if (copied !== undefined) return { ...create, copyOf: copied };
  }
  if (
    cursor.is('LIKE', 'CLONE') ||
    (cursor.is('COPY', 'SHALLOW', 'DEEP') &&
      cursor.isName(cursor.at + 1) &&
      cursor.word(cursor.at + 1) !== 'GRANTS')
  ) {
    const copiesRows = !cursor.is('LIKE');
    cursor.skipWords(copyWords);
    return { ...create, columns, copyOf: cursor.name(end), copiesRows };
  }
  if (copiesTable(cursor, end)) {
    cursor.at++;
    const copyOf = cursor.name(end);
    return { ...create, columns, copyOf, copiesRows: !cursor.eatAll('WITH', 'NO') };
  }
  if (cursor.eatAll('AS', 'CLONE', 'OF'))
    return { ...create, columns, copyOf: cursor.name(end), copiesRows: true };
  return { ...create, columns, query: findBody(cursor, end) };
}

function readCopied(cursor: Cursor, at: number, end: number): Name | undefined {
  const back = cursor.at;
  cursor.at = at;
  const name = cursor.name(end);
  cursor.at = back;
  return name;
}

/** The columns of `(name type …, CONSTRAINT …)`, without the constraints. */
export function definedColumns(cursor: Cursor, end: number): readonly string[] {
  const close = cursor.closeOf(cursor.at, end);
  const names: string[] = [];
  for (const [from] of commaRanges(cursor, cursor.at + 1, close)) {
    if (cursor.isName(from) && !constraints.has(cursor.code(from))) names.push(cursor.identifier(from));
  }
  cursor.at = Math.min(close + 1, end);
  return names;
}

/** Skips the options of a table or view and reads the query behind them, if there is one. */
function findBody(cursor: Cursor, end: number): Query | undefined {
  while (cursor.at < end) {
    const word = cursor.word(cursor.at);
    // Teradata: CREATE VIEW v AS LOCKING ROW FOR ACCESS SELECT …
    if (word === 'LOCKING')
      cursor.at = findAtDepth(cursor, cursor.at, end, (at) =>
        ['SELECT', 'SEL', 'WITH'].includes(cursor.word(at)),
      );
    if (word === 'AS' && beginsQuery(cursor, cursor.at + 1)) cursor.at++;
    if (
      word === 'AS' ||
      word === 'SELECT' ||
      word === 'LOCKING' ||
      isCommonTable(cursor) ||
      (cursor.symbol(cursor.at, '(') && beginsQuery(cursor, cursor.at))
    ) {
      if (beginsQuery(cursor, cursor.at)) return readQuery(cursor, end);
    }
    if (!cursor.skipGroup(end)) cursor.at++;
  }
  return undefined;
}

/** Teradata: `CREATE TABLE a AS b WITH DATA`. */
function copiesTable(cursor: Cursor, end: number): boolean {
  if (!cursor.is('AS') || !cursor.isName(cursor.at + 1) || beginsQuery(cursor, cursor.at + 1)) return false;
  const back = cursor.at++;
  cursor.name(end);
  const isCopy = cursor.is('WITH') && ['DATA', 'NO'].includes(cursor.word(cursor.at + 1));
  cursor.at = back;
  return isCopy;
}

/** `WITH name AS (`: a query, not an option. */
function isCommonTable(cursor: Cursor): boolean {
  return (
    cursor.is('WITH') &&
    cursor.isName(cursor.at + 1) &&
    cursor.word(cursor.at + 2) === 'AS' &&
    cursor.symbol(cursor.at + 3, '(')
  );
}

/** Reads Spark's `CACHE [LAZY] TABLE name [OPTIONS …] [AS] query`: a temporary view. */
export function readCache(cursor: Cursor, end: number): Statement {
  const line = cursor.token(cursor.at).line;
  while (cursor.is('CACHE', 'LAZY', 'TABLE')) cursor.at++;
  const target = cursor.name(end);
  const query = target === undefined ? undefined : findBody(cursor, end);
  if (target === undefined || query === undefined) return { type: 'other', understood: true, line, with: [] };
  return {
    type: 'create',
    what: 'view',
    target,
    temporary: true,
    columns: [],
    query,
    copyOf: undefined,
    copiesRows: false,
    line,
    with: [],
  };
}
