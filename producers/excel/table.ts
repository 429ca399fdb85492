import type { CellValue, Sheet, SheetRow } from '../../platform/xlsx/cells.ts';
import { columnIn, type Layout, type SheetName, templateColumns } from './layout.ts';
import { type Place, type Problems, textOf } from './problems.ts';

/** A row below the header. */
export interface TableRow {
  readonly sheet: string;
  readonly row: number;
  /** Where a column of it is, for problems. */
  at(header: string): Place;
  /** The value below a header of the workbook; undefined for an empty cell. */
  value(header: string): Exclude<CellValue, { readonly error: string }> | undefined;
  /** The value below a header as text. */
  text(header: string): string | undefined;
  /** False when a cell of it holds an error, which is reported already. */
  readonly isSound: boolean;
}

/** A sheet of the template, as it was filled in. */
export interface Table {
  readonly sheet: string;
  /** Number of the row with the headers. */
  readonly headerRow: number;
  /** Headers of the workbook in order, without those that are empty. */
  readonly headers: readonly string[];
  readonly rows: readonly TableRow[];
}

/**
 * Takes the first row with values as the header. Reports required columns that are missing, headers that are there twice, and cells that
 * hold errors. Undefined when the rows mean nothing without a column that is missing.
 */
export function tableOf(
  sheet: Sheet,
  kind: SheetName,
  { layout, problems }: { readonly layout: Layout; readonly problems: Problems },
): Table | undefined {
  const [first, ...rest] = sheet.rows;
  if (first === undefined) return undefined;
  const columns = headersOf(sheet.name, first, problems);
  const missing = templateColumns[kind].required
    .map((name) => columnIn(layout, name))
    .filter((name) => !columns.has(name));
  for (const name of missing) reportMissing(name, columns, { sheet: sheet.name, row: first.row, problems });
  if (missing.length > 0) return undefined;
  return {
    sheet: sheet.name,
    headerRow: first.row,
    headers: [...columns.keys()],
    rows: rest.map((row) => tableRow(sheet.name, row, { columns, problems })),
  };
}

function headersOf(sheet: string, first: SheetRow, problems: Problems): ReadonlyMap<string, number> {
  const columns = new Map<string, number>();
  for (const [index, value] of first.cells) {
    const header = textOf(value);
    const place = { sheet, row: first.row, column: { header, index }, value };
    if (typeof value === 'object' && 'error' in value)
      problems.error(place, 'header-error', 'expected the name of the column.');
    else if (columns.has(header))
      problems.error(
        place,
        'header-twice',
        'the column is there twice: give one of them another name, or take it out.',
      );
    else columns.set(header, index);
  }
  return columns;
}

function reportMissing(
  name: string,
  columns: ReadonlyMap<string, number>,
  where: { readonly sheet: string; readonly row: number; readonly problems: Problems },
): void {
  const alike = [...columns.keys()].find((header) => plain(header) === plain(name));
  const hint =
    alike === undefined
      ? 'Add it to the first row, or name your own column in the settings.'
      : `There is one named ${JSON.stringify(alike)}: rename it.`;
  where.problems.error(
    { sheet: where.sheet, row: where.row },
    'column-missing',
    `the column ${JSON.stringify(name)} is missing. ${hint}`,
  );
}

function plain(header: string): string {
  return header.toLowerCase().replaceAll(/[\s_-]/gu, '');
}

function tableRow(
  sheet: string,
  { row, cells }: SheetRow,
  { columns, problems }: { readonly columns: ReadonlyMap<string, number>; readonly problems: Problems },
): TableRow {
  const at = (header: string): Place => {
    const index = columns.get(header);
    if (index === undefined) return { sheet, row };
    return { sheet, row, column: { header, index }, value: cells.get(index) };
  };
  const value = (header: string) => {
    const found = cells.get(columns.get(header) ?? -1);
    return typeof found === 'object' && 'error' in found ? undefined : found;
  };
  let isSound = true;
  for (const [header, index] of columns) {
    const found = cells.get(index);
    if (typeof found !== 'object' || !('error' in found)) continue;
    isSound = false;
    const expected = found.error.startsWith('#')
      ? 'expected a value, but the formula or link in it has failed.'
      : 'expected a value: open the file in Excel or LibreOffice and save it, so that the results of formulas are stored.';
    problems.error(at(header), 'cell-error', expected);
  }
  return {
    sheet,
    row,
    at,
    value,
    text: (header) => {
      const found = value(header);
      return found === undefined ? undefined : textOf(found);
    },
    isSound,
  };
}
