/** Tokens of SQL text, shared by the lexer, the splitters and the parser. */

/** The kind of a token. `word` is an unquoted identifier or keyword; `temporary` a name that begins with `#`; `number` also a parameter `$1`. */
export type TokenKind =
  | 'word'
  | 'quoted'
  | 'string'
  | 'number'
  | 'variable'
  | 'temporary'
  | 'operator'
  | '('
  | ')'
  | ','
  | ';'
  | '.';

/** One token. Offsets are UTF-16 code units into the text; lines count from 1. */
export interface Token {
  readonly kind: TokenKind;
  /** The value: without quotes and with escapes undone for `quoted` and `string`, else as written. */
  readonly text: string;
  /** Upper case for a `word`, else empty: a quoted name is never a keyword. */
  readonly upper: string;
  /** The number of the keyword that a `word` is; 0 if it is none. */
  readonly code: number;
  readonly start: number;
  readonly end: number;
  readonly line: number;
  /** Of an opening parenthesis or bracket the index of its partner; 0 for any other token. Set once all tokens are known. */
  close: number;
}

/** What the lexer found besides tokens. */
export interface LexResult {
  readonly tokens: readonly Token[];
  /** Lines where a quotation or comment begins that has no end, with what it is. */
  readonly unterminated: readonly { readonly line: number; readonly what: string }[];
  /** The line at which the limit of tokens was passed; undefined if it was not. */
  readonly truncatedAtLine: number | undefined;
}
