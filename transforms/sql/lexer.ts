/**
 * SQL text to tokens, for every dialect, in one pass. Linear in the text, never throws: what has no end runs to the end
 * of the text and is noted.
 */
import { isDigit, isSpace, isWordPart, isWordStart } from './characters.ts';
import type { Dialect } from './dialects.ts';
import { nextHash, wordIn } from './interned.ts';
import { maxTokens } from './limits.ts';
import { readQuoted } from './quotes.ts';
import type { LexResult, Token, TokenKind } from './tokens.ts';

function isPunctuation(symbol: string): symbol is '(' | ')' | ',' | ';' | '.' {
  return symbol === ',' || symbol === '.' || symbol === '(' || symbol === ')' || symbol === ';';
}

const doubleOperators: ReadonlyMap<string, string> = new Map(
  ['::', ':=', '=>', '||', '+=', '->', '<=', '>=', '<>', '!=', '-=', '*=', '/='].map((operator) => [
    operator,
    operator,
  ]),
);
/** Letters that may stand directly before a string and change what it is. */
const stringPrefixes: ReadonlySet<string> = new Set(['N', 'E', 'B', 'X', 'R', 'RB', 'BR', 'Q', 'NQ']);

const executable = /\/\*M?!\d{0,6}/y;

/** Cuts text into tokens by the lexical rules of the dialect; lines count from `firstLine`. */
export function lex(text: string, dialect: Dialect, firstLine = 1): LexResult {
  return new Lexer(text, dialect, firstLine).run();
}

/** The state of one pass. Fields are shared with the readers of quotations. */
export class Lexer {
  readonly text: string;
  readonly dialect: Dialect;
  readonly unterminated: { line: number; what: string }[] = [];
  position = 0;
  line: number;
  private readonly tokens: Token[] = [];
  /** MySQL clients change the end of a statement with DELIMITER. */
  private delimiter: string | undefined;
  /** How many `/*!` are open. */
  private executables = 0;

  constructor(text: string, dialect: Dialect, firstLine: number) {
    this.text = text;
    this.dialect = dialect;
    this.line = firstLine;
  }

  run(): LexResult {
    const { text } = this;
    while (this.position < text.length) {
      if (this.tokens.length >= maxTokens) {
        return { tokens: this.tokens, unterminated: this.unterminated, truncatedAtLine: this.line };
      }
      const code = text.charCodeAt(this.position);
      if (this.delimiter !== undefined && text.startsWith(this.delimiter, this.position))
        this.statementEnd(this.delimiter);
      else if (code === 10) {
        this.line++;
        this.position++;
      } else if (isSpace(code)) this.position++;
      else if (!this.mayBeComment(code) || !this.comment()) this.token(code);
    }
    return { tokens: this.tokens, unterminated: this.unterminated, truncatedAtLine: undefined };
  }

  /** `-`, `/` and `#`; and `*` within an executable comment. */
  private mayBeComment(code: number): boolean {
    return code === 45 || code === 47 || code === 35 || (code === 42 && this.executables > 0);
  }

  /** Adds a token that ends at the current position. */
  push(kind: TokenKind, value: string, start: number, line: number): void {
    this.tokens.push({ kind, text: value, upper: '', code: 0, start, end: this.position, line, close: 0 });
  }

  private comment(): boolean {
    const { text, dialect, position } = this;
    const two = text.startsWith('--', position) || (dialect.slashComment && text.startsWith('//', position));
    if (two || (dialect.hashComment && text[position] === '#')) {
      const end = text.indexOf('\n', position);
      this.position = end === -1 ? text.length : end;
      return true;
    }
    if (!text.startsWith('/*', position)) return this.endOfExecutable();
    if (dialect.hashComment && this.beginsExecutable()) return true;
    this.blockComment();
    return true;
  }

  /** MySQL and MariaDB run what stands in `/*!50001` and `/*M!`: only the marks are skipped. */
  private beginsExecutable(): boolean {
    executable.lastIndex = this.position;
    const mark = executable.exec(this.text)?.[0];
    if (mark === undefined || this.dialect.name === 'bigquery') return false;
    this.position += mark.length;
    this.executables++;
    return true;
  }

  private endOfExecutable(): boolean {
    if (this.executables === 0 || !this.text.startsWith('*/', this.position)) return false;
    this.executables--;
    this.position += 2;
    return true;
  }

  private blockComment(): void {
    const { text } = this;
    const line = this.line;
    let depth = 1;
    let at = this.position + 2;
    while (at < text.length && depth > 0) {
      const code = text.charCodeAt(at);
      if (code === 42 && text.charCodeAt(at + 1) === 47) {
        depth--;
        at += 2;
      } else if (this.dialect.nestedComments && code === 47 && text.charCodeAt(at + 1) === 42) {
        depth++;
        at += 2;
      } else {
        if (code === 10) this.line++;
        at++;
      }
    }
    if (depth > 0) this.unterminated.push({ line, what: 'comment' });
    this.position = at;
  }

  private token(code: number): void {
    if (!readQuoted(this)) this.bare(code);
  }

  private statementEnd(delimiter: string): void {
    const start = this.position;
    this.position += delimiter.length;
    this.push(';', ';', start, this.line);
  }

