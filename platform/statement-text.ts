/**
 * SQL text as history keeps it: without comments and without values, so that all executions of one statement are one text and no
 * data or password that somebody wrote into a statement travels on.
 */
import { hashOf } from '../pipeline/content-hash.ts';
import { redactText, withoutSignature } from './redact.ts';

/** A statement without comments and values. */
export interface NormalizedStatement {
  readonly text: string;
  /** False when a quotation or comment has no end: the text was cut by its source. */
  readonly whole: boolean;
}

/** The rules of quotation that differ (each product's reference on literals and identifiers). */
interface Quoting {
  readonly backslash: boolean;
  readonly doubleIsString: boolean;
  readonly hashComment: boolean;
  readonly brackets: boolean;
  readonly nestedComments: boolean;
  readonly dollarQuotes: boolean;
}

const withBackslash = new Set([
  'mysql',
  'mariadb',
  'snowflake',
  'bigquery',
  'spark',
  'sparksql',
  'databricks',
  'hive',
  'clickhouse',
]);
const withDoubleStrings = new Set([
  'mysql',
  'mariadb',
  'bigquery',
  'spark',
  'sparksql',
  'databricks',
  'hive',
]);
const withHash = new Set(['mysql', 'mariadb', 'bigquery']);
const tsql = new Set(['tsql', 'mssql', 'sqlserver']);
const postgres = new Set(['postgres', 'redshift', 'greenplum', 'materialize']);

function quotingOf(dialect: string): Quoting {
  return {
    backslash: withBackslash.has(dialect),
    doubleIsString: withDoubleStrings.has(dialect),
    hashComment: withHash.has(dialect),
    brackets: tsql.has(dialect) || dialect === 'sqlite',
    nestedComments: tsql.has(dialect) || postgres.has(dialect),
    dollarQuotes: postgres.has(dialect) || dialect === 'snowflake',
  };
}

/** Words after which a literal is a file or folder, in statements that load or unload. */
const beforePlace = new Set(['FROM', 'TO', 'INTO', 'INFILE', 'OUTFILE', 'BULK', 'LOCATION']);
const loading = /^(?:COPY|LOAD|UNLOAD|BULK|EXPORT)$/;
/** Types that may stand in front of a literal: a mark alone would make a column of them. */
const literalTypes = /^(?:DATE|TIME|TIMESTAMP|TIMESTAMPTZ|INTERVAL|DATETIME|JSON|NUMERIC)$/;
const stringPrefix = /^(?:N|E|B|X|R|RB|BR|U&|_UTF8|_UTF8MB4|_BINARY)$/;

