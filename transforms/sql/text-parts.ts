/** Expressions that build SQL text: constants, variables and unknowns in order, to be joined once the values are known. */
import { commaRanges } from './clauses.ts';
import type { Cursor } from './cursor.ts';
import type { TextPart } from './ir.ts';
import { expressionKeywords } from './words.ts';

const unknown: TextPart = { unknown: true };

/** Reads [from, end) as text: strings, variables, `+`, `||`, CONCAT, parentheses; all else is one unknown. */
export function readTextParts(cursor: Cursor, from: number, end: number): readonly TextPart[] {
  const parts: TextPart[] = [];
  let at = from;
  while (at < end) {
    const token = cursor.token(at);
    if (token.kind === 'string' || token.kind === 'number') parts.push({ text: token.text });
    else if (token.kind === 'operator' && (token.text === '+' || token.text === '||' || token.text === ':')) {
      at++;
      continue;
    } else if (token.upper === 'QUOTENAME' && cursor.symbol(at + 1, '(')) {
      const close = cursor.closeOf(at + 1, end);
      const [first] = commaRanges(cursor, at + 2, close);
      parts.push(
        { text: '[' },
        ...(first === undefined ? [unknown] : groupParts(cursor, first[0], first[1])),
        { text: ']' },
      );
      at = close;
    } else if (token.kind === '(' || (token.upper === 'CONCAT' && cursor.symbol(at + 1, '('))) {
      const open = token.kind === '(' ? at : at + 1;
      const close = cursor.closeOf(open, end);
      if (['SELECT', 'WITH'].includes(cursor.word(open + 1)) || parts.length > 4096) parts.push(unknown);
      else parts.push(...groupParts(cursor, open + 1, close));
      at = close;
    } else if (
      cursor.isName(at) &&
      !cursor.symbol(at + 1, '(') &&
      !cursor.symbol(at + 1, '.') &&
      !expressionKeywords.has(token.upper)
    ) {
      parts.push({ variable: cursor.identifier(at) });
    } else {
      parts.push(unknown);
      while (at + 1 < end && !['+', '||', ','].includes(cursor.token(at).text)) {
        at = cursor.symbol(at, '(') ? cursor.closeOf(at, end) : at + 1;
      }
      if (at + 1 >= end) return parts;
    }
    at++;
  }
  return parts;
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
