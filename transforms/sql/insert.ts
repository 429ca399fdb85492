/** INSERT and REPLACE in all their forms, also into folders and into several tables. */
import { readAssignments, readOutputs } from './assignments.ts';
import { clauseEnd, columnList, endsQuery, findAtDepth } from './clauses.ts';
import { readCall } from './calls.ts';
import type { Cursor } from './cursor.ts';
import { scanExpression } from './expression.ts';
import type { Assignment, CommonTable, Insert, Name, Query, Statement } from './ir.ts';
import { readSource } from './from.ts';
import { locationName } from './names.ts';
import { beginsQuery, readQuery } from './query.ts';
import { readValues } from './values.ts';
import { words } from './words.ts';

const modifiers = words(
  'LOW_PRIORITY DELAYED HIGH_PRIORITY IGNORE OVERWRITE INTO TABLE LOCAL FUNCTION OR ABORT FAIL ROLLBACK REPLACE',
);

/** Reads an INSERT at the cursor, with the common tables that were read before it. */
export function readInsert(cursor: Cursor, end: number, tables: readonly CommonTable[]): Statement {
  const line = cursor.token(cursor.at).line;
  cursor.at++;
  if (cursor.is('ALL', 'FIRST') && !cursor.symbol(cursor.at + 1, '.'))
    return readMultiple(cursor, end, tables);
  while (modifiers.has(cursor.code(cursor.at)) || cursor.is('TOP')) {
    if (cursor.is('TABLE', 'LOCAL', 'FUNCTION') && !followsAsName(cursor)) break;
    const top = cursor.is('TOP');
    cursor.at++;
    if (top) {
      cursor.skipGroup(end);
      cursor.eat('PERCENT');
    }
  }
  if (cursor.eat('DIRECTORY')) return readDirectory(cursor, end, { line, tables });
  const target = cursor.is('OPENQUERY', 'OPENROWSET') ? readRemote(cursor, end) : cursor.name(end);
  if (target === undefined) return { type: 'other', understood: false, line, with: tables };
  return readBody(cursor, end, { line, tables, target });
}

/** `INSERT INTO OPENQUERY(server, 'SELECT a FROM t')` writes the table of the query. */
function readRemote(cursor: Cursor, end: number): Name | undefined {
  const { line } = cursor.token(cursor.at);
  const [source] = readSource(cursor, end).sources;
  const [branch] = source?.query?.branches ?? [];
  const [table] = branch?.type === 'select' ? branch.from : [];
  if (table?.type !== 'table')
    cursor.note(
      'remote-server',
      line,
      `The table that is written on another server is not known, line ${line}.`,
    );
  return table?.type === 'table' ? table.name : undefined;
}

/** True if the word before a target is a keyword: a name (or DIRECTORY) follows it. */
function followsAsName(cursor: Cursor): boolean {
  return cursor.isName(cursor.at + 1) && !beginsBody(cursor, cursor.at + 1);
}

function beginsBody(cursor: Cursor, at: number): boolean {
  return ['SELECT', 'VALUES', 'DEFAULT', 'EXEC', 'EXECUTE', 'SET'].includes(cursor.word(at));
}

interface Start {
  readonly line: number;
  readonly tables: readonly CommonTable[];
}

function readDirectory(cursor: Cursor, end: number, start: Start): Statement {
  // Spark: USING format OPTIONS (path = '…').
  const pathAt = findPath(cursor, cursor.at, end);
  const token = cursor.token(pathAt);
  cursor.at = findAtDepth(cursor, cursor.at, end, (at) => beginsQuery(cursor, at) && !cursor.symbol(at, '('));
  const query = cursor.at < end ? readQuery(cursor, end) : undefined;
  return { ...emptyInsert(start, locationName(token.text)), query };
}

function findPath(cursor: Cursor, from: number, end: number): number {
  if (!cursor.is('USING')) return from;
  for (let at = from; at < end && cursor.word(at) !== 'SELECT'; at++)
    if (cursor.word(at) === 'PATH') return cursor.token(at + 1).kind === 'string' ? at + 1 : at + 2;
  return from;
}

function emptyInsert(start: Start, target: Name): Insert {
  return {
    type: 'insert',
    line: start.line,
    with: start.tables,
    target,
    columns: [],
    byName: false,
    query: undefined,
    call: undefined,
    output: [],
    assignments: [],
  };
}

function readBody(cursor: Cursor, end: number, start: Start & { readonly target: Name }): Statement {
  const alias =
    cursor.is('AS') && cursor.isName(cursor.at + 1) ? cursor.identifier(cursor.at + 1) : undefined;
  const { columns, byName } = readTargetColumns(cursor, end);
  const output = readOutputs(cursor, end);
  let query: Query | undefined;
  let call: Insert['call'];
  let assignments: readonly Assignment[] = [];
  let understood = true;
  if (cursor.is('EXEC', 'EXECUTE')) {
    const read = readCall(cursor, end);
    if (read.type === 'call') call = read;
  } else if (cursor.is('SET')) {
    cursor.at++;
    assignments = readAssignments(cursor, end);
  } else if (cursor.is('VALUE') && cursor.symbol(cursor.at + 1, '('))
    query = { with: [], branches: [readValues(cursor, end)], feeds: [true] };
  else if (cursor.at < end && beginsQuery(cursor, cursor.at)) query = readQuery(cursor, end);
  else {
    understood = cursor.is('DEFAULT', 'FORMAT');
    cursor.at = end;
  }
  if (!understood) return { type: 'other', understood: false, line: start.line, with: start.tables };
  const conflict = readConflict(cursor, end);
  const last = readOutputs(cursor, end);
  return {
    type: 'insert',
    line: start.line,
    with: start.tables,
    target: start.target,
    alias,
    columns,
    byName,
    query,
    call,
    output: last.length === 0 ? output : [...output, ...last],
    newRow: conflict.newRow,
    assignments: [...assignments, ...conflict.assignments],
  };
}

