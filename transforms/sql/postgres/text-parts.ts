/** Expressions that build SQL text: constants, variables and unknowns in order; `format`, `concat` and the quoting functions are followed. */
import type { TextPart } from '../ir.ts';
import { functionName } from './expression.ts';
import { fieldsOf, listOf, nodeOf, textOf, textsOf } from './tree.ts';

const unknown: TextPart = { unknown: true };

/** Reads an expression as text. */
export function readText(value: unknown): readonly TextPart[] {
  const node = nodeOf(value);
  if (node === undefined) return [unknown];
  const { kind, fields } = node;
  if (kind === 'A_Const') {
    const text = constant(value);
    return [text === undefined ? unknown : { text }];
  }
  if (kind === 'TypeCast') return readText(fields['arg']);
  if (kind === 'ColumnRef') {
    const [name, ...more] = textsOf(fields['fields']);
    return [name === undefined || more.length > 0 ? unknown : { variable: name }];
  }
  if (kind === 'A_Expr' && textsOf(fields['name']).join('') === '||')
    return [...readText(fields['lexpr']), ...readText(fields['rexpr'])];
  if (kind !== 'FuncCall') return [unknown];
  const args = listOf(fields['args']);
  switch (functionName(fields).join('.').toLowerCase()) {
    case 'concat':
      return args.flatMap(readText);
    case 'quote_ident':
      return quoted(args[0], '"');
    case 'quote_literal':
      return quoted(args[0], "'");
    case 'format':
      return formatted(constant(args[0]), args.slice(1));
    default:
      return [unknown];
  }
}

function constant(value: unknown): string | undefined {
  const fields = nodeOf(value)?.fields ?? {};
  const text = fieldsOf(fields['sval'])['sval'];
  if (typeof text === 'string') return text;
  if (fields['sval'] !== undefined) return '';
  const number = fieldsOf(fields['ival'])['ival'];
  return typeof number === 'number' ? String(number) : textOf(fieldsOf(fields['fval'])['fval']);
}

function quoted(value: unknown, quote: string): readonly TextPart[] {
  return [{ text: quote }, ...readText(value), { text: quote }];
}

/** `format('… %I … %2$L', …)`: names quoted, literals quoted, `%s` as it is. */
function formatted(pattern: string | undefined, args: readonly unknown[]): readonly TextPart[] {
  if (pattern === undefined) return [unknown];
  const parts: TextPart[] = [];
  let end = 0;
  let next = 0;
  for (const match of pattern.matchAll(/%(?:(\d+)\$)?(?:-?\d+)?([sIL%])/g)) {
    parts.push({ text: pattern.slice(end, match.index) });
    end = match.index + match[0].length;
    if (match[2] === '%') {
      parts.push({ text: '%' });
      continue;
    }
    const at = match[1] === undefined ? next : Number(match[1]) - 1;
    next = at + 1;
    if (match[2] === 's') parts.push(...readText(args[at]));
    else parts.push(...quoted(args[at], match[2] === 'I' ? '"' : "'"));
  }
  parts.push({ text: pattern.slice(end) });
  return parts;
}
