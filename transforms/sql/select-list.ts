/** The select list: items with their names, stars, and T-SQL's `alias = value` and `@variable = value`. */
import { commaRanges, findAtDepth } from './clauses.ts';
import type { Cursor } from './cursor.ts';
import { skipType } from './data-types.ts';
import { scanExpression } from './expression.ts';
import { emptyExpression, type SelectItem, type TextPart } from './ir.ts';
import { readTextParts } from './text-parts.ts';
import { expressionEnds, expressionKeywords, notAliases, words } from './words.ts';

/** Reads the items in [from, end). */
export function readItems(cursor: Cursor, from: number, end: number): readonly SelectItem[] {
  if (scripts.has(cursor.code(from)) && cursor.symbol(from + 1, '(')) {
    const items = readScript(cursor, from, end);
    if (items !== undefined) return items;
  }
  return commaRanges(cursor, from, end).map(([start, stop]) => readItem(cursor, start, stop));
}

const scripts = words('TRANSFORM MAP REDUCE');

/** Hive and Spark: `TRANSFORM (a, b) USING 'script' AS (x, y)`: each new column comes from all that goes in. */
function readScript(cursor: Cursor, from: number, end: number): readonly SelectItem[] | undefined {
  const close = cursor.closeOf(from + 1, end);
  const using = findAtDepth(cursor, close + 1, end, (at) => cursor.word(at) === 'USING');
  const as = findAtDepth(cursor, using, end, (at) => cursor.word(at) === 'AS');
  if (using >= end || as >= end) return undefined;
  const expression = scanExpression(cursor, from, close + 1);
  const grouped = cursor.symbol(as + 1, '(');
  const stop = grouped ? cursor.closeOf(as + 1, end) : end;
  const { line } = cursor.token(from);
  return commaRanges(cursor, grouped ? as + 2 : as + 1, stop).map(([at]) => ({
    name: cursor.identifier(at),
    expression,
    line,
  }));
}

function readItem(cursor: Cursor, from: number, end: number): SelectItem {
  return readStar(cursor, from, end) ?? readAssigned(cursor, from, end) ?? readValue(cursor, from, end);
}

/** The parts of a name in front of a star. */
function readQualifier(cursor: Cursor, from: number, end: number): readonly string[] {
  const qualifier: string[] = [];
  for (let at = from; at + 1 < end && cursor.isName(at) && cursor.symbol(at + 1, '.'); at += 2)
    qualifier.push(cursor.identifier(at));
  return qualifier;
}

function readStar(cursor: Cursor, from: number, end: number): SelectItem | undefined {
  const qualifier = readQualifier(cursor, from, end);
  let at = from + 2 * qualifier.length;
  if (!cursor.symbol(at, '*')) return undefined;
  const line = cursor.token(from).line;
  const except: string[] = [];
  const replaced: SelectItem[] = [];
  const renamed: (readonly [string, string])[] = [];
  let like: string | undefined;
  for (at++; at < end; at++) {
    const word = cursor.word(at);
    if (word === 'EXCEPT' || word === 'EXCLUDE') except.push(...excluded(cursor, at + 1, end));
    else if (word === 'REPLACE' && cursor.symbol(at + 1, '(')) {
      at++;
      replaced.push(...readItems(cursor, at + 1, cursor.closeOf(at, end)));
    } else if (word === 'ILIKE' && cursor.token(at + 1).kind === 'string') {
      like = cursor.token(at + 1).text;
      at++;
    } else if (word === 'RENAME') renamed.push(...newNames(cursor, at + 1, end));
    else if (!cursor.symbol(at, '(')) continue;
    if (cursor.symbol(at, '(')) at = cursor.closeOf(at, end);
  }
  const star = { qualifier, except, replaced, renamed, ...(like !== undefined && { like }) };
  return { name: '*', expression: emptyExpression, star, line };
}

function excluded(cursor: Cursor, at: number, end: number): readonly string[] {
  if (!cursor.symbol(at, '(')) return [cursor.identifier(at)];
  return commaRanges(cursor, at + 1, cursor.closeOf(at, end)).map(([start]) => cursor.identifier(start));
}

/** Snowflake's `RENAME a AS b` and `RENAME (a AS b, c AS d)`. */
function newNames(cursor: Cursor, at: number, end: number): readonly (readonly [string, string])[] {
  const grouped = cursor.symbol(at, '(');
  const ranges = grouped ? commaRanges(cursor, at + 1, cursor.closeOf(at, end)) : [[at, at + 3] as const];
  return ranges
    .filter(([from]) => cursor.word(from + 1) === 'AS')
    .map(([from]) => [cursor.identifier(from), cursor.identifier(from + 2)] as const);
}

