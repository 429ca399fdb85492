/** The words and names of a statement of the binary log. */

/** Name of a table, view or routine. */
export type Name = readonly [database: string, name: string];

interface Token {
  readonly text: string;
  readonly quoted: boolean;
}

/** Characters of a statement that are looked at: the names of the objects stand in front. A comment that never ends is looked through again at each of its signs. */
const maxCharacters = 20_000;
const token =
  /\s+|#[^\n]*|--(?=\s)[^\n]*|\/\*(?![!M])[\s\S]*?\*\/|\/\*M?!\d*|\*\/|`((?:[^`]|``)*)`|"((?:[^"]|"")*)"|'(?:[^'\\]|\\.|'')*'|[\p{L}\p{N}_$]+|[^\s]/gsuy;

function* tokens(sql: string): Generator<Token> {
  const text = sql.slice(0, maxCharacters);
  for (const match of text.matchAll(token)) {
    const [whole, ticks, quotes] = match;
    if (/^(?:\s|#|--(?=\s|$)|\/\*|\*\/)/.test(whole)) continue;
    const quoted = ticks?.replaceAll('``', '`') ?? quotes?.replaceAll('""', '"');
    yield quoted === undefined ? { text: whole, quoted: false } : { text: quoted, quoted: true };
  }
}

/** Whether a statement is longer than what is looked at of it. */
export function isCutOff(sql: string): boolean {
  return sql.length > maxCharacters;
}

/** Reads the words and names of a statement one after the other. */
export class StatementReader {
  readonly #tokens: readonly Token[];
  readonly #current: string;
  #at = 0;

  /** @param current the database of names that name none */
  constructor(sql: string, current: string) {
    this.#tokens = [...tokens(sql)];
    this.#current = current;
  }

  /** The next word in capital letters, which may be a sign; undefined at the end. What is quoted is passed over. */
  word(): string | undefined {
    for (;;) {
      const next = this.#tokens[this.#at];
      this.#at += 1;
      if (next === undefined || !next.quoted) return next?.text.toUpperCase();
    }
  }

  /** Whether one of some words, in capital letters, comes next; it is passed then. */
  isNext(words: readonly string[]): boolean {
    const next = this.#tokens[this.#at];
    const isOne = next?.quoted === false && words.includes(next.text.toUpperCase());
    if (isOne) this.#at += 1;
    return isOne;
  }

  /** Names that follow, with what separates them: a comma, or one of the words. How long the statement waits for a table is passed over. */
  names(separators: readonly string[]): readonly Name[] {
    this.pass(['IF', 'NOT', 'EXISTS']);
    const found: Name[] = [];
    for (;;) {
      const name = this.name();
      if (name === undefined) return found;
      found.push(name);
      if (this.isNext(['WAIT'])) this.part();
      else this.isNext(['NOWAIT']);
      if (!this.isNext([',', ...separators])) return found;
    }
  }

  /** Goes behind a word; false when it does not come. */
  skipTo(word: string): boolean {
    for (let next = this.word(); next !== undefined; next = this.word()) if (next === word) return true;
    return false;
  }

  /** Goes behind any number of some words. */
  pass(words: readonly string[]): void {
    while (this.isNext(words)) continue;
  }

  /** A name of a table, with or without its database. */
  name(): Name | undefined {
    const first = this.part();
    if (first === undefined) return undefined;
    const dot = this.#tokens[this.#at];
    if (dot === undefined || dot.quoted || dot.text !== '.') return [this.#current, first];
    this.#at += 1;
    const second = this.part();
    return second === undefined ? undefined : [first, second];
  }

  /** A single name. */
  part(): string | undefined {
    const next = this.#tokens[this.#at];
    if (next === undefined || (!next.quoted && !/^[\p{L}\p{N}_$]+$/u.test(next.text))) return undefined;
    this.#at += 1;
    return next.text;
  }
}
