/** UPDATE, DELETE and MERGE. */
import { readAssignments, readOutputs } from './assignments.ts';
import { beginsClause, columnList, commaRanges, findAtDepth } from './clauses.ts';
import type { Cursor } from './cursor.ts';
import { joinExpressions } from './bags.ts';
import { scanExpression } from './expression.ts';
import { type FromClause, readFrom, readJoined, readSource } from './from.ts';
import {
  type Assignment,
  type CommonTable,
  type Expression,
  type Output,
  type Source,
  type Statement,
} from './ir.ts';

interface Tail {
  readonly from: Source[];
  readonly joins: Expression[];
  readonly filters: Expression[];
  readonly output: Output[];
}

/** Reads FROM, USING, WHERE, OUTPUT and RETURNING in any order. */
function readTail(cursor: Cursor, end: number, tail: Tail): void {
  while (cursor.at < end) {
    if (cursor.is('OUTPUT', 'RETURNING')) tail.output.push(...readOutputs(cursor, end));
    else if (cursor.is('FROM', 'USING')) {
      const { sources, joins } = readFrom(cursor, end);
      tail.from.push(...sources);
      tail.joins.push(joins);
    } else {
      const isFilter = cursor.is('WHERE');
      const from = cursor.at + 1;
      const stop = findAtDepth(
        cursor,
        from,
        end,
        (at) => beginsClause(cursor, at) || ['OUTPUT', 'RETURNING', 'USING'].includes(cursor.word(at)),
      );
      if (isFilter) tail.filters.push(scanExpression(cursor, from, stop));
      cursor.at = stop;
    }
  }
}

function emptyTail(): Tail {
  return { from: [], joins: [], filters: [], output: [] };
}

function skipTop(cursor: Cursor, end: number): void {
  if (!cursor.eat('TOP')) return;
  cursor.skipGroup(end);
  cursor.eat('PERCENT');
}

/** Reads an UPDATE at the cursor. */
export function readUpdate(cursor: Cursor, end: number, tables: readonly CommonTable[]): Statement {
  const line = cursor.token(cursor.at).line;
  cursor.at++;
  if (cursor.is('STATISTICS') && cursor.dialect.tsql)
    return { type: 'other', understood: true, line, with: tables };
  skipTop(cursor, end);
  while (cursor.is('LOW_PRIORITY', 'IGNORE')) cursor.at++;
  if (cursor.is('OR') && cursor.isName(cursor.at + 1)) cursor.at += 2;
  const tail = emptyTail();
  const targets: Source[] = [];
  for (;;) {
    const read = readJoined(cursor, end);
    targets.push(...read.sources);
    tail.joins.push(read.joins);
    if (!cursor.symbol(cursor.at, ',')) break;
    cursor.at++;
  }
  // Teradata: UPDATE t FROM … SET.
  if (cursor.is('FROM') && targets.length > 0) {
    const { sources, joins } = readFrom(cursor, end);
    tail.from.push(...sources);
    tail.joins.push(joins);
  }
  if (targets.length === 0 || !cursor.eat('SET'))
    return { type: 'other', understood: false, line, with: tables };
  const assignments = readAssignments(cursor, end);
  readTail(cursor, end, tail);
  return {
    type: 'update',
    targets,
    assignments,
    from: tail.from,
    joins: joinExpressions(tail.joins),
    filters: joinExpressions(tail.filters),
    output: tail.output,
    line,
    with: tables,
  };
}

/** Reads a DELETE at the cursor. */
export function readDelete(cursor: Cursor, end: number, tables: readonly CommonTable[]): Statement {
  const line = cursor.token(cursor.at).line;
  cursor.at++;
  skipTop(cursor, end);
  while (cursor.is('LOW_PRIORITY', 'QUICK', 'IGNORE')) cursor.at++;
  cursor.eat('FROM');
  if (cursor.is('TABLE') && cursor.isName(cursor.at + 1)) cursor.at++;
  const targets: Source[] = [];
  for (;;) {
    targets.push(...readSource(cursor, end).sources);
    if (!cursor.symbol(cursor.at, ',')) break;
    cursor.at++;
  }
  if (targets.length === 0) return { type: 'other', understood: false, line, with: tables };
  const tail = emptyTail();
  cursor.eat('ALL');
  readTail(cursor, end, tail);
  return {
    type: 'delete',
    targets,
    from: tail.from,
    joins: joinExpressions(tail.joins),
    filters: joinExpressions(tail.filters),
    output: tail.output,
    line,
    with: tables,
  };
}

