/** Functions of SQL that make text, as far as dynamic SQL is built with them. */
import { maxFoldedCharacters } from './limits.ts';
import { isUnknownText, unknownText } from './unknown-text.ts';

type TextFunction = (args: readonly string[]) => string;

const join: TextFunction = (args) => args.join('');

const quoteIdentifier: TextFunction = ([name = unknownText]) =>
  /^[a-z_][a-z0-9_$]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;

const quoteLiteral: TextFunction = ([text = unknownText]) => `'${text.replaceAll("'", "''")}'`;

const quoteName: TextFunction = ([name = unknownText, mark = '[']) => {
  if (mark.startsWith("'")) return quoteLiteral([name]);
  return mark.startsWith('"') ? `"${name.replaceAll('"', '""')}"` : `[${name.replaceAll(']', ']]')}]`;
};

const replace: TextFunction = ([text = unknownText, from = unknownText, to = unknownText]) => {
  if (from === '') return text;
  if (isUnknownText(from)) return unknownText;
  const pieces = text.split(from);
  const length = text.length + (pieces.length - 1) * to.length;
  return length > maxFoldedCharacters ? unknownText : pieces.join(to);
};

const character: TextFunction = ([code = '']) => {
  const number = Number(code);
  return Number.isInteger(number) && number > 0 && number < 0x10000
    ? String.fromCharCode(number)
    : unknownText;
};

const firstKnown: TextFunction = ([first = unknownText]) => first;

/** PostgreSQL's format(): %s, %I, %L, with positions (`%1$I`); T-SQL's FORMATMESSAGE(): %s, %d. */
const format: TextFunction = ([pattern = unknownText, ...values]) => {
  const longest = Math.max(0, ...values.map((value) => value.length));
  if (pattern.split('%').length * longest > maxFoldedCharacters) return unknownText;
  let next = 0;
  return pattern.replace(
    /%(?:(\d+)\$)?-?\d*([sILdiu%])/g,
    (_, position: string | undefined, kind: string) => {
      if (kind === '%') return '%';
      const value = values[position === undefined ? next++ : Number(position) - 1] ?? unknownText;
      if (kind === 'I') return quoteIdentifier([value]);
      return kind === 'L' ? quoteLiteral([value]) : value;
    },
  );
};

/** By name. Every argument is text in which what is not known is marked. */
export const textFunctions: ReadonlyMap<string, TextFunction> = new Map<string, TextFunction>([
  ['CONCAT', join],
  ['CONCAT_WS', ([separator = '', ...rest]) => rest.join(separator)],
  ['QUOTENAME', quoteName],
  ['QUOTE_IDENT', quoteIdentifier],
  ['QUOTE_LITERAL', quoteLiteral],
  ['QUOTE_NULLABLE', quoteLiteral],
  ['REPLACE', replace],
  ['CHAR', character],
  ['NCHAR', character],
  ['CHR', character],
  ['FORMATMESSAGE', format],
  ['FORMAT', format],
  ['ISNULL', firstKnown],
  ['COALESCE', firstKnown],
  ['NVL', firstKnown],
  ['IFNULL', firstKnown],
  ['UPPER', ([text = '']) => text.toUpperCase()],
  ['LOWER', ([text = '']) => text.toLowerCase()],
  ['LTRIM', ([text = '']) => text.trimStart()],
  ['RTRIM', ([text = '']) => text.trimEnd()],
  ['TRIM', ([text = '']) => text.trim()],
]);
