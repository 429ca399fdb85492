/** Quotations: strings, quoted names and dollar-quoted bodies, by the rules of the dialect. */
import { maxKeptLength, nextHash, wordIn } from './interned.ts';
import type { Lexer } from './lexer.ts';

/** Oracle's `q'[…]'` closes with the partner of its first character. */
const partners: ReadonlyMap<string, string> = new Map([
  ['[', ']'],
  ['(', ')'],
  ['{', '}'],
  ['<', '>'],
]);

/**
 * Reads a quotation at the lexer's position and adds its token.
 * @param prefix letters before a string, in upper case
 * @returns false if none begins here
 */
export function readQuoted(lexer: Lexer, prefix = ''): boolean {
  const { dialect, position } = lexer;
  switch (lexer.text[position]) {
    case "'":
      return readSingle(lexer, prefix);
    case '"':
      return readDouble(lexer);
    case '`':
      return readDelimited(lexer, '`', { kind: 'quoted', backslash: false, start: position });
    case '[':
      return (
        (dialect.brackets === true || (dialect.brackets === 'names' && lexer.beginsName())) &&
        readDelimited(lexer, ']', { kind: 'quoted', backslash: false, start: position })
      );
    case '$':
      return dialect.dollarQuotes && readDollar(lexer);
    default:
      return false;
  }
}

function readSingle(lexer: Lexer, prefix: string): boolean {
  const { text, dialect, position } = lexer;
  if (prefix.endsWith('Q') && dialect.name === 'oracle') return readOracleQuote(lexer);
  if (dialect.name === 'bigquery' && text.startsWith("'''", position)) return readTriple(lexer, "'''");
  const backslash = (dialect.backslash && prefix !== 'R') || prefix === 'E';
  return readDelimited(lexer, "'", { kind: 'string', backslash, start: position - prefix.length });
}

function readDouble(lexer: Lexer): boolean {
  const { text, dialect, position } = lexer;
  if (dialect.name === 'bigquery' && text.startsWith('"""', position)) return readTriple(lexer, '"""');
  const isString = dialect.doubleQuote === 'string';
  const backslash = isString && dialect.backslash;
  return readDelimited(lexer, '"', { kind: isString ? 'string' : 'quoted', backslash, start: position });
}

interface Delimited {
  readonly kind: 'string' | 'quoted';
  readonly backslash: boolean;
  readonly start: number;
}

function readDelimited(lexer: Lexer, close: string, options: Delimited): boolean {
  const { text } = lexer;
  const line = lexer.line;
  const closeCode = close.charCodeAt(0);
  const parts: string[] = [];
  let from = lexer.position + 1;
  let at = from;
  let closed = false;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === closeCode) {
      if (text.charCodeAt(at + 1) !== closeCode) {
        closed = true;
        break;
      }
      parts.push(text.slice(from, at + 1));
      at += 2;
      from = at;
    } else if (code === 92 && options.backslash) {
      if (text.charCodeAt(at + 1) === 10) lexer.line++;
      parts.push(text.slice(from, at));
      from = at + 1;
      at += 2;
    } else {
      if (code === 10) lexer.line++;
      at++;
    }
  }
  const end = Math.min(at, text.length);
  const value =
    parts.length === 0 ? piece(text, from, end, options.kind) : parts.join('') + text.slice(from, end);
  if (!closed) lexer.unterminated.push({ line, what: options.kind === 'string' ? 'string' : 'quoted name' });
  lexer.position = closed ? end + 1 : end;
  lexer.push(options.kind, value, options.start, line);
  return true;
}

/** The text between the quotes; a name is kept like a word, because it comes again. */
function piece(text: string, from: number, end: number, kind: Delimited['kind']): string {
  if (kind === 'string' || end - from > maxKeptLength) return text.slice(from, end);
  let hash = 0;
  for (let at = from; at < end; at++) hash = nextHash(hash, text.charCodeAt(at));
  return wordIn(text, from, end, hash).text;
}

/** Reads up to a fixed mark; adds a string token. */
function readUntil(lexer: Lexer, bodyStart: number, mark: string, start: number): boolean {
  const { text } = lexer;
  const line = lexer.line;
  const end = text.indexOf(mark, bodyStart);
  if (end === -1) lexer.unterminated.push({ line, what: 'string' });
  const stop = end === -1 ? text.length : end;
  for (let at = text.indexOf('\n', bodyStart); at !== -1 && at < stop; at = text.indexOf('\n', at + 1))
    lexer.line++;
  lexer.position = end === -1 ? stop : stop + mark.length;
  lexer.push('string', text.slice(bodyStart, stop), start, line);
  return true;
}

function readTriple(lexer: Lexer, mark: string): boolean {
  return readUntil(lexer, lexer.position + 3, mark, lexer.position);
}

function readOracleQuote(lexer: Lexer): boolean {
  const open = lexer.text.charAt(lexer.position + 1);
  return readUntil(lexer, lexer.position + 2, `${partners.get(open) ?? open}'`, lexer.position);
}

const dollarTag = /\$(?:[A-Za-z_][A-Za-z0-9_]{0,63})?\$/y;

function readDollar(lexer: Lexer): boolean {
  dollarTag.lastIndex = lexer.position;
  const tag = dollarTag.exec(lexer.text)?.[0];
  return tag !== undefined && readUntil(lexer, lexer.position + tag.length, tag, lexer.position);
}
