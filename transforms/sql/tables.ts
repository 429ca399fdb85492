/** Statements about whole tables: ALTER, RENAME, TRUNCATE, DROP, and bulk loads and unloads between tables and files. */
import { columnList, findAtDepth } from './clauses.ts';
import { readCreate } from './create.ts';
import type { Cursor } from './cursor.ts';
import { readEmbedded } from './embedded.ts';
import type { Move, Name, Query, Statement, Touch } from './ir.ts';
import { locationName } from './names.ts';
import { beginsQuery, readQuery } from './query.ts';
import { stringsIn } from './table-functions.ts';
import { words } from './words.ts';

const dropped = words('TABLE VIEW');
const dropModifiers = words('TEMPORARY EXTERNAL MATERIALIZED FOREIGN DYNAMIC');

function other(line: number, understood = true): Statement {
  return { type: 'other', understood, line, with: [] };
}

function move(
  how: Move['how'],
  line: number,
  names: { source: Name; target: Name; sourceColumns?: readonly string[]; query?: Query | undefined },
): Move {
  return {
    type: 'move',
    how,
    source: names.source,
    target: names.target,
    sourceColumns: names.sourceColumns ?? [],
    query: names.query,
    line,
    with: [],
  };
}

/** Reads ALTER at the cursor. */
export function readAlter(cursor: Cursor, end: number): Statement {
  const line = cursor.token(cursor.at).line;
  if (['VIEW', 'MATERIALIZED'].includes(cursor.word(cursor.at + 1))) return readCreate(cursor, end);
  if (cursor.word(cursor.at + 1) !== 'TABLE') return other(line);
  cursor.at += 2;
  cursor.eatAll('IF', 'EXISTS');
  cursor.eat('ONLY');
  const table = cursor.name(end);
  if (table === undefined) return other(line, false);
  const verb = cursor.word(cursor.at);
  if (verb === 'RENAME') return readAlterRename(cursor, end, table);
  // Redshift: the rows of the other table move.
  if (verb === 'APPEND' && cursor.word(cursor.at + 1) === 'FROM') {
    cursor.at += 2;
    const source = cursor.name(end);
    return source === undefined ? other(line, false) : move('switch', line, { source, target: table });
  }
  if (verb === 'SWITCH' || verb === 'SWAP' || verb === 'EXCHANGE') {
    const at = findAtDepth(cursor, cursor.at, end, (index) => ['TO', 'WITH'].includes(cursor.word(index)));
    cursor.at = at + 1;
    cursor.eat('TABLE');
    const second = cursor.name(end);
    if (second === undefined) return other(line, false);
    return verb === 'SWITCH'
      ? move('switch', line, { source: table, target: second })
      : move('swap', line, { source: second, target: table });
  }
  return { type: 'alter', targets: [table], line, with: [] };
}

function readAlterRename(cursor: Cursor, end: number, table: Name): Statement {
  const line = cursor.token(cursor.at).line;
  cursor.at++;
  if (!cursor.is('TO', 'AS')) return { type: 'alter', targets: [table], line, with: [] };
  cursor.at++;
  const name = cursor.name(end);
  if (name === undefined) return other(line, false);
  const target = name.length === 1 ? [...table.slice(0, -1), ...name] : name;
  return move('alter-rename', line, { source: table, target });
}

/** Reads RENAME at the cursor: `RENAME OBJECT a TO b` (Synapse), `RENAME TABLE a TO b, c TO d` (MySQL). */
export function readRename(cursor: Cursor, end: number): Statement {
  const line = cursor.token(cursor.at).line;
  cursor.at++;
  const synapse = cursor.eat('OBJECT');
  cursor.eat('TABLE');
  if (cursor.symbol(cursor.at, '::')) cursor.at++;
  const statements: Statement[] = [];
  while (cursor.at < end) {
    const source = cursor.name(end);
    if (source === undefined || !cursor.is('TO', 'AS')) break;
    cursor.at++;
    const name = cursor.name(end);
    if (name === undefined) break;
    const target = name.length === 1 ? [...source.slice(0, -1), ...name] : name;
    statements.push(move(synapse ? 'rename' : 'alter-rename', line, { source, target }));
    if (!cursor.symbol(cursor.at, ',')) break;
    cursor.at++;
  }
  return statements.length === 0 ? other(line, false) : { type: 'several', statements, line, with: [] };
}