function readAssigned(cursor: Cursor, from: number, end: number): SelectItem | undefined {
  const token = cursor.token(from);
  const sign = cursor.token(from + 1);
  if (sign.kind !== 'operator' || end - from < 3) return undefined;
  const compound =
    sign.text === '+=' ||
    sign.text === '-=' ||
    sign.text === '*=' ||
    sign.text === '/=' ||
    sign.text === ':=';
  if (sign.text !== '=' && !compound) return undefined;
  const expression = (): SelectItem['expression'] => scanExpression(cursor, from + 2, end);
  if (token.kind === 'variable') {
    const variable = cursor.identifier(from);
    const append: readonly TextPart[] = sign.text === '+=' ? [{ variable }] : [];
    const text = [...append, ...readTextParts(cursor, from + 2, end)];
    return { name: variable, expression: expression(), assigns: variable, text, line: token.line };
  }
  if (!cursor.dialect.tsql || !cursor.isName(from) || compound) return undefined;
  return { name: cursor.identifier(from), expression: expression(), line: token.line };
}

function readValue(cursor: Cursor, from: number, end: number): SelectItem {
  const line = cursor.token(from).line;
  const alias = aliasStart(cursor, from, end);
  const stop = alias ?? end;
  const expression = scanExpression(cursor, from, stop);
  if (alias !== undefined) return { name: aliasName(cursor, end - 1), expression, line };
  const [only] = expression.refs;
  const named = columnName(cursor, from, end);
  if (only !== undefined && expression.refs.length === 1 && named !== undefined) {
    return { name: named, expression, line };
  }
  return { name: cursor.textOf(from, end), expression, line };
}

/** The column's own name, if the item is a column, perhaps with Teradata's phrase or a Snowflake path after it. */
function columnName(cursor: Cursor, from: number, end: number): string | undefined {
  let at = from;
  while (at + 2 < end && cursor.isName(at) && cursor.symbol(at + 1, '.')) at += 2;
  if (!cursor.isName(at)) return undefined;
  if (at + 1 === end) return cursor.identifier(at);
  // `a.b::type` keeps the column's name; Snowflake makes the whole text the name.
  if (cursor.symbol(at + 1, '::') && cursor.dialect.name !== 'snowflake')
    return skipType(cursor, at + 2, end) === end ? cursor.identifier(at) : undefined;
  const phrase =
    cursor.symbol(at + 1, '(') &&
    cursor.closeOf(at + 1, end) === end - 1 &&
    cursor.token(at + 3).kind === 'string';
  if (phrase && cursor.dialect.name === 'teradata') return cursor.identifier(at);
  return undefined;
}

function aliasName(cursor: Cursor, at: number): string {
  const token = cursor.token(at);
  return token.kind === 'string' ? token.text : cursor.identifier(at);
}

const namedKinds: ReadonlySet<string> = new Set(['word', 'quoted', 'string']);
/** Tokens that end an expression, so that a name behind them is its alias. */
const endingKinds: ReadonlySet<string> = new Set([
  ')',
  'string',
  'number',
  'quoted',
  'variable',
  'temporary',
]);

/** The index where the alias (with its AS) begins; undefined if the item has none. */
function aliasStart(cursor: Cursor, from: number, end: number): number | undefined {
  const last = cursor.token(end - 1);
  if (end - from < 2 || !namedKinds.has(last.kind)) return undefined;
  if (cursor.word(end - 2) === 'AS') return end - 2;
  return isBareAlias(cursor, end - 1) ? end - 1 : undefined;
}

function isBareAlias(cursor: Cursor, at: number): boolean {
  const last = cursor.token(at);
  const before = cursor.token(at - 1);
  if (expressionKeywords.has(last.code) || notAliases.has(last.code)) return false;
  if (last.kind === 'string')
    return before.kind === 'quoted' || before.kind === ')' || (cursor.dialect.tsql && before.kind === 'word');
  if (before.kind === 'word') return endsExpression(cursor, before.code, at - 1);
  return endingKinds.has(before.kind) || cursor.symbol(at - 1, ']');
}

const expressionOpeners = words('AS CASE INTERVAL COLLATE OVER');

function endsExpression(cursor: Cursor, code: number, at: number): boolean {
  if (expressionEnds.has(code) || cursor.symbol(at - 1, '.')) return true;
  return !expressionKeywords.has(code) && !expressionOpeners.has(code);
}
