/** Where clauses end: the first keyword of a set at the same depth as the start. Groups and CASE are stepped over. */
import type { Cursor } from './cursor.ts';
import { anglesEnd, collections } from './collections.ts';
import { clauseWords, words } from './words.ts';

const afterSetOperator = words('SELECT ALL DISTINCT FROM VALUES WITH TABLE CORRESPONDING BY');

const queryOptions = words('CHECK READ LOCAL CASCADED NO DATA UR CS RS RR');

/** BigQuery and Databricks: `query |> operator …`. */
export function beginsPipe(cursor: Cursor, at: number): boolean {
  return (
    cursor.symbol(at, '|') &&
    cursor.symbol(at + 1, '>') &&
    cursor.token(at).end === cursor.token(at + 1).start &&
    cursor.dialect.structs
  );
}

type ClauseRule = (cursor: Cursor, at: number) => boolean;

const followedBy =
  (...followers: readonly string[]): ClauseRule =>
  (cursor, at) =>
    followers.includes(cursor.word(at + 1));

/** `ON DUPLICATE KEY UPDATE`, `ON CONFLICT …`: of the INSERT, not of its query. */
function isConflict(cursor: Cursor, at: number): boolean {
  return ['DUPLICATE', 'CONFLICT'].includes(cursor.word(at + 1)) && !cursor.symbol(at + 2, '.');
}

/** ClickHouse: `SETTINGS name = value`, `FORMAT name` at the end. */
const isSetting: ClauseRule = (cursor, at) =>
  cursor.dialect.name === 'clickhouse' && cursor.symbol(at + 2, '=');
const isFormat: ClauseRule = (cursor, at) =>
  cursor.dialect.name === 'clickhouse' &&
  cursor.isName(at + 1) &&
  (cursor.symbol(at + 2, ';') || cursor.token(at + 2).text === '' || cursor.word(at + 2) === 'SETTINGS');

const isSetOperator: ClauseRule = (cursor, at) =>
  cursor.symbol(at + 1, '(') ? !cursor.symbol(at - 1, '*') : afterSetOperator.has(cursor.code(at + 1));

const isLimit: ClauseRule = (cursor, at) => {
  const next = cursor.token(at + 1);
  return (
    next.kind !== ',' &&
    next.kind !== 'operator' &&
    next.text !== '' &&
    next.upper !== 'FROM' &&
    next.upper !== 'AS'
  );
};

/** What makes a word that could be a column the start of a clause. */
const clauseRules: ReadonlyMap<string, ClauseRule> = new Map<string, ClauseRule>([
  // `a IS DISTINCT FROM b`
  [
    'FROM',
    (cursor, at) => cursor.word(at - 1) !== 'DISTINCT' || !['IS', 'NOT'].includes(cursor.word(at - 2)),
  ],
  ['GROUP', followedBy('BY')],
  ['ORDER', followedBy('BY', 'SIBLINGS')],
  ['CLUSTER', followedBy('BY')],
  ['DISTRIBUTE', followedBy('BY')],
  ['SORT', followedBy('BY')],
  ['CONNECT', followedBy('BY')],
  ['START', followedBy('WITH')],
  ['FOR', (cursor, at) => cursor.word(at - 1) !== 'VALUE'],
  ['FETCH', followedBy('NEXT', 'FIRST')],
  ['BULK', followedBy('COLLECT')],
  ['OPTION', (cursor, at) => cursor.symbol(at + 1, '(')],
  ['WINDOW', (cursor, at) => cursor.word(at + 2) === 'AS'],
  // WITH CHECK OPTION, WITH READ ONLY, WITH NO DATA, WITH UR: what stands behind the query of a view.
  ['WITH', (cursor, at) => queryOptions.has(cursor.code(at + 1)) && cursor.word(at + 2) !== 'AS'],
  ['LOG', followedBy('ERRORS')],
  ['ON', isConflict],
  ['RETURNING', (cursor, at) => cursor.isName(at + 1) || cursor.symbol(at + 1, '*')],
  ['SETTINGS', isSetting],
  ['FORMAT', isFormat],
  ['LIMIT', isLimit],
  ['OFFSET', isLimit],
  ['UNION', isSetOperator],
  ['EXCEPT', isSetOperator],
  ['INTERSECT', isSetOperator],
  ['MINUS', isSetOperator],
]);

/** True if the word at the index begins a clause of a query, rather than being a column of that name. */
export function beginsClause(cursor: Cursor, at: number): boolean {
  const upper = cursor.word(at);
  if (!clauseWords.has(cursor.code(at)) || cursor.symbol(at - 1, '.') || cursor.symbol(at + 1, '.'))
    return false;
  return clauseRules.get(upper)?.(cursor, at) ?? true;
}

/** True if the query ends at the index, because what follows belongs to the statement around it. */
export function endsQuery(cursor: Cursor, at: number): boolean {
  return ['ON', 'RETURNING'].includes(cursor.word(at)) && beginsClause(cursor, at);
}

/** The index of the first token in [from, end) at depth 0 for which `stops` holds; `end` if there is none. */
export function findAtDepth(
  cursor: Cursor,
  from: number,
  end: number,
  stops: (at: number) => boolean,
): number {
  let cases = 0;
  for (let at = from; at < end; at++) {
    const token = cursor.token(at);
    if (token.close > 0) at = cursor.closeOf(at, end);
    else if (collections.has(token.code)) at = anglesEnd(cursor, at, end);
    else if (token.upper === 'CASE' && !cursor.symbol(at - 1, '.')) cases++;
    else if (token.upper === 'END' && cases > 0) cases--;
    else if (cases === 0 && stops(at)) return at;
  }
  return end;
}

/** The end of the clause that holds `from`. */
export function clauseEnd(cursor: Cursor, from: number, end: number): number {
  return findAtDepth(cursor, from, end, (at) => beginsClause(cursor, at) || beginsPipe(cursor, at));
}

/** Cuts [from, end) at the commas of depth 0, as ranges. Empty pieces are left out. */
export function commaRanges(
  cursor: Cursor,
  from: number,
  end: number,
): readonly (readonly [number, number])[] {
  const ranges: (readonly [number, number])[] = [];
  let start = from;
  while (start < end) {
    const comma = findAtDepth(cursor, start, end, (at) => cursor.token(at).kind === ',');
    if (comma > start) ranges.push([start, comma]);
    start = comma + 1;
  }
  return ranges;
}

/** Reads `(a, b, c)` as folded names, skipping what follows each (types, order); [] if no group follows. */
export function columnList(cursor: Cursor, end: number): readonly string[] {
  if (!cursor.symbol(cursor.at, '(')) return [];
  const close = cursor.closeOf(cursor.at, end);
  const names: string[] = [];
  for (const [from, to] of commaRanges(cursor, cursor.at + 1, close)) {
    let at = from;
    while (at + 2 < to && cursor.symbol(at + 1, '.')) at += 2;
    if (cursor.isName(at)) names.push(cursor.identifier(at));
  }
  cursor.at = Math.min(close + 1, end);
  return names;
}
