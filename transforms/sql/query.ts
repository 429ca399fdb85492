/** Queries: WITH, SELECT, VALUES, set operators. Set operators make a flat list, so a long UNION costs no call depth. */
import { beginsClause, beginsPipe, clauseEnd, endsQuery } from './clauses.ts';
import type { Cursor } from './cursor.ts';
import { joinExpressions } from './bags.ts';
import { scanExpression } from './expression.ts';
import { readFrom } from './from.ts';
import { emptyExpression, type Expression, type Nested, type Query, type Select, type Values } from './ir.ts';
import { maxQueryDepth } from './limits.ts';
import { readInto } from './into.ts';
import { readItems } from './select-list.ts';
import { readValues } from './values.ts';
import { readWith } from './with.ts';
import { words } from './words.ts';

const setOperators = words('UNION EXCEPT INTERSECT MINUS');
const filterWords = words('WHERE HAVING QUALIFY PREWHERE CONNECT START');
const sortWords = words('ORDER SORT CLUSTER DISTRIBUTE');
const setModifiers = words('ALL DISTINCT BY NAME CORRESPONDING OUTER');
const nameWords = words('NAME CORRESPONDING');
const selectModifiers = words(
  'ALL DISTINCT DISTINCTROW SQL_CALC_FOUND_ROWS SQL_NO_CACHE SQL_CACHE STRAIGHT_JOIN HIGH_PRIORITY UNIQUE STREAM',
);

/** True if a query begins at the index. */
export function beginsQuery(cursor: Cursor, at: number): boolean {
  const word = cursor.word(at);
  if (word === 'SELECT' || word === 'WITH' || word === 'VALUES') return true;
  if (word === 'SEL') return cursor.dialect.name === 'teradata';
  if (word === 'FROM' || word === 'TABLE') return cursor.isName(at + 1) || cursor.symbol(at + 1, '(');
  return cursor.symbol(at, '(') && (cursor.symbol(at + 1, '(') || beginsPlainQuery(cursor.word(at + 1)));
}

function beginsPlainQuery(word: string): boolean {
  return word === 'SELECT' || word === 'WITH' || word === 'VALUES' || word === 'FROM' || word === 'SEL';
}

/** Reads the query at the cursor, up to `end` at most; leaves the cursor behind what belongs to it. */
export function readQuery(cursor: Cursor, end: number): Query {
  if (cursor.depth >= maxQueryDepth) {
    cursor.note(
      'too-deep',
      cursor.token(cursor.at).line,
      `More than ${maxQueryDepth} queries inside each other; the inner ones were left out.`,
    );
    cursor.at = end;
    return { with: [], branches: [], feeds: [] };
  }
  cursor.depth++;
  const query = readBranches(cursor, end);
  cursor.depth--;
  return query;
}

function readBranches(cursor: Cursor, end: number): Query {
  const tables = readWith(cursor, end);
  const branches: (Select | Values | Nested)[] = [];
  const feeds: boolean[] = [];
  let feed = true;
  let byName = false;
  while (cursor.at < end) {
    const start = cursor.at;
    const branch = readBranch(cursor, end);
    if (branch !== undefined) {
      branches.push(branch);
      feeds.push(feed);
    }
    skipTail(cursor, end);
    skipPipes(cursor, end);
    const operator = cursor.word(cursor.at);
    if (!setOperators.has(cursor.code(cursor.at)) || cursor.at >= end) break;
    // INTERSECT binds more tightly: behind EXCEPT its rows are taken away, too.
    feed = operator === 'UNION' || (operator === 'INTERSECT' && feed);
    cursor.at++;
    const from = cursor.at;
    cursor.skipWords(setModifiers);
    for (let at = from; at < cursor.at; at++) byName ||= nameWords.has(cursor.code(at));
    if (cursor.at <= start) break;
  }
  return byName ? { with: tables, branches, feeds, byName } : { with: tables, branches, feeds };
}

/** Skips ORDER BY, LIMIT and the like after a branch in parentheses. */
function skipTail(cursor: Cursor, end: number): void {
  while (
    cursor.at < end &&
    beginsClause(cursor, cursor.at) &&
    !setOperators.has(cursor.code(cursor.at)) &&
    !endsQuery(cursor, cursor.at)
  ) {
    cursor.at = clauseEnd(cursor, cursor.at + 1, end);
  }
}

/** Notes that what stands behind `|>` is not read. */
function skipPipes(cursor: Cursor, end: number): void {
  if (cursor.at >= end || !beginsPipe(cursor, cursor.at)) return;
  const { line } = cursor.token(cursor.at);
  cursor.note('partly-understood', line, `Pipe operators (|>) are not read, from line ${line} on.`);
  cursor.at = end;
}