const space = /[\s\0\uFEFF]+/y;
const word = /[\p{L}_@#][\p{L}\p{N}_$@#]*/uy;
const number = /(?:0x[0-9a-f]+|(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?)/iy;
const parameter = /\$\d+|\?/y;
const dollarTag = /\$(?:[A-Za-z_]\w{0,63})?\$/y;
const listOfMarks = /\((?:\?|'\?')(?:, ?(?:\?|'\?'))+\)/g;

/**
 * Takes comments and values out of a statement and writes white space as one blank: strings become `'?'`, numbers and parameters `?`, lists of
 * them `(?)`. Places that a statement loads from or unloads to stay, without what is secret in them. Linear; throws on no text.
 */
export function normalizeStatement(text: string, dialect: string): NormalizedStatement {
  return new Normalizer(text, quotingOf(dialect)).run();
}

/** A short name of a normalized statement: 64 bits of SHA-256 in hexadecimal. */
export function statementFingerprint(normalized: string): string {
  return hashOf(normalized).slice(0, 16);
}

const writing = /\b(?:INSERT|UPDATE|MERGE|REPLACE|UPSERT|INTO|CREATE|COPY|LOAD|UNLOAD|BULK|EXPORT|SWITCH)\b/i;
const reading =
  /\b(?:SELECT|FROM|JOIN|USING|TABLE\s+["`[\w.]+\s*$|COPY|LOAD|UNLOAD|BULK|EXPORT|CLONE|SWITCH|INHERITS|LIKE|EXEC|EXECUTE)\b/i;
const neverMoves =
  /^\s*(?:EXPLAIN|SET|SHOW|BEGIN|COMMIT|ROLLBACK|GRANT|REVOKE|ANALYZE|VACUUM|ALTER\s+(?:USER|ROLE|SYSTEM)|CREATE\s+(?:OR\s+REPLACE\s+)?(?:USER|ROLE|LOGIN|FUNCTION|PROCEDURE|TRIGGER|INDEX|SERVER|EXTENSION|DATABASE|SCHEMA|SUBSCRIPTION|PUBLICATION))\b/i;

/**
 * Whether a normalized statement may write something from something: a coarse look at its words that lets no such statement pass by, so that the
 * thousands of plain queries in a history cost nothing downstream.
 */
export function mayMoveData(normalized: string): boolean {
  if (neverMoves.test(normalized) || !writing.test(normalized) || !reading.test(normalized)) return false;
  // A query: only SELECT … INTO writes, and the UPDATE of FOR UPDATE does not.
  return !/^[\s(]*SELECT\b/i.test(normalized) || /\bINTO\b/i.test(normalized);
}

class Normalizer {
  readonly #text: string;
  readonly #quoting: Quoting;
  readonly #parts: string[] = [];
  #at = 0;
  #whole = true;
  /** The last word, in upper case; empty after anything else. */
  #word = '';
  #first = '';
  /** Where the last string ended: one that follows at once is its continuation. */
  #stringEnd = -1;
  #blank = false;

  constructor(text: string, quoting: Quoting) {
    this.#text = text;
    this.#quoting = quoting;
  }

  run(): NormalizedStatement {
    while (this.#at < this.#text.length) {
      if (!this.#skip() && !this.#quoted() && !this.#value() && !this.#name()) this.#symbol();
    }
    // The end of the statement is no part of it.
    while (this.#parts.at(-1) === ';' || this.#parts.at(-1) === ' ') this.#parts.pop();
    const text = this.#parts.join('').replaceAll(listOfMarks, '(?)').toWellFormed();
    return { text, whole: this.#whole };
  }

  #emit(part: string, kept = ''): void {
    if (this.#blank && this.#parts.length > 0) this.#parts.push(' ');
    this.#blank = false;
    this.#parts.push(part);
    this.#word = kept;
  }

  /** White space and comments. */
  #skip(): boolean {
    const text = this.#text;
    const at = this.#at;
    if (this.#match(space) !== '') {
      this.#blank = true;
      return true;
    }
    if (text.startsWith('--', at) || (this.#quoting.hashComment && text[at] === '#')) {
      const end = text.indexOf('\n', at);
      this.#at = end < 0 ? text.length : end;
    } else if (text.startsWith('/*', at)) this.#blockComment();
    else return false;
    this.#blank = true;
    return true;
  }

  #blockComment(): void {
    const mark = /\/\*|\*\//g;
    mark.lastIndex = this.#at + 2;
    let depth = 1;
    while (depth > 0) {
      const found = mark.exec(this.#text);
      if (found === null) {
        this.#end();
        return;
      }
      if (found[0] === '*/') depth -= 1;
      else if (this.#quoting.nestedComments) depth += 1;
      this.#at = mark.lastIndex;
    }
  }

  #quoted(): boolean {
    const character = this.#text[this.#at];
    if (character === "'") this.#string("'");
    else if (character === '"' && this.#quoting.doubleIsString) this.#string('"');
    else if (character === '"' || character === '`') this.#quotedName(character);
    else if (character === '[' && this.#quoting.brackets) this.#quotedName(']');
    else if (character === '$' && this.#quoting.dollarQuotes) return this.#dollars();
    else return false;
    return true;
  }

  /** A name in quotes stays as it is written. */
  #quotedName(close: string): void {
    const start = this.#at;
    this.#at = this.#closing(close, false);
    this.#emit(this.#text.slice(start, this.#at));
  }

  #string(close: string): void {
    const start = this.#at;
    this.#at = this.#closing(close, this.#quoting.backslash || this.#word === 'E');
    const continued = start === this.#stringEnd;
    this.#stringEnd = this.#at;
    if (continued) return;
    const isPlace = loading.test(this.#first) && beforePlace.has(this.#word);
    const literal = this.#text.slice(start + 1, this.#at - 1);
    this.#emit(isPlace ? `'${redactText(withoutSignature(literal))}'` : "'?'");
  }

  #dollars(): boolean {
    const tag = this.#match(dollarTag);
    if (tag === '') return false;
    const end = this.#text.indexOf(tag, this.#at);
    if (end < 0) this.#end();
    else this.#at = end + tag.length;
    this.#emit("'?'");
    return true;
  }

  #value(): boolean {
    const mark = this.#match(parameter) === '' ? '' : '?';
    if (mark === '' && this.#match(number) === '') return false;
    this.#emit(literalTypes.test(this.#word) ? "'?'" : '?');
    return true;
  }

  #name(): boolean {
    const name = this.#match(word);
    if (name === '') return false;
    const upper = name.length > 40 ? '' : name.toUpperCase();
    if (this.#first === '') this.#first = upper;
    if (this.#text[this.#at] === "'" && stringPrefix.test(upper)) this.#word = upper === 'E' ? upper : '';
    else this.#emit(name, upper);
    return true;
  }

  #symbol(): void {
    const code = this.#text.codePointAt(this.#at) ?? 0;
    const symbol = String.fromCodePoint(code);
    this.#at += symbol.length;
    this.#emit(symbol);
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? '';
    this.#at += found.length;
    return found;
  }

  /** The place behind the closing quote of what begins here. */
  #closing(close: string, backslash: boolean): number {
    const text = this.#text;
    for (let at = this.#at + 1; at < text.length; at += 1) {
      const character = text[at];
      if (character === close) return at + 1;
      if (character === '\\' && backslash) at += 1;
    }
    this.#whole = false;
    return text.length;
  }

  #end(): void {
    this.#whole = false;
    this.#at = this.#text.length;
  }
}