/** Reads TRUNCATE or DROP at the cursor. */
export function readTouch(cursor: Cursor, end: number, type: 'truncate' | 'drop'): Statement {
  const line = cursor.token(cursor.at).line;
  cursor.at++;
  cursor.skipWords(dropModifiers);
  const isTable = dropped.has(cursor.code(cursor.at));
  if (type === 'drop' && !isTable) return other(line);
  if (isTable) cursor.at++;
  cursor.eatAll('IF', 'EXISTS');
  cursor.eat('ONLY');
  const targets: Name[] = [];
  for (;;) {
    const name = cursor.name(end);
    if (name === undefined) break;
    targets.push(name);
    if (!cursor.symbol(cursor.at, ',')) break;
    cursor.at++;
  }
  const touch: Touch = { type, targets, line, with: [] };
  return targets.length === 0 ? other(line, false) : touch;
}

/** Reads COPY at the cursor, in the forms of Synapse, Snowflake, Redshift, PostgreSQL and Databricks. */
export function readCopy(cursor: Cursor, end: number): Statement {
  const line = cursor.token(cursor.at).line;
  cursor.at++;
  cursor.eat('INTO');
  const query = readGroupQuery(cursor, end);
  const first = query === undefined ? readPlace(cursor, end) : [];
  if (first === undefined) return other(line, false);
  const columns = query === undefined ? columnList(cursor, end) : [];
  cursor.at = findAtDepth(cursor, cursor.at, end, (at) => ['FROM', 'TO'].includes(cursor.word(at)));
  const toFile = cursor.is('TO');
  cursor.at++;
  const inner = readGroupQuery(cursor, end);
  const second = inner === undefined ? readPlace(cursor, end) : [];
  if (second === undefined) return other(line, false);
  // PostgreSQL: STDIN, STDOUT and PROGRAM are neither tables nor files.
  const stream = (inner === undefined ? second : [])[0]?.toUpperCase() ?? '';
  if (streams.hasText(stream) && second.length === 1 && cursor.dialect.dollarQuotes) {
    if (toFile) return query === undefined ? other(line) : readOnly(query, line);
    return { type: 'truncate', targets: [first], line, with: [] };
  }
  if (toFile) return move('copy', line, { source: first, target: second, query });
  return move('copy', line, { source: second, target: first, sourceColumns: columns, query: inner });
}

const streams = words('STDIN STDOUT PROGRAM');

/** A query whose rows go to nothing that has a name. */
function readOnly(query: Query, line: number): Statement {
  return { type: 'query', query, cursor: undefined, into: [], line, with: [] };
}

/** Reads UNLOAD ('query' or (query)) TO 'location'. */
export function readUnload(cursor: Cursor, end: number): Statement {
  const line = cursor.token(cursor.at).line;
  cursor.at++;
  const text = cursor.token(cursor.at + 1);
  const query =
    readGroupQuery(cursor, end) ??
    (text.kind === 'string' ? readEmbedded(cursor, text.text, text.line) : undefined);
  cursor.skipGroup(end);
  const target = cursor.eat('TO') ? readPlace(cursor, end) : undefined;
  if (target === undefined || query === undefined) return other(line, false);
  return move('copy', line, { source: [], target, query });
}