function readBranch(cursor: Cursor, end: number): Select | Values | Nested | undefined {
  if (cursor.symbol(cursor.at, '(')) {
    const close = cursor.closeOf(cursor.at, end);
    cursor.at++;
    const query = readQuery(cursor, close);
    cursor.at = Math.min(close + 1, end);
    return { type: 'nested', query };
  }
  if (cursor.is('VALUES')) return readValues(cursor, end);
  if (cursor.eat('TABLE')) return tableAsSelect(cursor, end);
  if (cursor.is('SELECT', 'FROM', 'SEL')) return readSelect(cursor, end);
  return undefined;
}

function tableAsSelect(cursor: Cursor, end: number): Select {
  const line = cursor.token(cursor.at).line;
  cursor.at--;
  const { sources, joins } = readFrom(cursor, end);
  return finished(
    {
      items: [starItem(line)],
      into: [],
      intoTemporary: false,
      from: sources,
      joins: [joins],
      filters: [],
      groups: [],
      sorts: [],
    },
    line,
  );
}

function starItem(line: number): Select['items'][number] {
  return { name: '*', expression: emptyExpression, star: { qualifier: [], except: [] }, line };
}

function readSelect(cursor: Cursor, end: number): Select {
  const line = cursor.token(cursor.at).line;
  const parts: Parts = {
    items: [],
    into: [],
    intoTemporary: false,
    from: [],
    filters: [],
    joins: [],
    groups: [],
    sorts: [],
  };
  if (cursor.is('SELECT', 'SEL')) {
    cursor.at++;
    readSelectList(cursor, end, parts);
  }
  while (cursor.at < end) {
    if (!beginsClause(cursor, cursor.at)) {
      const at = cursor.at;
      if (cursor.word(at) === 'SELECT' && parts.items.length === 0) {
        // Hive and DuckDB: FROM first.
        cursor.at++;
        readSelectList(cursor, end, parts);
      } else break;
    } else if (setOperators.has(cursor.code(cursor.at)) || endsQuery(cursor, cursor.at)) break;
    else readClause(cursor, end, parts);
  }
  return finished(parts, line);
}

function finished(parts: Parts, line: number): Select {
  return {
    type: 'select',
    items: parts.items.length === 0 ? [starItem(line)] : parts.items,
    into: parts.into,
    intoTemporary: parts.intoTemporary,
    from: parts.from,
    filters: joinExpressions(parts.filters),
    joins: joinExpressions(parts.joins),
    groups: joinExpressions(parts.groups),
    sorts: joinExpressions(parts.sorts),
    line,
  };
}

interface Parts {
  items: Select['items'];
  into: Select['into'];
  intoTemporary: boolean;
  from: Select['from'];
  readonly filters: Expression[];
  readonly joins: Expression[];
  readonly groups: Expression[];
  readonly sorts: Expression[];
}

function readSelectList(cursor: Cursor, end: number, parts: Parts): void {
  for (;;) {
    cursor.skipWords(selectModifiers);
    if (cursor.is('ON') && cursor.symbol(cursor.at + 1, '(')) {
      cursor.at++;
      cursor.skipGroup(end);
    } else if (
      cursor.is('TOP') &&
      (cursor.symbol(cursor.at + 1, '(') || cursor.token(cursor.at + 1).kind === 'number')
    ) {
      cursor.at++;
      if (!cursor.skipGroup(end)) cursor.at++;
      cursor.eat('PERCENT');
      cursor.eatAll('WITH', 'TIES');
    } else if (cursor.is('AS') && ['STRUCT', 'VALUE'].includes(cursor.word(cursor.at + 1))) cursor.at += 2;
    else break;
  }
  const stop = clauseEnd(cursor, cursor.at, end);
  parts.items = readItems(cursor, cursor.at, stop);
  cursor.at = stop;
}

function readClause(cursor: Cursor, end: number, parts: Parts): void {
  const word = cursor.word(cursor.at);
  if (word === 'FROM') {
    const { sources, joins } = readFrom(cursor, end);
    parts.from = parts.from.length === 0 ? sources : [...parts.from, ...sources];
    parts.joins.push(joins);
    if (!beginsClause(cursor, cursor.at) && cursor.word(cursor.at) !== 'SELECT')
      cursor.at = clauseEnd(cursor, cursor.at, end);
    return;
  }
  if (word === 'INTO' || word === 'BULK') {
    ({ into: parts.into, intoTemporary: parts.intoTemporary } = readInto(cursor, end));
    return;
  }
  const from = cursor.at + 1;
  const stop = clauseEnd(cursor, from, end);
  const code = cursor.code(cursor.at);
  const list = filterWords.has(code)
    ? parts.filters
    : sortWords.has(code)
      ? parts.sorts
      : word === 'GROUP'
        ? parts.groups
        : undefined;
  list?.push(scanExpression(cursor, from, stop));
  cursor.at = Math.max(stop, from);
}
