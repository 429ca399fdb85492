/** What a workbook holds, as far as a reader of tables needs it: values of cells by row and column. */

/**
 * A value of a cell. Texts are trimmed and never empty. A date is an ISO text in UTC, whatever the format that it is shown in. An error
 * is a value such as #N/A, or a formula of which no result is stored, in the words of `error`.
 */
export type CellValue = string | number | boolean | { readonly date: string } | { readonly error: string };

/** One row that holds anything; its number as the program shows it, from 1. */
export interface SheetRow {
  readonly row: number;
  /** By column, from 0. */
  readonly cells: ReadonlyMap<number, CellValue>;
}

/** One sheet: rows in order, those without any value left out. */
export interface Sheet {
  readonly name: string;
  readonly rows: readonly SheetRow[];
}

/** What a workbook may cost. A workbook beyond any of them is refused with SOURCE_LIMIT. */
export interface SheetLimits {
  /** Bytes of all parts that are read, unpacked. */
  readonly bytes: number;
  /** Rows with any value, of all sheets that are read. */
  readonly rows: number;
  /** Cells with a value, of all sheets that are read. */
  readonly cells: number;
  /** Characters of one cell. */
  readonly cellCharacters: number;
  /** Characters of all cells. */
  readonly characters: number;
}

/** Generous for people's workbooks: the largest that are filled in by hand have some ten thousand rows. */
export const sheetLimits: SheetLimits = {
  bytes: 256_000_000,
  rows: 200_000,
  cells: 3_000_000,
  cellCharacters: 200_000,
  characters: 64_000_000,
};

/** Column as the program shows it: A for 0, AA for 26. */
export function columnName(column: number): string {
  let name = '';
  for (let left = column + 1; left > 0; left = Math.floor((left - 1) / 26))
    name = String.fromCodePoint(65 + ((left - 1) % 26)) + name;
  return name;
}
