/** Statements of procedures and sessions: DECLARE, SET, FETCH, OPEN, RETURN, USE, conditions. */
import { readVariables } from './assignments.ts';
import { commaRanges, findAtDepth } from './clauses.ts';
import { definedColumns, readCreate } from './create.ts';
import type { Cursor } from './cursor.ts';
import { scanExpression } from './expression.ts';
import type { Assign, Evaluate, Read, Statement } from './ir.ts';
import { beginsQuery, readQuery } from './query.ts';
import { readTextParts } from './text-parts.ts';
import { words } from './words.ts';

type Assignment = Assign['assignments'][number];

const useLevels: ReadonlyMap<string, 'database' | 'catalog' | 'schema' | 'any'> = new Map([
  ['DATABASE', 'database'],
  ['CATALOG', 'catalog'],
  ['SCHEMA', 'schema'],
]);
const otherUses = words('ROLE WAREHOUSE SECONDARY HINT');

/** Reads USE at the cursor. */
export function readUse(cursor: Cursor, end: number): Statement {
  const line = cursor.token(cursor.at).line;
  cursor.at++;
  if (otherUses.has(cursor.code(cursor.at)) && cursor.isName(cursor.at + 1))
    return { type: 'other', understood: true, line, with: [] };
  const level = cursor.at + 1 < end ? useLevels.get(cursor.word(cursor.at)) : undefined;
  if (level !== undefined) cursor.at++;
  const name = cursor.name(end);
  return name === undefined
    ? { type: 'other', understood: false, line, with: [] }
    : { type: 'use', level: level ?? 'any', name, line, with: [] };
}

/** Reads an expression that is only looked at (IF, WHILE, PRINT, PERFORM). */
export function readEvaluate(cursor: Cursor, from: number, end: number): Evaluate {
  const line = cursor.token(from).line;
  const expression = scanExpression(cursor, from, end);
  cursor.at = end;
  return { type: 'evaluate', expression, line, with: [] };
}

/** Reads a query as a statement; INTO variables stay in its first branch. */
export function readRead(cursor: Cursor, end: number, cursorName?: string): Read {
  const line = cursor.token(cursor.at).line;
  const query = readQuery(cursor, end);
  return { type: 'query', query, cursor: cursorName, into: [], line, with: [] };
}

/** Reads DECLARE at the cursor, of T-SQL, and the single declarations of the block languages. */
export function readDeclare(cursor: Cursor, end: number): Statement {
  const line = cursor.token(cursor.at).line;
  // Db2: DECLARE GLOBAL TEMPORARY TABLE.
  if (cursor.is('DECLARE') && cursor.word(cursor.at + 1) === 'GLOBAL') return readCreate(cursor, end);
  if (cursor.is('DECLARE', 'LET', 'VAR')) cursor.at++;
  const query = findCursorQuery(cursor, end);
  if (query !== undefined) {
    cursor.at = query.at;
    return readRead(cursor, end, query.name);
  }
  if (
    cursor.word(cursor.at + 1) === 'CURSOR' &&
    cursor.word(cursor.at + 2) === 'FOR' &&
    cursor.isName(cursor.at + 3)
  ) {
    const as = cursor.identifier(cursor.at);
    const rows = cursor.identifier(cursor.at + 3);
    cursor.at = end;
    return { type: 'fetch', cursor: rows, into: [], as, line, with: [] };
  }
  const assignments: Assignment[] = [];
  const tables: Assign['tables'][number][] = [];
  for (const [from, to] of commaRanges(cursor, cursor.at, end)) {
    const nameAt = from;
    if (!cursor.isName(nameAt)) continue;
    const name = cursor.identifier(nameAt);
    const tableAt = cursor.word(from + 1) === 'AS' ? from + 2 : from + 1;
    if (cursor.word(tableAt) === 'TABLE' && cursor.dialect.tsql) {
      cursor.at = tableAt + 1;
      tables.push({ name, columns: cursor.symbol(cursor.at, '(') ? definedColumns(cursor, to) : [] });
      continue;
    }
    const sign = findAtDepth(
      cursor,
      from + 1,
      to,
      (at) => cursor.symbol(at, '=') || cursor.symbol(at, ':=') || cursor.word(at) === 'DEFAULT',
    );
    assignments.push(assignment(cursor, name, { from: Math.min(sign + 1, to), end: to, append: false }));
  }
  cursor.at = end;
  return { type: 'assign', assignments, tables, line, with: [] };
}

function assignment(
  cursor: Cursor,
  variable: string,
  value: { from: number; end: number; append: boolean },
): Assignment {
  return {
    variable,
    expression: scanExpression(cursor, value.from, value.end),
    text: value.from >= value.end ? [{ unknown: true }] : readTextParts(cursor, value.from, value.end),
    append: value.append,
  };
}

