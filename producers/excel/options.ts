import { z } from 'zod';
import { type Layout, type SheetName, sheetNames } from './layout.ts';

const name = (standard: string, what: string) => z.string().min(1).default(standard).describe(what);

const sheetOptions = Object.fromEntries(
  sheetNames.map((sheet) => [sheet, name(sheet, `Name of the sheet ${sheet}.`)]),
) as Record<SheetName, ReturnType<typeof name>>;

/** Settings of a workbook, of the producer and of the commands alike. */
export const excelOptions = z.strictObject({
  path: z
    .string()
    .min(1)
    .describe('The workbook (.xlsx), or a folder of CSV files named as its sheets: BulkEntities.csv, ….'),
  removed: z
    .enum(['keep', 'delete'])
    .default('keep')
    .describe(
      'What becomes of an entity whose rows are taken out of the workbook. keep: it stays as it was said last. delete: it is removed from the catalogue, also where others describe it there; more than `removalThreshold` at once is held back.',
    ),
  sheets: z
    .strictObject(sheetOptions)
    .prefault({})
    .describe('What the workbook calls the sheets of the template, where it calls them otherwise.'),
  columns: z
    .record(z.string().min(1), z.string().min(1))
    .default({})
    .describe(
      'What the workbook calls the columns of the template, where it calls them otherwise: `qualifiedName: Unique name`.',
    ),
  sourcePrefix: name('Source', 'Beginning of the columns of the source of a lineage.'),
  targetPrefix: name('Target', 'Beginning of the columns of the target of a lineage.'),
  processPrefix: name('Process', 'Beginning of the columns of the process of a lineage.'),
  transformation: name(
    'transformation',
    'Name of the column of FineGrainColumnLineage with the transformation.',
  ),
  separator: name(';', 'What separates the parts of a list within a cell.'),
  glossary: name('Glossary', 'Glossary of the terms that name none.'),
  people: z
    .record(z.string().min(1), z.string().min(1))
    .default({})
    .describe(
      'Object ids of Microsoft Entra ID by the address or name that the columns experts and owners have: `ann@example.com: 0a1b…`. Without one, the text itself is taken as the id.',
    ),
  columnTypes: z
    .record(z.string().min(1), z.string().min(1))
    .default({})
    .describe(
      'FineGrainColumnLineage: type of the columns by the type of their table, where it is not its name with `_column` for `_table`.',
    ),
  columnLineageTypes: z
    .record(z.string().min(1), z.string().min(1))
    .default({})
    .describe(
      'FineGrainColumnLineage: type of the lineage of a column by the type of the process, where it is not its name with `_column_lineage` for `_process`.',
    ),
  columnMapping: z
    .boolean()
    .default(false)
    .describe(
      'Whether FineGrainColumnLineage also fills the attribute columnMapping of the process of the tables, which Microsoft Purview shows.',
    ),
});

/** The layout that settings mean. */
export function layoutOf(options: z.output<typeof excelOptions>): Layout {
  const { path: _path, removed: _removed, sourcePrefix, targetPrefix, processPrefix, ...rest } = options;
  return { ...rest, prefixes: { Source: sourcePrefix, Target: targetPrefix, Process: processPrefix } };
}
