/** What the thread that reads a workbook runs. */
import { Budget } from './budget.ts';
import type { Sheet, SheetLimits } from './cells.ts';
import { XlsxPackage } from './package.ts';
import { readDateStyles, readParts, readSharedStrings } from './parts.ts';
import { readSheet } from './sheet.ts';

/** What the thread is given. */
export interface XlsxInput {
  readonly bytes: Uint8Array;
  readonly file: string;
  /** Names of the sheets to read; undefined for all. */
  readonly sheets: readonly string[] | undefined;
  readonly limits: SheetLimits;
}

/** Reads the sheets that are asked for and are there, in the order of the workbook. */
export async function work({ bytes, file, sheets, limits }: XlsxInput): Promise<readonly Sheet[]> {
  const budget = new Budget(file, limits);
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const xlsx = await XlsxPackage.open(buffer, file, budget);
  const parts = await readParts(xlsx);
  const context = {
    strings: await readSharedStrings(xlsx, parts.sharedStrings, budget),
    dateStyles: await readDateStyles(xlsx, parts.styles),
    is1904: parts.is1904,
    budget,
  };
  const read: Sheet[] = [];
  for (const entry of parts.sheets)
    if (sheets?.includes(entry.name) !== false) read.push(await readSheet(xlsx, entry, context));
  return read;
}
