/** Reads the cells of one sheet (ECMA-376 part 1, section 18.3.1). */
import type { Budget } from './budget.ts';
import { type CellValue, columnName, type Sheet, type SheetRow } from './cells.ts';
import type { XlsxPackage } from './package.ts';
import { type SheetEntry, TextReader, unescaped } from './parts.ts';
import { dateOf } from './styles.ts';

/** What cells refer to. */
export interface CellContext {
  readonly strings: readonly string[];
  readonly dateStyles: readonly boolean[];
  readonly is1904: boolean;
  readonly budget: Budget;
}

interface OpenCell {
  readonly column: number;
  readonly type: string;
  readonly style: number;
  isFormula: boolean;
  value: string;
}

interface Range {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

/** Reads a sheet. Throws as {@link XlsxPackage.read}, and SOURCE_LIMIT. */
export async function readSheet(xlsx: XlsxPackage, entry: SheetEntry, context: CellContext): Promise<Sheet> {
  const reader = new SheetReader(entry.name, context);
  await xlsx.read(entry.part, {
    open: (name, attributes) => reader.open(name, attributes),
    text: (text) => reader.text(text),
    close: (name) => reader.close(name),
  });
  return { name: entry.name, rows: reader.rows() };
}

class SheetReader {
  readonly #name: string;
  readonly #context: CellContext;
  readonly #rows: { readonly row: number; readonly cells: Map<number, CellValue> }[] = [];
  readonly #merged: Range[] = [];
  readonly #rich = new TextReader();
  #row = 0;
  #column = -1;
  #cells = new Map<number, CellValue>();
  #cell: OpenCell | undefined;
  #inValue = false;

  constructor(name: string, context: CellContext) {
    this.#name = name;
    this.#context = context;
  }

  open(name: string, attributes: Readonly<Record<string, string>>): void {
    switch (name) {
      case 'row':
        this.#row = Number(attributes['r'] ?? this.#row + 1);
        this.#column = -1;
        this.#cells = new Map();
        break;
      case 'c':
        this.#column = columnOf(attributes['r']) ?? this.#column + 1;
        this.#cell = {
          column: this.#column,
          type: attributes['t'] ?? 'n',
          style: Number(attributes['s'] ?? 0),
          isFormula: false,
          value: '',
        };
        this.#rich.begin();
        break;
      case 'f':
        if (this.#cell !== undefined) this.#cell.isFormula = true;
        break;
      case 'v':
        this.#inValue = true;
        break;
      case 'mergeCell':
        this.#merge(attributes['ref'] ?? '');
        break;
      default:
        this.#rich.open(name);
    }
  }

  text(text: string): void {
    const cell = this.#cell;
    if (cell === undefined) return;
    if (this.#inValue) cell.value += text;
    else this.#rich.add(text);
    this.#context.budget.text(Math.max(cell.value.length, this.#rich.length), () => this.#place());
  }

  close(name: string): void {
    this.#rich.close(name);
    if (name === 'v') this.#inValue = false;
    if (name === 'c') this.#endCell();
    if (name === 'row') this.#endRow();
  }

  /** The rows, with the value of merged cells in each of them that lies in a row with values of its own. */
  rows(): readonly SheetRow[] {
    const byRow = new Map(this.#rows.map((row) => [row.row, row.cells]));
    // No further than the header: a merged title may span all columns that there are.
    const width = Math.max(-1, ...(this.#rows[0]?.cells.keys() ?? []));
    for (const { top, bottom, left, right } of this.#merged) {
      const value = byRow.get(top)?.get(left);
      if (value === undefined || left > width) continue;
      for (const { row, cells } of this.#rows) {
        if (row < top || row > bottom) continue;
        for (let column = left; column <= Math.min(right, width); column += 1)
          this.#fill(cells, column, value);
      }
    }
    return this.#rows;
  }

  #fill(cells: Map<number, CellValue>, column: number, value: CellValue): void {
    if (cells.has(column)) return;
    this.#count(value);
    cells.set(column, value);
  }

  #endRow(): void {
    if (this.#cells.size === 0) return;
    this.#context.budget.row();
    this.#rows.push({ row: this.#row, cells: this.#cells });
  }

  #endCell(): void {
    const cell = this.#cell;
    this.#cell = undefined;
    if (cell === undefined) return;
    const value = this.#valueOf(cell);
    if (value === undefined) return;
    this.#count(value);
    this.#cells.set(cell.column, value);
  }

  #count(value: CellValue): void {
    this.#context.budget.cell(typeof value === 'string' ? value.length : 8, () => this.#place());
  }

  #place(): string {
    return `cell ${columnName(this.#column)}${this.#row} of ${this.#name}`;
  }

  #valueOf({ type, value, isFormula, style }: OpenCell): CellValue | undefined {
    if (isFormula && value === '' && type !== 'str' && type !== 'inlineStr')
      return { error: 'a formula whose result is not stored' };
    switch (type) {
      case 's':
        return textValue(this.#context.strings[Number(value)] ?? '');
      case 'inlineStr':
        return textValue(this.#rich.take());
      case 'str':
        return textValue(unescaped(value));
      case 'b':
        return value.trim() === '1' || value.trim() === 'true';
      case 'e':
        return { error: value.trim() };
      case 'd':
        return textValue(value) === undefined ? undefined : isoDate(value);
      default:
        return this.#number(value.trim(), style);
    }
  }

  #number(value: string, style: number): CellValue | undefined {
    if (value === '') return undefined;
    const number = Number(value);
    if (!Number.isFinite(number)) return { error: value };
    const date = this.#context.dateStyles[style] === true ? dateOf(number, this.#context.is1904) : undefined;
    return date === undefined ? number : { date };
  }

  #merge(ref: string): void {
    const [from = '', to = ''] = ref.split(':');
    const [left, right] = [columnOf(from), columnOf(to)];
    const [top, bottom] = [from, to].map((cell) => Number(/\d+$/u.exec(cell)?.[0]));
    if (left === undefined || right === undefined || top === undefined || bottom === undefined) return;
    // Merged ranges do not overlap, so that there are not more of them than cells with a value.
    if (this.#merged.length < 10_000) this.#merged.push({ top, bottom, left, right });
  }
}

function textValue(text: string): string | undefined {
  const trimmed = text.trim();
  return trimmed === '' ? undefined : trimmed;
}

/** A date that is stored as text, which ISO 8601 lets be short. */
function isoDate(text: string): CellValue {
  const date = new Date(/[zZ]|[+-]\d\d:?\d\d$/u.test(text) || !text.includes('T') ? text : `${text}Z`);
  return Number.isNaN(date.getTime()) ? { error: text } : { date: date.toISOString() };
}

/** Column of a reference such as `AB12`, from 0; undefined where it has none that a sheet can have. */
function columnOf(reference: string | undefined): number | undefined {
  const letters = /^[A-Za-z]{1,3}/u.exec(reference ?? '')?.[0].toUpperCase();
  if (letters === undefined) return undefined;
  let column = 0;
  for (const letter of letters) column = column * 26 + (letter.codePointAt(0) ?? 0) - 64;
  return column > 16_384 ? undefined : column - 1;
}