function readTargetColumns(
  cursor: Cursor,
  end: number,
): { readonly columns: readonly string[]; readonly byName: boolean } {
  let columns: readonly string[] = [];
  let byName = false;
  for (;;) {
    if (cursor.eatAll('BY', 'NAME')) byName = true;
    else if (columns.length === 0 && cursor.symbol(cursor.at, '(') && !beginsQuery(cursor, cursor.at))
      columns = columnList(cursor, end);
    else if (!skipTargetOption(cursor, end)) return { columns, byName };
  }
}

/** Skips what may stand behind a target besides its columns; false if nothing of that is there. */
function skipTargetOption(cursor: Cursor, end: number): boolean {
  if (cursor.is('AS') && cursor.isName(cursor.at + 1)) cursor.at += 2;
  else if (cursor.eat('PARTITION')) {
    cursor.skipGroup(end);
    cursor.eatAll('IF', 'NOT', 'EXISTS');
  } else if (cursor.is('WITH') && cursor.symbol(cursor.at + 1, '(')) {
    cursor.at++;
    cursor.skipGroup(end);
  } else if (cursor.is('OVERRIDING')) cursor.at += 3;
  else if (cursor.is('ON') && cursor.word(cursor.at + 1) === 'CLUSTER') {
    cursor.at += 2;
    cursor.eat('ON');
  } else if (cursor.is('REPLACE')) {
    // Databricks: REPLACE WHERE condition, REPLACE ON condition, REPLACE USING (columns).
    cursor.at = findAtDepth(cursor, cursor.at, end, (at) => queryStarts.has(cursor.code(at)));
  } else return cursor.eatAll('BY', 'POSITION');
  return true;
}

const queryStarts = words('SELECT VALUES WITH TABLE');

/** What happens to a row that is there already: ON CONFLICT … DO UPDATE SET, MySQL's AS new ON DUPLICATE KEY UPDATE. */
function readConflict(
  cursor: Cursor,
  end: number,
): { readonly newRow: string | undefined; readonly assignments: readonly Assignment[] } {
  let newRow: string | undefined;
  if (cursor.eat('AS')) {
    newRow = cursor.identifier(cursor.at++);
    cursor.skipGroup(end);
  }
  if (!endsQuery(cursor, cursor.at) || cursor.is('RETURNING')) return { newRow, assignments: [] };
  const stop = findAtDepth(cursor, cursor.at, end, (at) => ['UPDATE', 'NOTHING'].includes(cursor.word(at)));
  const updates = cursor.word(stop) === 'UPDATE';
  cursor.at = Math.min(stop + 1, end);
  cursor.eat('SET');
  const assignments = updates ? readAssignments(cursor, end) : [];
  if (cursor.is('WHERE')) cursor.at = clauseEnd(cursor, cursor.at + 1, end);
  return { newRow, assignments };
}

/** Oracle and Snowflake: `INSERT ALL [WHEN … THEN] INTO a (…) VALUES (…) INTO b … SELECT …`. */
function readMultiple(cursor: Cursor, end: number, tables: readonly CommonTable[]): Statement {
  const line = cursor.token(cursor.at).line;
  const heads: {
    target: Name;
    columns: readonly string[];
    values: ReturnType<typeof readValues> | undefined;
  }[] = [];
  while (cursor.at < end && !cursor.is('SELECT')) {
    if (!cursor.eat('INTO')) {
      cursor.at = cursor.symbol(cursor.at, '(') ? cursor.closeOf(cursor.at, end) + 1 : cursor.at + 1;
      continue;
    }
    const target = cursor.name(end);
    if (target === undefined) continue;
    const columns = columnList(cursor, end);
    heads.push({ target, columns, values: cursor.is('VALUES') ? readValues(cursor, end) : undefined });
  }
  const query = readQuery(cursor, end);
  const source = { type: 'query', name: [], alias: undefined, columns: [], query, pivots: [], line } as const;
  const nothing = scanExpression(cursor, 0, 0);
  const statements = heads.map(({ target, columns, values }): Insert => {
    const items = (values?.columns ?? []).map((expression) => ({
      name: expression.refs[0]?.parts.at(-1) ?? '?',
      expression,
      line,
    }));
    const star = { name: '*', expression: nothing, star: { qualifier: [], except: [] }, line };
    const select = {
      type: 'select',
      items: items.length > 0 ? items : [star],
      into: [],
      intoTemporary: false,
      from: [source],
      filters: nothing,
      joins: nothing,
      groups: nothing,
      sorts: nothing,
      line,
    } as const;
    return {
      ...emptyInsert({ line, tables }, target),
      columns,
      query: { with: [], branches: [select], feeds: [true] },
    };
  });
  return { type: 'several', statements, line, with: [] };
}
