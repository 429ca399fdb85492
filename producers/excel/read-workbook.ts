import { stat } from 'node:fs/promises';
import path from 'node:path';
import { StreamError } from '../../pipeline/errors.ts';
import { fileError, readFileUnder } from '../../platform/read-file.ts';
import { type Sheet, sheetLimits } from '../../platform/xlsx/cells.ts';
import { readXlsx } from '../../platform/xlsx/read-xlsx.ts';
import { interpret, type WorkbookContent } from './interpret.ts';
import type { Layout } from './layout.ts';
import { readCsvFolder } from './read-csv.ts';

/** Bytes of a workbook as it lies on disk. */
const maxBytes = 64_000_000;

/** A workbook that was read. */
export interface Workbook extends WorkbookContent {
  /** When it was last written, in milliseconds since 1970; of a folder, its newest file. */
  readonly modifiedMs: number;
}

/**
 * Reads a workbook (.xlsx), or a folder of CSV files named as its sheets. Rejects with SOURCE_NOT_FOUND, SOURCE_REFUSED, SOURCE_INVALID for
 * what is no workbook or has none of the sheets, and SOURCE_LIMIT. What is wrong within sheets is in `problems`.
 */
export async function readWorkbook(file: string, layout: Layout, signal?: AbortSignal): Promise<Workbook> {
  const { sheets, modifiedMs } = await readSheets(file, Object.values(layout.sheets), signal);
  if (sheets.length === 0)
    throw new StreamError(
      'SOURCE_INVALID',
      `${path.basename(file)} has none of the sheets ${Object.values(layout.sheets).join(', ')}.`,
      { advice: 'Start from `purview-streams excel template`, or name your sheets in the settings.' },
    );
  return { ...interpret(sheets, layout), modifiedMs };
}

async function readSheets(
  file: string,
  names: readonly string[],
  signal: AbortSignal | undefined,
): Promise<{ readonly sheets: readonly Sheet[]; readonly modifiedMs: number }> {
  if (await isFolder(file)) {
    const read = await readCsvFolder(file, names, sheetLimits);
    const modifiedMs = Math.max(0, ...read.map((one) => one.modifiedMs));
    return { sheets: read.map(({ sheet }) => sheet), modifiedMs };
  }
  const { dir: root, base } = path.parse(path.resolve(file));
  const { bytes, modifiedMs } = await readFileUnder({ root, file: base, maxBytes });
  const given = signal === undefined ? {} : { signal };
  return { sheets: await readXlsx(bytes, { file: base, sheets: names, ...given }), modifiedMs };
}

/** Whether a path is a folder. Rejects with SOURCE_NOT_FOUND or SOURCE_REFUSED. */
export async function isFolder(file: string): Promise<boolean> {
  try {
    return (await stat(file)).isDirectory();
  } catch (thrown) {
    throw fileError(thrown, file);
  }
}
