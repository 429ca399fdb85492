import { StreamError } from '../../pipeline/errors.ts';
import { redactText } from '../redact.ts';

/** One row of a result as a driver hands it over, by the names of its columns. */
export type Row = Readonly<Record<string, unknown>>;

/** Characters that a name may have. */
const maxNameCharacters = 4_000;
/** Characters that any other text may have: a routine, a view's query, a comment. */
const maxTextCharacters = 4_000_000;

/** The rows of one query. */
export interface QueryResult {
  /** Where the query stands, for errors: `pack.yaml, query columns`. */
  readonly place: string;
  readonly rows: readonly Row[];
  /** The result's column for a field, where it has not the field's own name. */
  readonly map?: Readonly<Record<string, string>>;
}

/**
 * Reads the fields of rows. A field's column is found without regard to letter case, since databases differ in what they do with it; drivers also
 * differ in how they hand over numbers and truth, so both are taken in every form. Errors name query, row, field and value.
 */
export class RowReader {
  readonly #place: string;
  readonly #columns = new Map<string, string>();
  readonly #others: readonly string[];
  #row: Row = {};
  #number = 0;

  /** `fields`: what may be asked for; other columns are {@link others}. Throws SOURCE_INVALID when `map` names a column that the result has not. */
  constructor({ place, rows, map = {} }: QueryResult, fields: readonly string[]) {
    this.#place = place;
    const named = new Map(Object.keys(rows[0] ?? {}).map((name) => [name.toLowerCase(), name]));
    for (const field of fields) {
      const wanted = Object.hasOwn(map, field) ? map[field] : undefined;
      const column = named.get((wanted ?? field).toLowerCase());
      if (column !== undefined) this.#columns.set(field, column);
      else if (wanted !== undefined && rows.length > 0) {
        const has = [...named.values()].join(', ');
        throw new StreamError(
          'SOURCE_INVALID',
          `${place}: map.${field} names the column ${wanted}, but the result has ${has}.`,
        );
      }
    }
    const taken = new Set(this.#columns.values());
    this.#others = [...named.values()].filter((name) => !taken.has(name));
  }

  /** Goes to a row; its number counts from 1. */
  at(row: Row, number: number): this {
    this.#row = row;
    this.#number = number;
    return this;
  }

  /** Columns of the row that no field is read from. */
  others(): readonly (readonly [name: string, value: unknown])[] {
    return this.#others.map((name) => [name, this.#row[name]]);
  }

  /** Whether the result has the field at all. */
  has(field: string): boolean {
    return this.#columns.has(field);
  }

  /** A name; null when the field is absent or null. Throws SOURCE_INVALID for one that is empty, SOURCE_LIMIT for one beyond measure. */
  optionalName(field: string): string | null {
    const text = this.#text(field, maxNameCharacters);
    if (text === '') throw this.#wrong(field, 'a name');
    return text;
  }

  /** A name. Throws SOURCE_INVALID when it is absent. */
  name(field: string): string {
    const name = this.optionalName(field);
    if (name === null) throw this.#wrong(field, 'a name');
    return name;
  }

  /** A text; null when the field is absent or null. */
  text(field: string): string | null {
    return this.#text(field, maxTextCharacters);
  }

  /** A whole number of 32 bits; null when the field is absent or null, or says more than that (a length of 4 GB). Throws SOURCE_INVALID for what is no number. */
  integer(field: string): number | null {
    const value = this.#value(field);
    if (value === null || value === '') return null;
    const number = typeof value === 'string' || typeof value === 'bigint' ? Number(value) : value;
    if (typeof number !== 'number' || !Number.isInteger(number)) throw this.#wrong(field, 'a whole number');
    return Math.abs(number) > 2_147_483_647 ? null : number;
  }

  /** Truth, as `true`, 1, `YES`, `Y`, `T`, `ON` and their contraries; null when the field is absent or null. Throws SOURCE_INVALID for anything else. */
  truth(field: string): boolean | null {
    const value = this.#value(field);
    if (value === null || typeof value === 'boolean') return value;
    const word = scalarText(value)?.trim().toLowerCase() ?? 'an object';
    if (['1', 'yes', 'y', 'true', 't', 'on'].includes(word)) return true;
    if (['0', 'no', 'n', 'false', 'f', 'off', ''].includes(word)) return false;
    throw this.#wrong(field, 'yes or no');
  }

  #value(field: string): unknown {
    const column = this.#columns.get(field);
    const value = column === undefined ? null : this.#row[column];
    return value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : (value ?? null);
  }

  #text(field: string, max: number): string | null {
    const value = this.#value(field);
    if (value === null) return null;
    const text = scalarText(value);
    if (text === undefined) throw this.#wrong(field, 'a text');
    if (text.length <= max) return text.toWellFormed();
    throw new StreamError(
      'SOURCE_LIMIT',
      `${this.#where(field)} has ${text.length} characters, more than ${max}.`,
    );
  }

  #where(field: string): string {
    return `${this.#place}, row ${this.#number}, field ${field}`;
  }

  #wrong(field: string, expected: string): StreamError {
    const value = this.#value(field);
    const text = scalarText(value)?.slice(0, 60);
    const shown = value === null ? 'null' : text === undefined ? 'an object' : JSON.stringify(text);
    return new StreamError(
      'SOURCE_INVALID',
      `${this.#where(field)} is ${redactText(shown)} where ${expected} is expected.`,
    );
  }
}

/** A single value as text; undefined for null, and for what has parts. */
export function scalarText(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return value;
    case 'number':
    case 'bigint':
    case 'boolean':
      return String(value);
    default:
      return value instanceof Date && !Number.isNaN(value.getTime()) ? value.toISOString() : undefined;
  }
}
