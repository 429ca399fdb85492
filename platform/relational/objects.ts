import { blankObject } from '../../pipeline/blank-object.ts';
import type { FoundObject, Rejection } from '../../pipeline/producer.ts';
import type { MiddleLevel } from '../../pipeline/relational-types.ts';
import type { Column, DatabaseObject, NamePart, Warning } from '../../schemas/types.ts';
import type { KeyFacts, RelationalResults, RelationalSource, TableFacts } from './model.ts';
import { objectIdOf, pathOf, refOf } from './paths.ts';
import {
  blank,
  columnFields,
  definitionOf,
  keyFields,
  Keys,
  placeOf,
  readColumn,
  readRows,
  readTable,
  tableFields,
  tableKey,
} from './read-results.ts';
import { readRoutine, routineFields } from './routine.ts';
import type { RowReader } from './row-reader.ts';

/** Warnings about rows of tables that are not listed; what is beyond is counted in the last one. */
const maxWarnings = 100;

/** How the rows of a scan are read. */
export interface ReadObjectsOptions {
  readonly reject: (rejection: Rejection) => void;
  /** Only what was asked for: neither the server nor levels. @default false */
  readonly partial?: boolean;
}

/**
 * Puts the results of a database's queries together: the server, its levels, its tables and views with their columns and keys, its routines. An
 * object's id is its path below the server, which is its ref too. A row that cannot be read is rejected alone. Throws SOURCE_INVALID when a
 * result as a whole does not fit.
 */
export function* relationalObjects(
  source: RelationalSource,
  results: RelationalResults,
  { reject, partial = false }: ReadObjectsOptions,
): Generator<FoundObject> {
  const tables = readTables(source, results, reject);
  const levels = readLevels(source, results, { reject, tables });
  const { columns, unlisted } = readColumns(source, results, { reject, tables });
  const keys = new Keys();
  for (const _row of readRows(results.keys, [...source.levels, ...keyFields], {
    reject,
    read: (row) => keys.add(source, row),
  }));
  if (!partial) {
    yield serverObject(source, unlisted);
    yield* levels;
  }
  const byTable = keys.byTable();
  for (const [key, table] of tables)
    yield tableObject(source, table, { columns: columns.get(key) ?? [], keys: byTable.get(key) });
  yield* readRows(results.routines, [...source.levels, ...routineFields], {
    reject,
    read: (row) => readRoutine(source, row),
  });
}

function readTables(
  source: RelationalSource,
  results: RelationalResults,
  reject: ReadObjectsOptions['reject'],
): ReadonlyMap<string, TableFacts> {
  const tables = new Map<string, TableFacts>();
  for (const table of readRows(results.tables, [...source.levels, ...tableFields], {
    reject,
    read: (row) => readTable(source, row),
  }))
    tables.set(tableKey(table.place, table.name), table);
  for (const [key, definition] of readRows(results.views, [...source.levels, 'name', 'definition'], {
    reject,
    read: (row): readonly [string, string | null] | undefined => {
      const place = placeOf(source, row);
      return place === undefined ? undefined : [tableKey(place, row.name('name')), definitionOf(row)];
    },
  })) {
    const table = tables.get(key);
    if (table !== undefined) tables.set(key, { ...table, isView: true, definition });
  }
  return tables;
}

/** Columns by table, and warnings about tables that have some but are not listed. */
function readColumns(
  source: RelationalSource,
  results: RelationalResults,
  {
    reject,
    tables,
  }: { readonly reject: ReadObjectsOptions['reject']; readonly tables: ReadonlyMap<string, TableFacts> },
): { readonly columns: ReadonlyMap<string, readonly Column[]>; readonly unlisted: readonly Warning[] } {
  const columns = new Map<string, Column[]>();
  const unlisted = new Set<string>();
  const read = (row: RowReader): undefined => {
    const place = placeOf(source, row);
    const table = row.name('table');
    if (place === undefined || !source.isRead('table', table)) return;
    const key = tableKey(place, table);
    if (!tables.has(key)) {
      unlisted.add([...place, table].join('.'));
      return;
    }
    const of = columns.get(key) ?? [];
    of.push(readColumn(row, of.length + 1));
    columns.set(key, of);
  };
  for (const _row of readRows(results.columns, [...source.levels, ...columnFields], { reject, read }));
  for (const of of columns.values()) of.sort((a, b) => a.ordinal - b.ordinal);
  const shown = [...unlisted].slice(0, maxWarnings);
  return {
    columns,
    unlisted: shown.map((name, index) => ({
      code: 'unlisted-table',
      location: results.columns.place,
      message: `There are columns of ${name}, which is not among the tables${
        index === maxWarnings - 1 && unlisted.size > maxWarnings
          ? `; so are those of ${unlisted.size - maxWarnings} more`
          : ''
      }.`,
    })),
  };
}

