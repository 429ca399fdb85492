/** The sheet FineGrainColumnLineage: columns of the tables of TablesLineage, and a process for what flows between them. */
import { type ColumnEdge, writeColumnMapping } from '../../pipeline/column-mapping.ts';
import { addTarget, type Draft, nameOf, referenceOf, setAttribute } from './draft.ts';
import { columnIn } from './layout.ts';
import type { Place } from './problems.ts';
import type { Reading } from './reading.ts';
import type { Table, TableRow } from './table.ts';
import { readSideColumns } from './tables-lineage.ts';

/** Stands for no source in particular. */
const anySource = '*';

interface TableEdges {
  readonly list: ColumnEdge[];
  readonly place: Place;
}

/** Takes up the rows of FineGrainColumnLineage. */
export function readFineGrain(table: Table, reading: Reading): void {
  const reader = new FineGrainReader(table, reading);
  for (const row of table.rows) reader.row(row);
  reader.end();
}

class FineGrainReader {
  readonly #table: Table;
  readonly #reading: Reading;
  readonly #tables = new Map<string, readonly Draft[]>();
  readonly #processes: readonly Draft[];
  readonly #edges = new Map<Draft, TableEdges>();

  constructor(table: Table, reading: Reading) {
    this.#table = table;
    this.#reading = reading;
    const { all } = reading.drafts;
    for (const draft of all) {
      const name = nameOf(draft);
      this.#tables.set(name, [...(this.#tables.get(name) ?? []), draft]);
    }
    this.#processes = all.filter(({ references }) => references.has('outputs'));
  }