  /** The end of what may begin with a letter or digit: where its characters end, or where the delimiter stands within, as in `END$$`. */
  private wordEnd(start: number): number {
    const { text, delimiter } = this;
    let end = start + 1;
    while (end < text.length && isWordPart(text.charCodeAt(end))) end++;
    return delimiter === undefined ? end : this.beforeDelimiter(start, end, delimiter);
  }

  /** The delimiter may also begin within and end behind. */
  private beforeDelimiter(start: number, end: number, delimiter: string): number {
    const at = this.text.slice(start + 1, end + delimiter.length - 1).indexOf(delimiter);
    return at < 0 ? end : start + 1 + at;
  }

  private bare(code: number): void {
    const { text } = this;
    const start = this.position;
    if (code === 36 && this.isParameter(start)) this.parameter(start);
    else if (isWordStart(code)) this.word(start);
    else if (code === 64) this.prefixed('variable', start);
    else if (code === 35 && (this.dialect.tsql || this.dialect.name === 'redshift'))
      this.prefixed('temporary', start);
    else if (isDigit(code) || (code === 46 && isDigit(text.charCodeAt(start + 1)) && !this.afterName()))
      this.number(start);
    else this.symbol(start);
  }

  /** True if the dollar sign here begins no name. */
  private isParameter(start: number): boolean {
    const next = this.text.charCodeAt(start + 1);
    const { dollarWords } = this.dialect;
    return dollarWords === 'parameters' ? isWordPart(next) : dollarWords === 'numbers' && isDigit(next);
  }

  /** `$1` stands for a value and has no name; in T-SQL it is one, an amount of money. */
  private parameter(start: number): void {
    if (isDigit(this.text.charCodeAt(start + 1))) this.number(start);
    else this.prefixed('variable', start);
  }

  /** True if a dot here continues a name, so that `t.1` is no number. */
  private afterName(): boolean {
    const last = this.tokens.at(-1);
    return (
      last !== undefined && last.end === this.position && (last.kind === 'word' || last.kind === 'quoted')
    );
  }

  /** True if the bracket here quotes a name: a letter follows it, and no value stands directly before it. */
  beginsName(): boolean {
    const last = this.tokens.at(-1);
    const adjacent = last !== undefined && last.end === this.position;
    if (!isWordStart(this.text.charCodeAt(this.position + 1))) return false;
    return !adjacent || (last.kind !== 'word' && last.kind !== 'quoted' && last.kind !== ')');
  }

  private word(start: number): void {
    const { text, delimiter } = this;
    let end = start;
    let hash = 0;
    for (; end < text.length; end++) {
      const code = text.charCodeAt(end);
      if (!isWordPart(code)) break;
      hash = nextHash(hash, code);
    }
    if (delimiter !== undefined) {
      end = this.beforeDelimiter(start, end, delimiter);
      hash = 0;
      for (let at = start; at < end; at++) hash = nextHash(hash, text.charCodeAt(at));
    }
    this.position = end;
    const { text: word, upper, code } = wordIn(text, start, end, hash);
    if (end - start <= 2 && text.charCodeAt(end) === 39 && stringPrefixes.has(upper)) {
      readQuoted(this, upper);
      return;
    }
    if (upper === 'DELIMITER' && this.dialect.hashComment && this.readDelimiter()) return;
    this.tokens.push({ kind: 'word', text: word, upper, code, start, end, line: this.line, close: 0 });
  }

  private readDelimiter(): boolean {
    const end = this.text.indexOf('\n', this.position);
    const stop = end === -1 ? this.text.length : end;
    const [mark = ''] = this.text.slice(this.position, stop).trim().split(/\s/u, 1);
    if (mark === '' || mark.length > 16) return false;
    this.delimiter = mark === ';' ? undefined : mark;
    this.position = stop;
    return true;
  }

  private prefixed(kind: 'variable' | 'temporary', start: number): void {
    const { text } = this;
    const end = this.wordEnd(start);
    this.position = end;
    this.push(end - start === 1 ? 'operator' : kind, text.slice(start, end), start, this.line);
  }

  private number(start: number): void {
    const { text } = this;
    let end = start + 1;
    while (end < text.length) {
      const code = text.charCodeAt(end);
      if (code === 46 ? text.charCodeAt(end + 1) === 46 : !isWordPart(code)) break;
      end++;
    }
    if (this.delimiter !== undefined) end = this.beforeDelimiter(start, end, this.delimiter);
    this.position = end;
    this.push('number', text.slice(start, end), start, this.line);
  }

  private symbol(start: number): void {
    const one = this.text.charAt(start);
    if (isPunctuation(one)) {
      this.position = start + 1;
      this.push(one, one, start, this.line);
      return;
    }
    const symbol = this.isSecond(start + 1) ? this.operator(start, one) : one;
    this.position = start + symbol.length;
    this.push('operator', symbol, start, this.line);
  }
  /** True for `=`, `>`, `:` and `|`, with which the operators of two characters end. */
  private isSecond(at: number): boolean {
    const code = this.text.charCodeAt(at);
    return code === 61 || code === 62 || code === 58 || code === 124;
  }

  private operator(start: number, one: string): string {
    const two = this.text.slice(start, start + 2);
    return doubleOperators.get(two) ?? one;
  }
}
