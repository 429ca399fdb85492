/** From the sheets of a workbook to the entities and types that they mean. */
import type { Sheet } from '../../platform/xlsx/cells.ts';
import { readBulkEntities } from './bulk-entities.ts';
import type { Draft } from './draft.ts';
import { readFineGrain } from './fine-grain.ts';
import { entityOf, type WorkbookEntity } from './finish.ts';
import type { Layout, SheetName } from './layout.ts';
import { readColumnMapping, readUpdateLineage } from './lineage.ts';
import type { Problem } from './problems.ts';
import { Reading } from './reading.ts';
import { type Table, tableOf } from './table.ts';
import { readTablesLineage } from './tables-lineage.ts';
import { readClassificationDefs, readEntityDefs, type WorkbookTypes } from './type-defs.ts';
import { fitValues } from './typed-values.ts';

/** What a workbook says. */
export interface WorkbookContent {
  /** Entities without errors, in the order in which the workbook names them first. */
  readonly entities: readonly WorkbookEntity[];
  readonly types: WorkbookTypes;
  /** By sheet, in the order of the template, and by row. */
  readonly problems: readonly Problem[];
}

/** The sheets of entities, in the order of reading: FineGrainColumnLineage needs the tables of the others. */
const readers = [
  ['BulkEntities', readBulkEntities],
  ['UpdateLineage', readUpdateLineage],
  ['ColumnMapping', readColumnMapping],
  ['TablesLineage', readTablesLineage],
  ['FineGrainColumnLineage', readFineGrain],
] as const satisfies readonly (readonly [SheetName, (table: Table, reading: Reading) => void])[];

/** Reads the sheets of the template, whatever their order in the workbook. Pure; never throws. */
export function interpret(sheets: readonly Sheet[], layout: Layout): WorkbookContent {
  const reading = new Reading(layout);
  const tableNamed = (name: SheetName): Table | undefined => {
    const sheet = sheets.find((one) => one.name === layout.sheets[name]);
    return sheet === undefined ? undefined : tableOf(sheet, name, reading);
  };
  for (const [name, read] of readers) {
    const table = tableNamed(name);
    if (table !== undefined) read(table, reading);
  }
  const [entityDefs, classificationDefs] = [tableNamed('EntityDefs'), tableNamed('ClassificationDefs')];
  const types = {
    entityDefs: entityDefs === undefined ? [] : readEntityDefs(entityDefs, reading),
    classificationDefs:
      classificationDefs === undefined ? [] : readClassificationDefs(classificationDefs, reading),
  };
  reading.resolve();
  fitValues(types.entityDefs, reading);
  const whole = reading.drafts.all.filter((draft) => isWhole(draft, reading));
  const rank = new Map(Object.values(layout.sheets).map((name, index) => [name, index]));
  const problems = [...reading.problems.all].sort(
    (a, b) => (rank.get(a.sheet) ?? 0) - (rank.get(b.sheet) ?? 0) || (a.row ?? 0) - (b.row ?? 0),
  );
  return { entities: whole.map(entityOf), types, problems };
}

function isWhole(draft: Draft, { problems }: Reading): boolean {
  if (draft.isBroken) return false;
  if (draft.attributes.has('name')) return true;
  problems.error(
    draft.place,
    'name-missing',
    `${draft.typeName} ${draft.qualifiedName} has no name in any row.`,
  );
  return false;
}