  row(row: TableRow): void {
    const target = this.#column(row, 'Target');
    const sourceTable = row.text(this.#header('Source table'));
    const hasSource = sourceTable !== undefined && sourceTable !== anySource;
    const source = hasSource ? this.#column(row, 'Source') : undefined;
    if (target === undefined || (hasSource && source === undefined)) return;
    const process = this.#processBetween(row, target.table, source?.table);
    if (process === undefined) return;
    this.#lineage({ row, process, target: target.column, source: source?.column });
    if (source === undefined) return;
    const place = row.at(this.#header('Target column'));
    const edges = this.#edges.get(process) ?? { list: [], place };
    edges.list.push({
      source: source.table.qualifiedName,
      sourceColumn: source.name,
      target: target.table.qualifiedName,
      targetColumn: target.name,
    });
    this.#edges.set(process, edges);
  }

  end(): void {
    const { layout, problems } = this.#reading;
    if (!layout.columnMapping) return;
    for (const [process, { list, place }] of this.#edges)
      setAttribute(process, { name: 'columnMapping', value: writeColumnMapping(list), place }, problems);
  }

  #header(templateName: string): string {
    return columnIn(this.#reading.layout, templateName);
  }

  /** The column that one side of a row names, with its table; undefined, and reported, where there is no such table. */
  #column(
    row: TableRow,
    side: 'Source' | 'Target',
  ): { readonly table: Draft; readonly column: Draft; readonly name: string } | undefined {
    const reading = this.#reading;
    const [tableHeader, columnHeader] = [this.#header(`${side} table`), this.#header(`${side} column`)];
    const tableName = reading.required(row, tableHeader);
    const name = reading.required(row, columnHeader);
    if (tableName === undefined || name === undefined) return undefined;
    const [table] = this.#tables.get(tableName) ?? [];
    if (table === undefined) {
      const expected = `expected the name of a table of the sheet ${reading.layout.sheets.TablesLineage}.`;
      reading.problems.error(row.at(tableHeader), 'table-unknown', expected);
      return undefined;
    }
    const typeName = typeBy(table.typeName, reading.layout.columnTypes, ['_table', '_column']);
    if (typeName === undefined) {
      const expected = `which type do the columns of ${table.typeName} have? Say so in the setting columnTypes.`;
      reading.problems.error(row.at(tableHeader), 'column-type-unknown', expected);
      return undefined;
    }
    const qualifiedName = row.text(this.#header(`${side} qualifiedName`)) ?? `${table.qualifiedName}#${name}`;
    const column = reading.drafts.at(typeName, qualifiedName, row.at(columnHeader));
    if (!row.isSound) column.isBroken = true;
    setAttribute(column, { name: 'name', value: name, place: row.at(columnHeader) }, reading.problems);
    addTarget(referenceOf(column, 'table', false), table);
    readSideColumns({ draft: column, table: this.#table, row, side }, [tableHeader, columnHeader], reading);
    return { table, column, name };
  }

  /** The first process that reads the one table and writes the other, or writes the other, where there is no source. */
  #processBetween(row: TableRow, target: Draft, source: Draft | undefined): Draft | undefined {
    const { problems } = this.#reading;
    const has = (process: Draft, attribute: string, entity: Draft): boolean =>
      process.references
        .get(attribute)
        ?.targets.some(
          (one) => one.typeName === entity.typeName && one.qualifiedName === entity.qualifiedName,
        ) === true;
    const found = this.#processes.filter(
      (process) =>
        has(process, 'outputs', target) && (source === undefined || has(process, 'inputs', source)),
    );
    const [first] = found;
    const from = source === undefined ? '' : ` from ${source.qualifiedName}`;
    if (first === undefined)
      problems.error(
        row.at(this.#header('Target table')),
        'process-unknown',
        `no process of this workbook writes ${target.qualifiedName}${from}: expected a row of it in the sheet ${this.#reading.layout.sheets.TablesLineage}.`,
      );
    else if (found.length > 1)
      problems.warn(
        row.at(this.#header('Target table')),
        'process-ambiguous',
        `${found.length} processes write ${target.qualifiedName}${from}: the first, ${first.qualifiedName}, is taken.`,
      );
    return first;
  }

  #lineage(given: {
    readonly row: TableRow;
    readonly process: Draft;
    readonly target: Draft;
    readonly source: Draft | undefined;
  }): void {
    const { row, process, target, source } = given;
    const { layout, problems, drafts } = this.#reading;
    const place = row.at(this.#header('Target column'));
    const typeName = typeBy(process.typeName, layout.columnLineageTypes, ['_process', '_column_lineage']);
    if (typeName === undefined) {
      const expected = `which type does the lineage of columns by ${process.typeName} have? Say so in the setting columnLineageTypes.`;
      problems.error(place, 'lineage-type-unknown', expected);
      return;
    }
    const name = nameOf(process);
    const column = nameOf(target);
    const qualifiedName =
      row.text(this.#header('Process qualifiedName')) ?? `${name}@derived_column:${column}`;
    const draft = drafts.at(typeName, qualifiedName, place);
    if (!row.isSound) draft.isBroken = true;
    draft.attributes.set('name', name);
    addTarget(referenceOf(draft, 'outputs', true), target);
    const inputs = referenceOf(draft, 'inputs', true);
    if (source !== undefined) addTarget(inputs, source);
    addTarget(referenceOf(draft, 'query', false), process);
    const expression = row.text(this.#header('transformation'));
    // A row without the transformation does not take away what another row of the same column says.
    if (expression !== undefined) {
      draft.attributes.set('dependencyType', 'EXPRESSION');
      draft.attributes.set('expression', expression);
    } else if (!draft.attributes.has('dependencyType')) draft.attributes.set('dependencyType', 'SIMPLE');
    readSideColumns({ draft, table: this.#table, row, side: 'Process' }, [], this.#reading);
  }
}

/** A type by the type that it belongs to: as the settings say, or by another end of the name. */
function typeBy(
  typeName: string,
  configured: Readonly<Record<string, string>>,
  [end, other]: readonly [string, string],
): string | undefined {
  if (Object.hasOwn(configured, typeName)) return configured[typeName];
  return typeName.endsWith(end) ? `${typeName.slice(0, -end.length)}${other}` : undefined;
}
