import { StreamError } from '../../pipeline/errors.ts';
import type { SheetLimits } from './cells.ts';

/** Counts what a workbook costs while it is read, and refuses it with SOURCE_LIMIT as soon as it is too much. */
export class Budget {
  readonly #file: string;
  readonly #limits: SheetLimits;
  readonly #spent = { bytes: 0, rows: 0, cells: 0, characters: 0 };

  constructor(file: string, limits: SheetLimits) {
    this.#file = file;
    this.#limits = limits;
  }

  /** Takes bytes that were unpacked. */
  bytes(count: number): void {
    this.#spend('bytes', count, 'bytes when it is unpacked');
  }

  /** Refuses bytes that are announced, if they will be too many. */
  announced(count: number): void {
    if (count <= this.#limits.bytes) return;
    this.#spend('bytes', count, 'bytes when it is unpacked');
  }

  /** Takes a row that holds a value. */
  row(): void {
    this.#spend('rows', 1, 'rows');
  }

  /** Takes a cell with so many characters. */
  cell(characters: number, place: () => string): void {
    this.text(characters, place);
    this.#spend('cells', 1, 'cells');
    this.#spend('characters', characters, 'characters in its cells');
  }

  /** Refuses a text that is longer than a cell may be. */
  text(characters: number, place: () => string): void {
    const { cellCharacters } = this.#limits;
    if (characters > cellCharacters)
      throw new StreamError(
        'SOURCE_LIMIT',
        `${this.#file}: ${place()} holds more than ${cellCharacters} characters.`,
      );
  }

  #spend(what: 'bytes' | 'rows' | 'cells' | 'characters', count: number, words: string): void {
    this.#spent[what] += count;
    const most = this.#limits[what];
    if (this.#spent[what] > most)
      throw new StreamError('SOURCE_LIMIT', `${this.#file} has more than ${most} ${words}.`, {
        advice: 'Take out what is not needed, or divide it.',
      });
  }
}