/** Every level that a query lists or that a table lies in, outermost first. */
function readLevels(
  source: RelationalSource,
  results: RelationalResults,
  {
    reject,
    tables,
  }: { readonly reject: ReadObjectsOptions['reject']; readonly tables: ReadonlyMap<string, TableFacts> },
): readonly FoundObject[] {
  const found = new Map<string, FoundObject>();
  for (const [index, level] of source.levels.entries()) {
    const outer = { ...source, levels: source.levels.slice(0, index) };
    const fields = [...outer.levels, 'name', 'description', 'owner'];
    for (const object of readRows(results.levels?.[level], fields, {
      reject,
      read: (row) => readLevel(outer, level, row),
    }))
      found.set(object.objectId, object);
  }
  const places = [...tables.values()].map(({ place }) => place);
  const lone = source.levels.flatMap((level) => source.defaults[level] ?? []);
  if (lone.length === source.levels.length) places.push(lone);
  for (const place of places) {
    for (let depth = 1; depth <= place.length; depth += 1) {
      const path = pathOf(source, place.slice(0, depth));
      if (!found.has(objectIdOf(path))) found.set(objectIdOf(path), databaseObject(source, { path }));
    }
  }
  return [...found.values()].sort((a, b) => depthOf(a) - depthOf(b));
}

function depthOf({ value }: FoundObject): number {
  return 'path' in value ? value.path.length : 0;
}

function readLevel(outer: RelationalSource, level: MiddleLevel, row: RowReader): FoundObject | undefined {
  const place = placeOf(outer, row);
  const name = row.name('name');
  if (place === undefined || !outer.isRead(level, name)) return undefined;
  const path: readonly NamePart[] = [...pathOf(outer, place), { level, name }];
  return databaseObject(outer, {
    path,
    description: blank(row.text('description')),
    owner: blank(row.text('owner')),
  });
}

function serverObject(source: RelationalSource, warnings: readonly Warning[]): FoundObject {
  const { version } = source;
  const additional = version === null ? [] : [{ key: 'version', json: JSON.stringify(version) }];
  return databaseObject(source, { path: pathOf(source, []), warnings, additional });
}

function tableObject(
  source: RelationalSource,
  table: TableFacts,
  { columns, keys }: { readonly columns: readonly Column[]; readonly keys: KeyFacts | undefined },
): FoundObject {
  const level = table.isView ? 'view' : 'table';
  const kind =
    table.kind === null ? [] : [{ key: 'kind', json: JSON.stringify(table.kind.trim().toLowerCase()) }];
  return databaseObject(source, {
    path: [...pathOf(source, table.place), { level, name: table.name }],
    description: table.description,
    owner: table.owner,
    definition: table.isView ? table.definition : null,
    parts: table.parts,
    columns: columns.map((column) => withKeys(source, column, keys)),
    additional: [...kind, ...table.additional],
  });
}

function withKeys(source: RelationalSource, column: Column, keys: KeyFacts | undefined): Column {
  if (keys === undefined) return column;
  const points = keys.foreign.get(column.name);
  return {
    ...column,
    primaryKey: column.primaryKey || keys.primary.has(column.name),
    unique: column.unique || keys.unique.has(column.name),
    references:
      points === undefined
        ? null
        : {
            path: [...pathOf(source, points.place), { level: 'table', name: points.table }],
            column: points.column,
          },
  };
}

function databaseObject(
  source: RelationalSource,
  facts: Pick<DatabaseObject, 'path'> &
    Partial<Omit<DatabaseObject, 'producer' | 'objectId' | 'position' | 'system'>>,
): FoundObject {
  const objectId = objectIdOf(facts.path);
  return {
    type: 'database-object',
    objectId,
    ref: refOf(source, objectId),
    value: {
      system: source.system,
      ...blankObject,
      ...facts,
    },
  };
}
