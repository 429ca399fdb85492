import { StreamError } from '../../pipeline/errors.ts';
import type { JsonValue } from '../../platform/json.ts';
import { parseTime } from '../../platform/log-files/parse-time.ts';
import { withoutQuoted } from '../../platform/redact.ts';
import type { Row } from './parse-record.ts';

/** Reads the fields of one row; every error names the place, the field and the kind of its value. */
export class Fields {
  readonly #row: Row;
  readonly #place: string;

  constructor(row: Row, place: string) {
    this.#row = row;
    this.#place = place;
  }

  /** The field as it is; null when it is absent. */
  value(name: string): JsonValue {
    return this.#row.get(name.toLowerCase()) ?? null;
  }

  /** A text; null when it is absent or empty. */
  text(name: string): string | null {
    const value = this.value(name);
    if (value === null || value === '') return null;
    if (typeof value === 'string') return value;
    if (typeof value === 'number' || typeof value === 'boolean') return String(value);
    return this.#wrong(name, 'is no text', value);
  }

  /** A text that must be there. */
  required(name: string): string {
    return this.text(name) ?? this.#wrong(name, 'is missing', null);
  }

  /** A whole number from 0; null when it is absent. */
  count(name: string): number | null {
    const text = this.text(name);
    if (text === null) return null;
    const number = Number(text);
    return Number.isSafeInteger(number) && number >= 0 ? number : this.#wrong(name, 'is no count', text);
  }

  /**
   * A time; null when it is absent. Numbers count seconds or milliseconds since 1970; texts are ISO 8601 or written as SQL databases do
   * (`2022-01-25 16:17:47.388 +0000`), in UTC when they name no zone.
   */
  time(name: string): Date | null {
    const text = this.text(name);
    if (text === null) return null;
    return parseTime(text) ?? this.#wrong(name, 'is no time', text);
  }

  /** A JSON list, written as such or as text. Null when it is absent. */
  list(name: string, parse: (text: string) => JsonValue): readonly JsonValue[] | null {
    const value = this.value(name);
    if (value === null || value === '') return null;
    const list = typeof value === 'string' ? parse(value) : value;
    return Array.isArray(list) ? list : this.#wrong(name, 'is no list', value);
  }

  #wrong(name: string, what: string, value: JsonValue): never {
    // A value may be a whole statement, where columns are mixed up: its beginning says enough, without what it quotes.
    const shown =
      value === null
        ? ''
        : typeof value === 'string'
          ? `: ${withoutQuoted(JSON.stringify(value.slice(0, 200))).slice(0, 42)}`
          : `: "${typeof value}"`;
    throw new StreamError('SOURCE_INVALID', `${this.#place}, field ${name}, ${what}${shown}.`);
  }
}
