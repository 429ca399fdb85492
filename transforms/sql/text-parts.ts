/** Expressions that build SQL text: constants, variables, calls and unknowns in order, to be joined once the values are known. */
import { commaRanges, findAtDepth } from './clauses.ts';
import type { Cursor } from './cursor.ts';
import type { TextPart } from './ir.ts';
import { maxTextDepth } from './limits.ts';
import { textFunctions } from './text-functions.ts';
import { expressionKeywords, words } from './words.ts';

const unknown: TextPart = { unknown: true };
const maxParts = 65_536;
const joins: ReadonlySet<string> = new Set(['+', '||', ':']);
const casts = words('CAST TRY_CAST CONVERT TRY_CONVERT');

/** Reads [from, end) as text: strings, variables, `+`, `||`, functions whose result can be told; all else is one unknown. */
export function readTextParts(cursor: Cursor, from: number, end: number, depth = 0): readonly TextPart[] {
  if (depth > maxTextDepth) return [unknown];
  const parts: TextPart[] = [];
  let at = from;
  while (at < end && parts.length < maxParts) at = readPart(cursor, at, { end, depth, parts });
  if (at < end) parts.push(unknown);
  return parts;
}

interface Reading {
  readonly end: number;
  readonly depth: number;
  readonly parts: TextPart[];
}

/** Reads one part and gives the index behind it. */
function readPart(cursor: Cursor, at: number, reading: Reading): number {
  const { end, parts, depth } = reading;
  const token = cursor.token(at);
  if (token.kind === 'operator' && joins.has(token.text)) return at + 1;
  if (token.kind === 'string' || token.kind === 'number') parts.push({ text: token.text });
  else if (token.upper === 'COLLATE') return at + 2;
  else if (token.kind === '(') {
    const close = cursor.closeOf(at, end);
    const isQuery = ['SELECT', 'WITH'].includes(cursor.word(at + 1));
    parts.push(...(isQuery ? [unknown] : readTextParts(cursor, at + 1, close, depth + 1)));
    return close + 1;
  } else if (cursor.symbol(at + 1, '(')) return readFunction(cursor, at, reading);
  else if (isVariable(cursor, at)) parts.push({ variable: sessionVariable(cursor.identifier(at)) });
  else {
    parts.push(unknown);
    return nextJoin(cursor, at, end);
  }
  return at + 1;
}

function readFunction(cursor: Cursor, at: number, { end, depth, parts }: Reading): number {
  const close = cursor.closeOf(at + 1, end);
  const name = cursor.word(at);
  const ranges = commaRanges(cursor, at + 2, close);
  if (casts.has(cursor.code(at))) parts.push(...readCast(cursor, { ranges, close, name }, depth));
  else if (textFunctions.has(name)) {
    const args = ranges.map(([from, to]) => readTextParts(cursor, from, to, depth + 1));
    parts.push({ call: name, args });
  } else parts.push(unknown);
  return close + 1;
}

/** `CAST(x AS t)`, T-SQL's `CONVERT(t, x)`, `CONVERT(x, t)` and `CONVERT(x USING t)` elsewhere: the text of x. */
function readCast(
  cursor: Cursor,
  { ranges, close, name }: { ranges: readonly (readonly [number, number])[]; close: number; name: string },
  depth: number,
): readonly TextPart[] {
  const [first, second] = ranges;
  const range = name.endsWith('CONVERT') && cursor.dialect.tsql ? second : first;
  if (range === undefined) return [unknown];
  const [from, to] = range;
  const stop = findAtDepth(cursor, from, Math.min(to, close), (at) =>
    ['AS', 'USING'].includes(cursor.word(at)),
  );
  return readTextParts(cursor, from, stop, depth + 1);
}

/** Snowflake writes `$name` for what SET calls `name`. */
function sessionVariable(name: string): string {
  return name.startsWith('$') ? name.slice(1) : name;
}

function isVariable(cursor: Cursor, at: number): boolean {
  if (!cursor.isName(at) || expressionKeywords.has(cursor.code(at))) return false;
  return !cursor.symbol(at + 1, '.');
}

/** The next `+` or `||` behind something that is not known. */
function nextJoin(cursor: Cursor, from: number, end: number): number {
  let at = from;
  while (at < end && !(cursor.token(at).kind === 'operator' && joins.has(cursor.token(at).text))) {
    at = cursor.symbol(at, '(') ? cursor.closeOf(at, end) + 1 : at + 1;
  }
  return Math.max(at, from + 1);
}
