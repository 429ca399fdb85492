/**
 * JSON as Atlas reads and writes it: whole numbers of any size, decimals that keep their point, and whatever follows the
 * first value ignored (Jackson's default, seen on Atlas 2.4.0).
 */
import { StreamError } from '../pipeline/errors.ts';

/** A parsed value. Objects have no prototype, so that any key is plain data. */
export type JsonValue = string | number | bigint | boolean | null | JavaDouble | JsonValue[] | JsonObject;

/** A JSON object without a prototype. */
export interface JsonObject {
  [key: string]: JsonValue | undefined;
}

/** A float or double on its way out: written with a decimal point even when whole, as Java does. */
export class JavaDouble {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

/** An empty object without a prototype, with the given entries. */
export function jsonObject(entries: Readonly<Record<string, JsonValue | undefined>> = {}): JsonObject {
  const object: JsonObject = Object.create(null);
  for (const [key, value] of Object.entries(entries)) if (value !== undefined) object[key] = value;
  return object;
}

/** Whether a value is a JSON object. */
export function isObject(value: JsonValue | undefined): value is JsonObject {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof JavaDouble)
  );
}

/** An own property; nothing of a prototype is ever found. */
export function own(object: JsonObject | undefined, key: string): JsonValue | undefined {
  return object !== undefined && Object.hasOwn(object, key) ? object[key] : undefined;
}

/** A property that is text, or undefined. */
export function ownText(object: JsonObject | undefined, key: string): string | undefined {
  const value = own(object, key);
  return typeof value === 'string' ? value : undefined;
}

/** A property that is an object, or undefined. */
export function ownObject(object: JsonObject | undefined, key: string): JsonObject | undefined {
  const value = own(object, key);
  return isObject(value) ? value : undefined;
}

/** A property that is a list; empty when it is something else. */
export function ownList(object: JsonObject | undefined, key: string): JsonValue[] {
  const value = own(object, key);
  return Array.isArray(value) ? value : [];
}

const maxDepth = 200;
const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};
const space = /[ \t\n\r]*/y;
const numberToken = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;

class JsonReader {
  readonly #text: string;
  #at = 0;

  readonly #keepsDecimals: boolean;

  constructor(text: string, keepsDecimals: boolean) {
    this.#text = text;
    this.#keepsDecimals = keepsDecimals;
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found !== null) this.#at = pattern.lastIndex;
    return found;
  }

  #peek(): string {
    this.#match(space);
    return this.#text[this.#at] ?? '';
  }

  #fail(): never {
    const what = this.#at >= this.#text.length ? 'Unexpected end-of-input' : 'Unexpected character';
    throw new StreamError('SOURCE_INVALID', `${what} at offset ${this.#at} of the JSON body.`);
  }

  #expect(character: string): void {
    if (this.#peek() !== character) this.#fail();
    this.#at += 1;
  }

  value(depth: number): JsonValue {
    if (depth > maxDepth) this.#fail();
    const first = this.#peek();
    if (first === '{') return this.#object(depth);
    if (first === '[') return this.#list(depth);
    if (first === '"') return this.#string();
    for (const [word, value] of [
      ['true', true],
      ['false', false],
      ['null', null],
    ] as const) {
      if (this.#text.startsWith(word, this.#at)) {
        this.#at += word.length;
        return value;
      }
    }
    return this.#number();
  }

  #number(): number | bigint | JavaDouble {
    const found = this.#match(numberToken);
    if (found === null) this.#fail();
    const [token, fraction, exponent] = found;
    const value = Number(token);
    if (fraction === undefined && exponent === undefined && !Number.isSafeInteger(value))
      return BigInt(token);
    const isDecimal = fraction !== undefined || exponent !== undefined;
    return this.#keepsDecimals && isDecimal ? new JavaDouble(value) : value;
  }

  #string(): string {
    this.#at += 1;
    let text = '';
    for (;;) {
      text += this.#plainText();
      const next = this.#text[this.#at];
      if (next === '"') {
        this.#at += 1;
        return text;
      }
      if (next !== '\\') this.#fail();
      text += this.#escape();
    }
  }

  /** Text up to a quote, a backslash, a control character or the end. */
  #plainText(): string {
    const start = this.#at;
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code === 0x22 || code === 0x5c || code < 0x20 || Number.isNaN(code)) {
        return this.#text.slice(start, this.#at);
      }
      this.#at += 1;
    }
  }

  #escape(): string {
    const letter = this.#text[this.#at + 1] ?? '';
    if (letter === 'u') {
      const hex = this.#text.slice(this.#at + 2, this.#at + 6);
      if (!/^[0-9a-fA-F]{4}$/.test(hex)) this.#fail();
      this.#at += 6;
      return String.fromCharCode(Number.parseInt(hex, 16));
    }
    const character = escapes[letter];
    if (character === undefined) this.#fail();
    this.#at += 2;
    return character;
  }

  #list(depth: number): JsonValue[] {
    this.#at += 1;
    const list: JsonValue[] = [];
    if (this.#peek() !== ']') {
      for (;;) {
        list.push(this.value(depth + 1));
        if (this.#peek() !== ',') break;
        this.#at += 1;
      }
    }
    this.#expect(']');
    return list;
  }

  #object(depth: number): JsonObject {
    this.#at += 1;
    const object = jsonObject();
    if (this.#peek() !== '}') {
      for (;;) {
        if (this.#peek() !== '"') this.#fail();
        const key = this.#string();
        this.#expect(':');
        object[key] = this.value(depth + 1);
        if (this.#peek() !== ',') break;
        this.#at += 1;
      }
    }
    this.#expect('}');
    return object;
  }
}

/**
 * Reads the first JSON value of a text and ignores the rest. Nesting is capped at 200 levels.
 * @param keepsDecimals whether numbers with a point or exponent come as {@link JavaDouble}, so that 1.0 stays apart from 1
 * @throws StreamError SOURCE_INVALID when the text does not start with a JSON value
 */
export function parseJson(text: string, keepsDecimals = false): JsonValue {
  return new JsonReader(text, keepsDecimals).value(0);
}

function writeNumber(value: number, decimal: boolean): string {
  if (!Number.isFinite(value)) return '0';
  return decimal && Number.isInteger(value) && Math.abs(value) < 1e21 ? `${value}.0` : String(value);
}

/** Writes a value as JSON; undefined properties are left out. */
export function toJson(value: JsonValue): string {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return JSON.stringify(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number') return writeNumber(value, false);
  if (value instanceof JavaDouble) return writeNumber(value.value, true);
  if (Array.isArray(value)) return `[${value.map(toJson).join(',')}]`;
  const parts: string[] = [];
  for (const key of Object.keys(value)) {
    const item = value[key];
    if (item !== undefined) parts.push(`${JSON.stringify(key)}:${toJson(item)}`);
  }
  return `{${parts.join(',')}}`;
}

/** A value as Java's `toString` prints it: `{a=1}`, `[x, y]`. It is in Atlas's messages, and is what a map sent for a string becomes. */
export function javaText(value: JsonValue | undefined): string {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return `[${value.map(javaText).join(', ')}]`;
  if (value instanceof JavaDouble) return writeNumber(value.value, true);
  if (isObject(value)) {
    return `{${Object.keys(value)
      .map((key) => `${key}=${javaText(value[key])}`)
      .join(', ')}}`;
  }
  return String(value);
}