/** Reads BULK INSERT and LOAD DATA. */
export function readLoad(cursor: Cursor, end: number): Statement {
  const line = cursor.token(cursor.at).line;
  if (cursor.eatAll('BULK', 'INSERT')) {
    const target = cursor.name(end);
    cursor.at = findAtDepth(cursor, cursor.at, end, (at) => cursor.word(at) === 'FROM') + 1;
    const source = readPlace(cursor, end);
    return target === undefined || source === undefined
      ? other(line, false)
      : move('copy', line, { source, target });
  }
  if (cursor.word(cursor.at + 1) === 'DATA' && ['INTO', 'OVERWRITE'].includes(cursor.word(cursor.at + 2)))
    return readLoadFiles(cursor, end, line);
  const fileAt = findAtDepth(cursor, cursor.at, end, (at) => ['INFILE', 'INPATH'].includes(cursor.word(at)));
  const file = cursor.token(fileAt + 1);
  cursor.at = findAtDepth(cursor, fileAt, end, (at) => cursor.word(at) === 'TABLE') + 1;
  const target = cursor.name(end);
  return target === undefined || file.kind !== 'string'
    ? other(line, cursor.at >= end)
    : move('copy', line, { source: locationName(file.text), target });
}

/** Reads BigQuery's `LOAD DATA INTO t FROM FILES (uris = ['…'])`. */
function readLoadFiles(cursor: Cursor, end: number, line: number): Statement {
  cursor.at += 3;
  if (cursor.is('TEMP', 'TEMPORARY')) cursor.at++;
  cursor.eat('TABLE');
  const target = cursor.name(end);
  const at = findAtDepth(cursor, cursor.at, end, (index) => cursor.word(index) === 'FILES');
  const close = cursor.closeOf(at + 1, end);
  const files: string[] = [];
  for (let index = at; index < close; index++)
    if (cursor.word(index) === 'URIS')
      files.push(...stringsIn(cursor, index, cursor.closeOf(index + 2, close)));
  cursor.at = end;
  if (target === undefined || files.length === 0) return other(line, false);
  const statements = files.map((file) => move('copy', line, { source: locationName(file), target }));
  return { type: 'several', statements, line, with: [] };
}

/** Reads BigQuery's `EXPORT DATA … OPTIONS (uri = '…') AS query`. */
export function readExport(cursor: Cursor, end: number): Statement {
  const line = cursor.token(cursor.at).line;
  const options = findAtDepth(cursor, cursor.at, end, (at) => cursor.word(at) === 'OPTIONS') + 1;
  const close = cursor.closeOf(options, end);
  let target: Name | undefined;
  for (let at = options; at < close; at++) {
    if (cursor.word(at) === 'URI' && cursor.token(at + 2).kind === 'string')
      target = locationName(cursor.token(at + 2).text);
  }
  cursor.at = findAtDepth(cursor, cursor.at, end, (at) => cursor.word(at) === 'AS') + 1;
  if (target === undefined || !beginsQuery(cursor, cursor.at)) return other(line, cursor.at > end);
  return move('copy', line, { source: [], target, query: readQuery(cursor, end) });
}

function readGroupQuery(cursor: Cursor, end: number): Query | undefined {
  if (!cursor.symbol(cursor.at, '(') || !beginsQuery(cursor, cursor.at + 1)) return undefined;
  const close = cursor.closeOf(cursor.at, end);
  cursor.at++;
  const query = readQuery(cursor, close);
  cursor.at = Math.min(close + 1, end);
  return query;
}

/** A table, a file in quotes, or a Snowflake stage with its path. */
function readPlace(cursor: Cursor, end: number): Name | undefined {
  const token = cursor.token(cursor.at);
  if (token.kind === 'string') {
    cursor.at++;
    return locationName(token.text);
  }
  if (token.kind !== 'variable' && token.text !== '@') return cursor.name(end);
  let path = token.text;
  cursor.at++;
  while (
    cursor.at < end &&
    cursor.token(cursor.at).start === cursor.token(cursor.at - 1).end &&
    !cursor.symbol(cursor.at, '(')
  )
    path += cursor.token(cursor.at++).text;
  return locationName(path);
}
