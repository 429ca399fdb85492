import path from 'node:path';
import { z } from 'zod';
import { producerSection } from '../../pipeline/config.ts';
import { StreamError } from '../../pipeline/errors.ts';
import type { Layout } from '../../producers/excel/layout.ts';
import { excelOptions, layoutOf } from '../../producers/excel/options.ts';
import { problemText } from '../../producers/excel/problems.ts';
import { readWorkbook, type Workbook } from '../../producers/excel/read-workbook.ts';
import { loadConfig } from '../load-config.ts';

/** Which workbook a command is about. */
export interface WorkbookOptions {
  readonly config: string;
  /** Producer whose settings are taken, and whose workbook, where none is named. */
  readonly producer?: string;
}

/** A workbook that is named on the command line or by a producer, and how it is laid out. */
export interface GivenWorkbook {
  readonly file: string;
  readonly layout: Layout;
}

/** Finds the workbook and its settings. Rejects with USAGE when neither names one, and as the configuration is read. */
export async function givenWorkbook(
  file: string | undefined,
  { config, producer }: WorkbookOptions,
): Promise<GivenWorkbook> {
  if (producer === undefined) {
    if (file !== undefined) return { file, layout: layoutOf(excelOptions.parse({ path: file })) };
    throw new StreamError('USAGE', 'Name a workbook, or with --producer a producer that has one.');
  }
  const loaded = await loadConfig(config);
  const section = producerSection.safeParse(loaded.config.producers[producer]).data;
  if (section?.kind !== 'excel')
    throw new StreamError('USAGE', `There is no producer ${producer} of the kind excel in ${config}.`);
  const { kind: _kind, schedule: _schedule, ...options } = section;
  const parsed = excelOptions.safeParse(options);
  if (!parsed.success) throw loaded.invalid(new z.ZodError(parsed.error.issues), ['producers', producer]);
  return { file: file ?? path.resolve(loaded.folder, parsed.data.path), layout: layoutOf(parsed.data) };
}

/** Reads a workbook for a command that needs it without errors. Rejects with SOURCE_INVALID and the first of them. */
export async function readSoundWorkbook({ file, layout }: GivenWorkbook): Promise<Workbook> {
  const workbook = await readWorkbook(file, layout);
  const errors = workbook.problems.filter(({ severity }) => severity === 'error');
  const [first] = errors;
  if (first === undefined) return workbook;
  throw new StreamError('SOURCE_INVALID', `${file} has ${errors.length} errors. ${problemText(first)}`, {
    advice: '`purview-streams excel check` shows them all.',
  });
}
