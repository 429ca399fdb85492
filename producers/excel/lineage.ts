/** The sheets UpdateLineage and ColumnMapping: what flows where, between entities and between columns. */
import { type ColumnEdge, writeColumnMapping } from '../../pipeline/column-mapping.ts';
import { addTarget, type Draft, referenceOf, setAttribute } from './draft.ts';
import { columnIn } from './layout.ts';
import type { Place } from './problems.ts';
import type { Reading } from './reading.ts';
import type { Table, TableRow } from './table.ts';

/** Takes away all inputs or outputs. */
const none = 'N/A';

/** Takes up the rows of UpdateLineage: rows of a process add up, a blank side leaves what the catalogue has, N/A takes it away. */
export function readUpdateLineage(table: Table, reading: Reading): void {
  const sides = [
    { attribute: 'inputs', side: 'Source' },
    { attribute: 'outputs', side: 'Target' },
  ] as const;
  for (const row of table.rows) {
    const process = processOf(row, reading);
    if (process === undefined) continue;
    for (const { attribute, side } of sides) {
      const typeColumn = columnIn(reading.layout, `${side} typeName`);
      const nameColumn = columnIn(reading.layout, `${side} qualifiedName`);
      readSide({ process, row, attribute, typeColumn, nameColumn }, reading);
    }
  }
}

function readSide(
  given: {
    readonly process: Draft;
    readonly row: TableRow;
    readonly attribute: 'inputs' | 'outputs';
    readonly typeColumn: string;
    readonly nameColumn: string;
  },
  reading: Reading,
): void {
  const { process, row, attribute, typeColumn, nameColumn } = given;
  const qualifiedName = row.text(nameColumn);
  if (qualifiedName === undefined) {
    if (row.text(typeColumn) !== undefined)
      reading.problems.warn(
        row.at(typeColumn),
        'type-without-name',
        `it names a type, but ${nameColumn} is empty: the ${attribute} stay as they are.`,
      );
    return;
  }
  const reference = referenceOf(process, attribute, true);
  const isNone = qualifiedName.toUpperCase() === none;
  if (reference.isEmptied === true ? !isNone : isNone && reference.targets.length > 0) {
    process.isBroken = true;
    reading.problems.error(
      row.at(nameColumn),
      'none-and-some',
      `N/A takes all ${attribute} away, but another row of the process names one: expected one or the other.`,
    );
    return;
  }
  if (isNone) {
    reference.isEmptied = true;
    return;
  }
  const typeName = reading.required(row, typeColumn);
  if (typeName === undefined) process.isBroken = true;
  else addTarget(reference, { typeName, qualifiedName });
}

/** Takes up the rows of ColumnMapping: one column edge each, of a process all together. */
export function readColumnMapping(table: Table, reading: Reading): void {
  const { layout, problems } = reading;
  const columns = {
    source: columnIn(layout, 'Source qualifiedName'),
    sourceColumn: columnIn(layout, 'Source column'),
    target: columnIn(layout, 'Target qualifiedName'),
    targetColumn: columnIn(layout, 'Target column'),
  };
  const edges = new Map<Draft, { readonly list: ColumnEdge[]; readonly place: Place }>();
  for (const row of table.rows) {
    const process = processOf(row, reading);
    const source = reading.required(row, columns.source);
    const sourceColumn = reading.required(row, columns.sourceColumn);
    const target = reading.required(row, columns.target);
    const targetColumn = reading.required(row, columns.targetColumn);
    if (process === undefined) continue;
    if (
      source === undefined ||
      sourceColumn === undefined ||
      target === undefined ||
      targetColumn === undefined
    ) {
      process.isBroken = true;
      continue;
    }
    const known = edges.get(process) ?? { list: [], place: row.at(columns.target) };
    known.list.push({ source, sourceColumn, target, targetColumn });
    edges.set(process, known);
  }
  for (const [process, { list, place }] of edges)
    setAttribute(process, { name: 'columnMapping', value: writeColumnMapping(list), place }, problems);
}

/** The process that a row of either sheet speaks of; undefined, and reported, where the row does not name it. */
function processOf(row: TableRow, reading: Reading): Draft | undefined {
  const { layout, problems, drafts } = reading;
  const nameColumn = columnIn(layout, 'Process name');
  const qualifiedColumn = columnIn(layout, 'Process qualifiedName');
  const typeName = reading.required(row, columnIn(layout, 'Process typeName'));
  const qualifiedName = reading.required(row, qualifiedColumn);
  if (typeName === undefined || qualifiedName === undefined) return undefined;
  const draft = drafts.at(typeName, qualifiedName, row.at(qualifiedColumn));
  if (!row.isSound) draft.isBroken = true;
  // One row that tells the name is enough.
  const name = row.text(nameColumn);
  if (name !== undefined)
    setAttribute(draft, { name: 'name', value: name, place: row.at(nameColumn) }, problems);
  return draft;
}
