import { runInWorker } from '../worker.ts';
import { type Sheet, type SheetLimits, sheetLimits } from './cells.ts';
import type { XlsxInput } from './work.ts';

/** What to read of a workbook. */
export interface ReadXlsxOptions {
  /** Named in errors. */
  readonly file: string;
  /** Names of the sheets to read, as far as they are there. @default all */
  readonly sheets?: readonly string[];
  readonly limits?: SheetLimits;
  readonly signal?: AbortSignal;
}

const heapMb = 768;
const timeoutMs = 120_000;

/**
 * Reads an .xlsx workbook in a thread of its own: values only, formulas by their stored result, merged cells each with their common
 * value. Rejects with SOURCE_INVALID for what is no workbook, and with SOURCE_LIMIT for one that is too large, whatever it says of itself.
 */
export async function readXlsx(bytes: Uint8Array, options: ReadXlsxOptions): Promise<readonly Sheet[]> {
  const { file, sheets, limits = sheetLimits, signal } = options;
  const input: XlsxInput = { bytes, file, sheets, limits };
  const module = new URL(import.meta.url.endsWith('.ts') ? './work.ts' : './work.js', import.meta.url);
  const answer = await runInWorker({ module, input, what: file, heapMb, timeoutMs }, signal);
  return answer as readonly Sheet[]; // what `work` of that module gives
}