/** `name CURSOR … FOR query`, `CURSOR name IS query`, `name CURSOR (args) FOR query`. */
function findCursorQuery(cursor: Cursor, end: number): { name: string; at: number } | undefined {
  const first = cursor.is('CURSOR') ? 1 : 0;
  const isCursor =
    first === 1 ||
    ['CURSOR', 'INSENSITIVE', 'SCROLL', 'NO', 'SENSITIVE', 'ASENSITIVE'].includes(cursor.word(cursor.at + 1));
  if (!isCursor || !cursor.isName(cursor.at + first)) return undefined;
  const name = cursor.identifier(cursor.at + first);
  const at = findAtDepth(
    cursor,
    cursor.at + 1,
    end,
    (index) => ['FOR', 'IS'].includes(cursor.word(index)) && beginsQuery(cursor, index + 1),
  );
  return at < end ? { name, at: at + 1 } : undefined;
}

/** Reads `SET @v = …`, `SET v = …` and `v := …`; other SET statements have no lineage. */
export function readSet(cursor: Cursor, end: number): Statement {
  const line = cursor.token(cursor.at).line;
  cursor.eat('SET');
  const cursorAt = findAtDepth(cursor, cursor.at, end, (at) => cursor.word(at) === 'CURSOR');
  if (cursorAt < end && cursor.symbol(cursorAt - 1, '=') && cursor.isName(cursor.at)) {
    const name = cursor.identifier(cursor.at);
    cursor.at = findAtDepth(cursor, cursorAt, end, (at) => cursor.word(at) === 'FOR') + 1;
    return beginsQuery(cursor, cursor.at)
      ? readRead(cursor, end, name)
      : { type: 'other', understood: true, line, with: [] };
  }
  const assignments: Assignment[] = [];
  for (const [from, to] of commaRanges(cursor, cursor.at, end)) {
    const sign = findAtDepth(cursor, from, to, (at) =>
      ['=', ':=', '+=', '-=', '*=', '/=', '||='].includes(cursor.token(at).text),
    );
    if (sign >= to || !cursor.isName(from)) continue;
    const name = cursor.identifier(from);
    assignments.push(
      assignment(cursor, name, { from: sign + 1, end: to, append: cursor.symbol(sign, '+=') }),
    );
  }
  cursor.at = end;
  return assignments.length === 0
    ? { type: 'other', understood: true, line, with: [] }
    : { type: 'assign', assignments, tables: [], line, with: [] };
}

/** Reads `FETCH … cursor INTO a, b`. */
export function readFetch(cursor: Cursor, end: number): Statement {
  const line = cursor.token(cursor.at).line;
  const intoAt = findAtDepth(cursor, cursor.at, end, (at) => cursor.word(at) === 'INTO');
  // Oracle: FETCH c BULK COLLECT INTO v.
  const nameAt = cursor.word(intoAt - 1) === 'COLLECT' ? intoAt - 3 : intoAt - 1;
  const name = cursor.isName(nameAt) ? cursor.identifier(nameAt) : '';
  cursor.at = intoAt + 1;
  const into = readVariables(cursor, end);
  cursor.at = end;
  return intoAt >= end
    ? { type: 'other', understood: true, line, with: [] }
    : { type: 'fetch', cursor: name, into, line, with: [] };
}

/** Reads `OPEN c FOR query` and `OPEN c FOR text`; a plain OPEN has no lineage. */
export function readOpen(cursor: Cursor, end: number): Statement {
  const line = cursor.token(cursor.at).line;
  const name = cursor.identifier(cursor.at + 1);
  const at = findAtDepth(cursor, cursor.at, end, (index) => cursor.word(index) === 'FOR');
  if (at >= end) return { type: 'other', understood: true, line, with: [] };
  cursor.at = at + 1;
  if (beginsQuery(cursor, cursor.at)) return readRead(cursor, end, name);
  cursor.eat('EXECUTE');
  const script = readTextParts(
    cursor,
    cursor.at,
    findAtDepth(cursor, cursor.at, end, (index) => cursor.word(index) === 'USING'),
  );
  return { type: 'call', routine: [], script, server: undefined, args: [], into: [], line, with: [] };
}

/** Reads RETURN: of a query, or of an expression. */
export function readReturn(cursor: Cursor, end: number): Statement {
  cursor.at++;
  cursor.eat('NEXT');
  if (cursor.eat('QUERY') && cursor.is('EXECUTE')) {
    const line = cursor.token(cursor.at).line;
    const script = readTextParts(
      cursor,
      cursor.at + 1,
      findAtDepth(cursor, cursor.at, end, (at) => cursor.word(at) === 'USING'),
    );
    return { type: 'call', routine: [], script, server: undefined, args: [], into: [], line, with: [] };
  }
  if (cursor.is('TABLE') && cursor.symbol(cursor.at + 1, '(')) cursor.at++;
  if (beginsQuery(cursor, cursor.at)) return readRead(cursor, end);
  if (cursor.symbol(cursor.at, '(') && beginsQuery(cursor, cursor.at + 1)) return readRead(cursor, end);
  return readEvaluate(cursor, cursor.at, end);
}

/** Reads `PREPARE name FROM text` (MySQL): the name holds the text. */
export function readPrepare(cursor: Cursor, end: number): Statement {
  const line = cursor.token(cursor.at).line;
  const name = cursor.identifier(cursor.at + 1);
  if (cursor.word(cursor.at + 2) !== 'FROM') return { type: 'other', understood: true, line, with: [] };
  const assignments = [assignment(cursor, name, { from: cursor.at + 3, end, append: false })];
  cursor.at = end;
  return { type: 'assign', assignments, tables: [], line, with: [] };
}