/** Reads a MERGE at the cursor. */
export function readMerge(cursor: Cursor, end: number, tables: readonly CommonTable[]): Statement {
  const line = cursor.token(cursor.at).line;
  cursor.at++;
  skipTop(cursor, end);
  cursor.eatAll('WITH', 'SCHEMA', 'EVOLUTION');
  cursor.eat('INTO');
  const [target] = readSource(cursor, end).sources;
  cursor.at = findAtDepth(cursor, cursor.at, end, (at) => cursor.word(at) === 'USING');
  if (target === undefined || !cursor.eat('USING'))
    return { type: 'other', understood: false, line, with: tables };
  const using: FromClause = readSource(cursor, end);
  const merge: Actions = { assignments: [], filters: [], newRows: [], output: [], starActions: false };
  const whenAt = nextWhen(cursor, cursor.at, end);
  // Redshift: the rows of the source go over the rows that are there.
  const removeAt = findAtDepth(cursor, cursor.at, whenAt, (at) => cursor.word(at) === 'REMOVE');
  if (cursor.word(removeAt + 1) === 'DUPLICATES') merge.starActions = true;
  cursor.eat('ON');
  const joins = scanExpression(cursor, cursor.at, removeAt);
  cursor.at = whenAt;
  while (cursor.at < end && cursor.is('WHEN')) readAction(cursor, end, merge);
  merge.output.push(...readOutputs(cursor, end));
  if (cursor.eat('OPTION')) cursor.skipGroup(end);
  return {
    type: 'merge',
    target,
    using: using.sources,
    assignments: merge.assignments,
    starActions: merge.starActions,
    filters: joinExpressions(merge.filters),
    newRows: joinExpressions(merge.newRows),
    joins,
    output: merge.output,
    line,
    with: tables,
  };
}

interface Actions {
  assignments: Assignment[];
  readonly filters: Expression[];
  readonly newRows: Expression[];
  readonly output: Output[];
  starActions: boolean;
}

function nextWhen(cursor: Cursor, from: number, end: number): number {
  return findAtDepth(
    cursor,
    from,
    end,
    (at) =>
      ['WHEN', 'OUTPUT', 'RETURNING', 'OPTION'].includes(cursor.word(at)) && !cursor.symbol(at - 1, '.'),
  );
}

function readAction(cursor: Cursor, end: number, merge: Actions): void {
  const thenAt = findAtDepth(cursor, cursor.at + 1, end, (at) => cursor.word(at) === 'THEN');
  const andAt = findAtDepth(cursor, cursor.at + 1, thenAt, (at) => cursor.word(at) === 'AND');
  const head = Math.min(andAt, thenAt);
  const isNew =
    cursor.word(cursor.at + 1) === 'NOT' &&
    cursor.word(head - 1) !== 'SOURCE' &&
    !cursor.symbol(head - 1, ')');
  const filters = isNew ? merge.newRows : merge.filters;
  if (andAt < thenAt) filters.push(scanExpression(cursor, andAt + 1, thenAt));
  cursor.at = thenAt + 1;
  if (cursor.eat('UPDATE')) {
    cursor.eat('SET');
    if (cursor.symbol(cursor.at, '*') || cursor.is('ALL')) {
      merge.starActions = true;
      cursor.at++;
    } else merge.assignments.push(...readAssignments(cursor, end));
  } else if (cursor.eat('INSERT')) readInsertAction(cursor, end, merge);
  const next = nextWhen(cursor, cursor.at, end);
  const where = findAtDepth(cursor, cursor.at, next, (at) => cursor.word(at) === 'WHERE');
  if (where < next) filters.push(scanExpression(cursor, where + 1, next));
  cursor.at = next;
}

function readInsertAction(cursor: Cursor, end: number, merge: Actions): void {
  if (cursor.symbol(cursor.at, '*') || cursor.is('ROW', 'ALL')) {
    merge.starActions = true;
    cursor.at++;
    return;
  }
  const columns = columnList(cursor, end);
  if (!cursor.eat('VALUES')) {
    if (cursor.is('ROW')) merge.starActions = true;
    return;
  }
  const close = cursor.closeOf(cursor.at, end);
  for (const [position, [from, to]] of commaRanges(cursor, cursor.at + 1, close).entries()) {
    const column = columns[position];
    const expression = scanExpression(cursor, from, to);
    merge.assignments.push(
      column === undefined
        ? { qualifier: [], columns: [], expression, position }
        : { qualifier: [], columns: [column], expression },
    );
  }
  cursor.at = Math.min(close + 1, end);
}
