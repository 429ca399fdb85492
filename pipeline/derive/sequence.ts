import { randomBytes } from 'node:crypto';
import type { Table } from '../table.ts';

const key = ['sequence'] as const;
/** Digits of a number: as texts, the numbers of one writer sort as they were given. */
const digits = 16;

/**
 * Numbers what is said within one transaction, on from what earlier transactions have given, of whatever process. Offsets say in which order changes
 * were appended; these say in which order they were derived. The two differ where a change is appended behind its transaction. A table that begins
 * anew is another writer, whose numbers do not compare with those before it. The attribute "sequence" is an extension of CloudEvents.
 */
export class Sequence {
  readonly #table: Table;
  readonly #writer: string;
  #next: number;
  #isChanged = false;

  /** @param table of the transaction; what was given before its `end` is given again where it is given up */
  constructor(table: Table) {
    const last = table.get(key);
    const text = last === undefined ? '' : Buffer.from(last).toString('latin1');
    this.#table = table;
    this.#writer = text === '' ? `${randomBytes(6).toString('hex')}-` : text.slice(0, -digits);
    this.#next = text === '' ? 1 : Number(text.slice(-digits)) + 1;
  }

  /** The next number, with its writer before it. */
  next(): string {
    const given = this.#at(this.#next);
    this.#next += 1;
    this.#isChanged = true;
    return given;
  }

  /** Writes how far it has come. */
  end(): void {
    if (this.#isChanged) this.#table.put(key, Buffer.from(this.#at(this.#next - 1), 'latin1'));
  }

  #at(number: number): string {
    return this.#writer + String(number).padStart(digits, '0');
  }
}

/** Whether two numbers are of one writer, so that they tell an order. */
export function isComparable(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && other !== undefined && one.slice(0, -digits) === other.slice(0, -digits);
}

/** Whether something was derived before something else; false where nobody can tell. */
export function isDerivedBefore(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && other !== undefined && isComparable(one, other) && one < other;
}
