/** A position in a token list with the questions a parser asks. All ranges are half open: [from, end). */
import { type Dialect, foldIdentifier } from './dialects.ts';
import type { Name, Query, Statement } from './ir.ts';
import type { Reason } from './reasons.ts';
import { computedName } from './computed-names.ts';
import { readTextParts } from './text-parts.ts';
import type { Token } from './tokens.ts';
import type { Words } from './words.ts';

const past: Token = { kind: 'operator', text: '', upper: '', code: 0, start: 0, end: 0, line: 0, close: 0 };

const opening: ReadonlySet<string> = new Set(['[', '{']);
const closing: ReadonlySet<string> = new Set([']', '}']);

/**
 * Tells each opening parenthesis, bracket or brace its partner. One that is never closed ends at the next `;` (or at the end), so
 * that a missing `)` spoils one statement only.
 */
function matchBrackets(tokens: readonly Token[]): void {
  let open: Token[] = [];
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at] ?? past;
    if (token.kind === '(' || (token.kind === 'operator' && opening.has(token.text))) open.push(token);
    else if (token.kind === ')' || (token.kind === 'operator' && closing.has(token.text))) {
      const start = open.pop();
      if (start !== undefined) start.close = at;
    } else if (token.kind === ';' && open.length > 0) {
      for (const start of open) start.close = at;
      open = [];
    }
  }
  for (const start of open) start.close = tokens.length;
}

/** What a {@link Cursor} walks over. */
export interface CursorInput {
  readonly text: string;
  readonly tokens: readonly Token[];
  readonly dialect: Dialect;
  readonly readQuery: (cursor: Cursor, end: number) => Query;
  readonly readStatement: (cursor: Cursor, end: number) => Statement;
}

/** The parser's state over one script. */
export class Cursor {
  readonly tokens: readonly Token[];
  readonly dialect: Dialect;
  readonly text: string;
  readonly reasons: Reason[] = [];
  /** Reads the query at the cursor; a hook, because expressions hold queries and queries hold expressions. */
  readonly readQuery: (cursor: Cursor, end: number) => Query;
  /** Reads the data-changing statement at the cursor, inside WITH and FROM; a hook for the same reason. */
  readonly readStatement: (cursor: Cursor, end: number) => Statement;
  /** The next token to read. */
  at = 0;
  /** How many queries the parser is inside of. */
  depth = 0;

  constructor(script: CursorInput) {
    this.text = script.text;
    this.tokens = script.tokens;
    matchBrackets(script.tokens);
    this.dialect = script.dialect;
    this.readQuery = script.readQuery;
    this.readStatement = script.readStatement;
  }

  /** The token at an index; an empty operator past the end. */
  token(index: number): Token {
    return this.tokens[index] ?? past;
  }

  /** The word at an index in upper case; '' if it is no unquoted word. */
  word(index: number): string {
    return this.tokens[index]?.upper ?? '';
  }

  /** The number of the keyword at an index; 0 if there is none. */
  code(index: number): number {
    return this.tokens[index]?.code ?? 0;
  }

  /** True if the token at the index is this symbol (`(`, `,`, `=`, …). */
  symbol(index: number, symbol: string): boolean {
    const token = this.tokens[index];
    return token !== undefined && token.text === symbol && token.kind !== 'string' && token.kind !== 'quoted';
  }

  /** True if the next token is one of the words. */
  is(first: string, second?: string, third?: string, fourth?: string): boolean {
    const upper = this.word(this.at);
    return upper !== '' && (upper === first || upper === second || upper === third || upper === fourth);
  }

  /** Skips the next token if it is the word. */
  eat(word: string): boolean {
    if (this.word(this.at) !== word) return false;
    this.at++;
    return true;
  }

  /** Skips the words in a row; nothing unless all of them are there. */
  eatAll(...words: readonly string[]): boolean {
    for (let n = 0; n < words.length; n++) if (this.word(this.at + n) !== words[n]) return false;
    this.at += words.length;
    return true;
  }

  /** Skips every following token that is one of the words. */
  skipWords(words: Words): void {
    while (words.has(this.code(this.at))) this.at++;
  }

  /** The partner of the parenthesis at the index, at most `end`. */
  closeOf(index: number, end: number): number {
    return Math.min(this.tokens[index]?.close ?? end, end);
  }

  /** Skips a group in parentheses, if one follows. */
  skipGroup(end: number): boolean {
    if (!this.symbol(this.at, '(')) return false;
    this.at = Math.min(this.closeOf(this.at, end) + 1, end);
    return true;
  }

  /** True if the token at the index can be (part of) a name. */
  isName(index: number): boolean {
    const kind = this.tokens[index]?.kind;
    return kind === 'word' || kind === 'quoted' || kind === 'temporary' || kind === 'variable';
  }

  /** The identifier at the index as the dialect stores it. */
  identifier(index: number): string {
    const token = this.token(index);
    return token.kind === 'quoted' ? token.text : foldIdentifier(token.text, this.dialect);
  }

  /** Reads a dotted name; undefined (and nothing read) if none is there. */
  name(end: number): Name | undefined {
    if (this.word(this.at) === 'IDENTIFIER' && this.symbol(this.at + 1, '(')) return this.computed(end);
    const parts: string[] = [];
    while (this.at < end && this.isName(this.at)) {
      this.part(parts, end);
      if (!this.symbol(this.at, '.') || this.at >= end) break;
      this.at++;
      while (this.symbol(this.at, '.')) {
        parts.push('');
        this.at++;
      }
    }
    return parts.length === 0 ? undefined : parts;
  }

  /** Reads `IDENTIFIER(…)`: a name, or text that makes one. */
  private computed(end: number): Name {
    const from = this.at + 2;
    const close = this.closeOf(this.at + 1, end);
    this.at = Math.min(close + 1, end);
    const only = this.token(from);
    if (
      close === from + 1 &&
      (only.kind === 'quoted' || (only.kind === 'word' && !only.text.startsWith('$')))
    )
      return [this.identifier(from)];
    return computedName(readTextParts(this, from, close), this.dialect);
  }

  private part(parts: string[], end: number): void {
    const token = this.token(this.at);
    let text = this.identifier(this.at++);
    if (this.dialect.name === 'bigquery') {
      if (token.kind === 'quoted') {
        parts.push(...text.split('.'));
        return;
      }
      text += this.dashes(end);
    }
    parts.push(text);
  }

  /** BigQuery project names hold dashes without quotes: `my-project.data.t`. */
  private dashes(end: number): string {
    let text = '';
    while (
      this.at + 1 < end &&
      this.symbol(this.at, '-') &&
      this.token(this.at).start === this.token(this.at - 1).end &&
      this.token(this.at + 1).start === this.token(this.at).end
    ) {
      text += `-${this.token(this.at + 1).text}`;
      this.at += 2;
    }
    return text;
  }

  /** Notes a gap at a line. */
  note(code: Reason['code'], line: number, text: string): void {
    this.reasons.push({ code, line, text });
  }

  /** The source text of a range of tokens, with white space and comments as single spaces. */
  textOf(from: number, end: number): string {
    let text = '';
    let last = -1;
    for (let at = from; at < end && text.length < 200; at++) {
      const token = this.token(at);
      if (last >= 0 && token.start > last) text += ' ';
      text += this.text.slice(token.start, Math.min(token.end, token.start + 200));
      last = token.end;
    }
    return text;
  }
}
