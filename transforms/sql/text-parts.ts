/** Expressions that build SQL text: constants, variables and unknowns in order, to be joined once the values are known. */
import { commaRanges } from './clauses.ts';
import type { Cursor } from './cursor.ts';
import type { TextPart } from './ir.ts';
import { expressionKeywords } from './words.ts';

const unknown: TextPart = { unknown: true };

/** Reads [from, end) as text: strings, variables, `+`, `||`, CONCAT, QUOTENAME, parentheses; all else is one unknown. */
export function readTextParts(cursor: Cursor, from: number, end: number): readonly TextPart[] {
  const parts: TextPart[] = [];
  let at = from;
  while (at < end && parts.length < maxParts) at = readPart(cursor, at, end, parts);
  if (at < end) parts.push(unknown);
  return parts;
}

const maxParts = 65_536;
const joins: ReadonlySet<string> = new Set(['+', '||', ':']);

/** Reads one part and gives the index behind it. */
function readPart(cursor: Cursor, at: number, end: number, parts: TextPart[]): number {
  const token = cursor.token(at);
  if (token.kind === 'operator' && joins.has(token.text)) return at + 1;
  if (token.kind === 'string' || token.kind === 'number') parts.push({ text: token.text });
  else if (token.kind === '(') return readGroup(cursor, at, end, parts);
  else if (cursor.symbol(at + 1, '(') && token.upper === 'CONCAT')
    return readGroup(cursor, at + 1, end, parts);
  else if (cursor.symbol(at + 1, '(') && token.upper === 'QUOTENAME') {
    const close = cursor.closeOf(at + 1, end);
    const [first] = commaRanges(cursor, at + 2, close);
    parts.push({ text: '[' }, ...(first === undefined ? [unknown] : groupParts(cursor, first[0], first[1])), {
      text: ']',
    });
    return close + 1;
  } else if (isVariable(cursor, at)) parts.push({ variable: cursor.identifier(at) });
  else {
    parts.push(unknown);
    return nextJoin(cursor, at, end);
  }
  return at + 1;
}

function isVariable(cursor: Cursor, at: number): boolean {
  if (!cursor.isName(at) || expressionKeywords.has(cursor.word(at))) return false;
  return !cursor.symbol(at + 1, '(') && !cursor.symbol(at + 1, '.');
}

function readGroup(cursor: Cursor, open: number, end: number, parts: TextPart[]): number {
  const close = cursor.closeOf(open, end);
  if (['SELECT', 'WITH'].includes(cursor.word(open + 1))) parts.push(unknown);
  else parts.push(...groupParts(cursor, open + 1, close));
  return close + 1;
}

/** The next `+` or `||` behind something that is not known. */
function nextJoin(cursor: Cursor, from: number, end: number): number {
  let at = from;
  while (at < end && !(cursor.token(at).kind === 'operator' && joins.has(cursor.token(at).text))) {
    at = cursor.symbol(at, '(') ? cursor.closeOf(at, end) + 1 : at + 1;
  }
  return at;
}

/** The arguments of CONCAT or the inside of parentheses, flat: nested groups become unknown rather than recursion. */
function groupParts(cursor: Cursor, from: number, end: number): readonly TextPart[] {
  return commaRanges(cursor, from, end).flatMap(([start, stop]): readonly TextPart[] => {
    const flat: TextPart[] = [];
    for (let at = start; at < stop; at++) {
      const token = cursor.token(at);
      if (token.kind === 'string') flat.push({ text: token.text });
      else if (token.kind === 'variable' || (cursor.isName(at) && stop - start === 1))
        flat.push({ variable: cursor.identifier(at) });
      else if (token.kind !== 'operator' || (token.text !== '+' && token.text !== '||')) return [unknown];
    }
    return flat;
  });
}
