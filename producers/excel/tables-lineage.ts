/** The sheet TablesLineage: tables, and the processes between them. */
import { type Draft, addTarget, referenceOf, setAttribute } from './draft.ts';
import { columnIn, type Side } from './layout.ts';
import { readColumn } from './bulk-entities.ts';
import type { Reading } from './reading.ts';
import type { Table, TableRow } from './table.ts';

/** Takes up the rows of TablesLineage: a name is the qualifiedName too, unless a column such as `Target qualifiedName` says another. */
export function readTablesLineage(table: Table, reading: Reading): void {
  for (const row of table.rows) {
    const target = entityOf({ table, row, side: 'Target', nameColumn: 'table' }, reading);
    const source = entityOf({ table, row, side: 'Source', nameColumn: 'table' }, reading);
    const process = entityOf({ table, row, side: 'Process', nameColumn: 'name' }, reading);
    if (process === undefined) continue;
    // Of a process that the sheet describes, it knows all that it reads and writes: also that it reads nothing.
    const inputs = referenceOf(process, 'inputs', true);
    const outputs = referenceOf(process, 'outputs', true);
    if (source !== undefined) addTarget(inputs, source);
    if (target !== undefined) addTarget(outputs, target);
  }
}

interface RowPart {
  readonly table: Table;
  readonly row: TableRow;
  readonly side: Side;
  /** Name of the column with the name, after the prefix. */
  readonly nameColumn: 'table' | 'name';
}

/** The entity that one side of a row names; undefined where it names none. */
function entityOf({ table, row, side, nameColumn }: RowPart, reading: Reading): Draft | undefined {
  const { layout, problems, drafts } = reading;
  const nameHeader = columnIn(layout, `${side} ${nameColumn}`);
  const typeHeader = columnIn(layout, `${side} type`);
  const name = side === 'Target' ? reading.required(row, nameHeader) : row.text(nameHeader);
  if (name === undefined) return undefined;
  const typeName = reading.required(row, typeHeader);
  if (typeName === undefined) return undefined;
  const qualifiedName = row.text(columnIn(layout, `${side} qualifiedName`)) ?? name;
  const draft = drafts.at(typeName, qualifiedName, row.at(nameHeader));
  if (!row.isSound) draft.isBroken = true;
  setAttribute(draft, { name: 'name', value: name, place: row.at(nameHeader) }, problems);
  readSideColumns({ draft, table, row, side }, [nameHeader, typeHeader], reading);
  return draft;
}

/** Takes up classifications and attributes: every other column of that side, by what stands after its prefix. */
export function readSideColumns(
  given: { readonly draft: Draft; readonly table: Table; readonly row: TableRow; readonly side: Side },
  known: readonly string[],
  reading: Reading,
): void {
  const { draft, table, row, side } = given;
  const { layout } = reading;
  const prefix = `${layout.prefixes[side]} `;
  const classifications = columnIn(layout, `${side} classifications`);
  const skipped = new Set([...known, columnIn(layout, `${side} qualifiedName`)]);
  for (const header of table.headers) {
    if (skipped.has(header)) continue;
    if (header === classifications) reading.classify(draft, row, header);
    else if (header.startsWith(prefix))
      readColumn({ draft, row, header, name: header.slice(prefix.length).trim() }, reading);
  }
}
