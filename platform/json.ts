import { StreamError } from '../pipeline/errors.ts';

/** A JSON value whose objects are Maps: no key has a special meaning, and the order is kept. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | ReadonlyMap<string, JsonValue>;

/** Options of {@link parseJson}. */
export interface JsonOptions {
  /** Named in errors. */
  readonly file: string;
  /** Objects and arrays inside each other. @default 64 */
  readonly maxDepth?: number;
}

const space = /[ \t\r\n]*/y;
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const word = /[a-z]+/y;

/**
 * Parses JSON (RFC 8259). Beside what `JSON.parse` does it names file, line and column in errors, refuses a key that stands
 * twice in one object (the second would silently replace the first), and bounds the depth. Linear. Throws SOURCE_INVALID or
 * SOURCE_LIMIT.
 */
export function parseJson(text: string, options: JsonOptions): JsonValue {
  return new JsonReader(text, options).document();
}

/** Writes a value that {@link parseJson} read as JSON text. */
export function writeJson(value: JsonValue): string {
  if (value instanceof Map) {
    const entries = [...value].map(
      ([key, item]: [string, JsonValue]) => `${JSON.stringify(key)}:${writeJson(item)}`,
    );
    return `{${entries.join(',')}}`;
  }
  if (Array.isArray(value)) return `[${value.map(writeJson).join(',')}]`;
  return JSON.stringify(value);
}

class JsonReader {
  readonly #text: string;
  readonly #file: string;
  readonly #maxDepth: number;
  #at = 0;

  constructor(text: string, { file, maxDepth = 64 }: JsonOptions) {
    this.#text = text;
    this.#file = file;
    this.#maxDepth = maxDepth;
  }

  document(): JsonValue {
    const value = this.#value(0);
    this.#match(space);
    if (this.#at < this.#text.length) this.#fail('there is text after the value');
    return value;
  }

  #value(depth: number): JsonValue {
    this.#match(space);
    switch (this.#text[this.#at]) {
      case '{':
        return this.#object(this.#deeper(depth));
      case '[':
        return this.#array(this.#deeper(depth));
      case '"':
        return this.#string();
      default:
        return this.#scalar();
    }
  }

  #object(depth: number): ReadonlyMap<string, JsonValue> {
    const object = new Map<string, JsonValue>();
    this.#list('}', () => {
      this.#match(space);
      const start = this.#at;
      if (this.#text[start] !== '"') this.#fail('a key in double quotes is missing');
      const key = this.#string();
      if (object.has(key)) this.#fail(`the key ${JSON.stringify(key)} stands twice in one object`, start);
      this.#match(space);
      if (!this.#take(':')) this.#fail('":" is missing after a key');
      object.set(key, this.#value(depth));
    });
    return object;
  }

  #array(depth: number): readonly JsonValue[] {
    const array: JsonValue[] = [];
    this.#list(']', () => array.push(this.#value(depth)));
    return array;
  }

  /** Reads items up to the closing character; the opening one is next. */
  #list(close: string, item: () => void): void {
    this.#at += 1;
    this.#match(space);
    if (this.#take(close)) return;
    do {
      item();
      this.#match(space);
    } while (this.#take(','));
    if (!this.#take(close)) this.#fail(`"," or "${close}" is missing`);
  }

  #string(): string {
    const start = this.#at;
    let end = start + 1;
    while (end < this.#text.length && this.#text[end] !== '"') end += this.#text[end] === '\\' ? 2 : 1;
    this.#at = Math.min(end + 1, this.#text.length);
    try {
      // The platform's own parser decodes the escapes and refuses control characters.
      const value: unknown = JSON.parse(this.#text.slice(start, end + 1));
      if (typeof value === 'string') return value;
    } catch {
      return this.#fail(
        'a string is not closed or has a character or escape that JSON does not allow',
        start,
      );
    }
    return this.#fail('a string is malformed', start);
  }

  #scalar(): JsonValue {
    const start = this.#at;
    const digits = this.#match(number);
    if (digits !== '') return Number(digits);
    const name = this.#match(word);
    if (name === 'true') return true;
    if (name === 'false') return false;
    if (name === 'null') return null;
    return this.#fail('a value is missing', start);
  }

  #deeper(depth: number): number {
    if (depth < this.#maxDepth) return depth + 1;
    const { line, column } = this.#position(this.#at);
    throw new StreamError(
      'SOURCE_LIMIT',
      `${this.#file}:${line}:${column} lies deeper than ${this.#maxDepth} levels.`,
    );
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? '';
    this.#at += found.length;
    return found;
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #position(at: number): { readonly line: number; readonly column: number } {
    const before = this.#text.slice(0, at).split('\n');
    return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
  }

  #fail(what: string, at: number = this.#at): never {
    const { line, column } = this.#position(at);
    // One character only: what follows may be a secret.
    const excerpt = JSON.stringify(this.#text.slice(at, at + 1));
    throw new StreamError(
      'SOURCE_INVALID',
      `${this.#file}:${line}:${column} is not JSON: ${what}, at ${at < this.#text.length ? excerpt : 'the end of the file'}.`,
    );
  }
}
