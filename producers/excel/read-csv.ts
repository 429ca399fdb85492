import { stat } from 'node:fs/promises';
import path from 'node:path';
import Papa from 'papaparse';
import { StreamError } from '../../pipeline/errors.ts';
import { decodeText, fileError, readFileUnder } from '../../platform/read-file.ts';
import { Budget } from '../../platform/xlsx/budget.ts';
import { type CellValue, columnName, type Sheet, type SheetLimits } from '../../platform/xlsx/cells.ts';
import { needsQuote } from '../../platform/xlsx/write-xlsx.ts';

/** A sheet that was read, and when it was last written. */
export interface CsvSheet {
  readonly sheet: Sheet;
  readonly modifiedMs: number;
}

/**
 * Reads the sheets that a folder holds as NAME.csv: with commas, semicolons or tabs, as programs write them. Every value is a text; the
 * catalogue makes numbers of texts. Rejects with SOURCE_INVALID for a file with an open quote, and with SOURCE_LIMIT.
 */
export async function readCsvFolder(
  folder: string,
  names: readonly string[],
  limits: SheetLimits,
): Promise<readonly CsvSheet[]> {
  const budget = new Budget(path.basename(folder), limits);
  const sheets: CsvSheet[] = [];
  for (const name of names) {
    const file = `${name}.csv`;
    if (!(await exists(path.join(folder, file)))) continue;
    const { bytes, modifiedMs } = await readFileUnder({ root: folder, file, maxBytes: limits.bytes });
    budget.bytes(bytes.length);
    sheets.push({ sheet: parseCsv(decodeText(bytes, file), name, budget), modifiedMs });
  }
  return sheets;
}

async function exists(file: string): Promise<boolean> {
  try {
    await stat(file);
    return true;
  } catch (thrown) {
    const error = fileError(thrown, file);
    if (error.code === 'SOURCE_NOT_FOUND') return false;
    throw error;
  }
}

/** A quote in front of what a spreadsheet would take for a formula is no part of the text: programs that write CSV put it there. */
function unquoted(text: string): string {
  return text.startsWith("'") && needsQuote(text.slice(1)) ? text.slice(1) : text;
}

/** Error values as spreadsheets write them into CSV. */
const errorValues = /^#(?:N\/A|NAME\?|REF!|VALUE!|DIV\/0!|NUM!|NULL!|SPILL!|CALC!|GETTING_DATA)$/u;

/** Reads the text of one file. Rows are numbered as a spreadsheet shows them when it opens the file. */
function parseCsv(text: string, name: string, budget: Budget): Sheet {
  const rows: { readonly row: number; readonly cells: Map<number, CellValue> }[] = [];
  let number = 0;
  let failure: string | undefined;
  Papa.parse<readonly string[]>(text, {
    // Headers of our own: a column named __proto__ would vanish.
    header: false,
    delimiter: delimiterOf(text),
    step: ({ data, errors }) => {
      number += 1;
      const [error] = errors;
      if (error !== undefined) failure ??= `${name}.csv, row ${number}: ${error.message}`;
      const cells = cellsOf(data, { name, row: number, budget });
      if (cells.size === 0) return;
      budget.row();
      rows.push({ row: number, cells });
    },
  });
  if (failure !== undefined)
    throw new StreamError('SOURCE_INVALID', `${failure}.`, {
      advice: 'Mend the quotes, or save it as CSV anew.',
    });
  return { name, rows };
}

function cellsOf(
  fields: readonly string[],
  where: { readonly name: string; readonly row: number; readonly budget: Budget },
): Map<number, CellValue> {
  const cells = new Map<number, CellValue>();
  for (const [column, field] of fields.entries()) {
    const value = unquoted(field.trim());
    if (value === '') continue;
    where.budget.cell(value.length, () => `cell ${columnName(column)}${where.row} of ${where.name}`);
    cells.set(column, errorValues.test(value) ? { error: value } : value);
  }
  return cells;
}

/** Spreadsheets of some countries write semicolons: what the first line has most of counts, outside of quotes. */
function delimiterOf(text: string): string {
  const head = text.slice(0, 10_000).replaceAll(/"[^"]*"/gu, '');
  const [line = ''] = head.split(/\r\n|\r|\n/u).filter((one) => one.trim() !== '');
  const counts = [',', ';', '\t'].map((mark) => ({ mark, count: line.split(mark).length }));
  return counts.reduce((best, one) => (one.count > best.count ? one : best)).mark;
}
