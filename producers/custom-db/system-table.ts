import { z } from 'zod';
import type { Additional, Column, Warning } from '../../schemas/types.ts';
import { StreamError, toStreamError } from '../../pipeline/errors.ts';
import { type JsonValue, parseJson } from '../../platform/json.ts';
import { asArray, asObject, type Located, pathTo, readFields, UnknownKeys } from './json-fields.ts';

/** A container or table as the system table describes it. */
export interface SystemEntry {
  readonly kind: 'container' | 'table';
  readonly name: string;
  readonly description: string | null;
  /** The listed container of a table; undefined where it has none that is listed. */
  readonly container: string | undefined;
  readonly parts: readonly string[];
  /** Null for containers, and for tables that have no list of columns. */
  readonly columns: readonly Column[] | null;
  readonly warnings: readonly Warning[];
  readonly additional: readonly Additional[];
}

/** What a system table says. */
export interface SystemTable {
  readonly entries: readonly SystemEntry[];
  /** Entries that are not in the documented form; the others stand. */
  readonly rejected: readonly { readonly objectId: string; readonly error: StreamError }[];
  /** About the file as a whole. */
  readonly warnings: readonly Warning[];
  readonly additional: readonly Additional[];
}

const text = z.string().nullish();
const count = z.int().min(0).max(2_147_483_647).nullish();
const rootShape = z.object({
  containers: z.unknown().optional(),
  tables: z.unknown().optional(),
  columns: z.unknown().optional(),
});
const containerShape = z.object({ description: text });
const tableShape = z.object({
  description: text,
  container: text,
  tableParts: z.array(z.string().min(1)).nullish(),
});
const columnShape = z.object({
  name: z.string().min(1),
  type: z.string(),
  description: text,
  precision: count,
  length: count,
});

interface Sections {
  readonly file: string;
  readonly containers: ReadonlyMap<string, JsonValue>;
  readonly tables: ReadonlyMap<string, JsonValue>;
  readonly columns: ReadonlyMap<string, JsonValue>;
  readonly unknown: UnknownKeys;
}

/** The object id of an entry. */
export function entryId(kind: SystemEntry['kind'], name: string): string {
  return `${kind}s/${name}`;
}

/**
 * Reads a system table. Throws SOURCE_INVALID or SOURCE_LIMIT, with line and column or JSON path, when the file as a whole is not in
 * the documented form; an entry that is not is rejected alone.
 */
export function readSystemTable(content: string, file: string): SystemTable {
  const root: Located = { value: parseJson(content, { file }), path: '$', file };
  const unknown = new UnknownKeys();
  const { additional } = readFields(rootShape, root, { kind: 'root', keys: unknown });
  const section = (key: string): ReadonlyMap<string, JsonValue> => {
    const value = asObject(root).get(key) ?? null;
    return value === null ? new Map() : asObject({ value, path: pathTo('$', key), file });
  };
  const sections: Sections = {
    file,
    containers: section('containers'),
    tables: section('tables'),
    columns: section('columns'),
    unknown,
  };
  const entries: SystemEntry[] = [];
  const rejected: { readonly objectId: string; readonly error: StreamError }[] = [];
  const read = (kind: SystemEntry['kind'], name: string, value: JsonValue): void => {
    try {
      const at = { value, path: pathTo(`$.${kind}s`, name), file };
      if (name === '') throw new StreamError('SOURCE_INVALID', `${file}: ${at.path} has an empty name.`);
      entries.push(kind === 'container' ? readContainer(name, at, sections) : readTable(name, at, sections));
    } catch (thrown) {
      rejected.push({ objectId: entryId(kind, name), error: toStreamError(thrown, 'SOURCE_INVALID', file) });
    }
  };
  for (const [name, value] of sections.containers) read('container', name, value);
  for (const [name, value] of sections.tables) read('table', name, value);
  return {
    entries: withEmptyContainers(entries, sections),
    rejected,
    warnings: [...unlistedTables(sections), ...unknownKeys(unknown)],
    additional,
  };
}

function readContainer(name: string, at: Located, { unknown }: Sections): SystemEntry {
  const { fields, additional } = readFields(containerShape, at, { kind: 'container', keys: unknown });
  return {
    kind: 'container',
    name,
    description: fields.description ?? null,
    container: undefined,
    parts: [],
    columns: null,
    warnings: [],
    additional,
  };
}

function readTable(name: string, at: Located, sections: Sections): SystemEntry {
  const { fields, additional } = readFields(tableShape, at, { kind: 'table', keys: sections.unknown });
  const container = fields.container ?? undefined;
  const listed = container !== undefined && sections.containers.has(container);
  const unlisted: Warning = {
    code: 'unlisted-container',
    location: pathTo(at.path, 'container'),
    message:
      container === undefined
        ? `The table ${name} names no container.`
        : `The container ${container} of the table ${name} is not listed.`,
  };
  const { columns, warnings } = readColumns(name, sections);
  return {
    kind: 'table',
    name,
    description: fields.description ?? null,
    container: listed ? container : undefined,
    parts: fields.tableParts ?? [],
    columns,
    warnings: [...(listed ? [] : [unlisted]), ...warnings],
    additional,
  };
}

function readColumns(
  table: string,
  { columns: section, file, unknown }: Sections,
): { readonly columns: readonly Column[] | null; readonly warnings: readonly Warning[] } {
  const path = pathTo('$.columns', table);
  const value = section.get(table) ?? null;
  if (value === null) return { columns: null, warnings: [] };
  const columns = new Map<string, Column>();
  const warnings: Warning[] = [];
  for (const [index, item] of asArray({ value, path, file }).entries()) {
    const at = { value: item, path: pathTo(path, index), file };
    const column = readColumn(at, columns.size + 1, unknown);
    if (!columns.has(column.name)) columns.set(column.name, column);
    else {
      warnings.push({
        code: 'duplicate-column',
        location: at.path,
        message: `The column ${column.name} of the table ${table} is listed twice; the first counts.`,
      });
    }
  }
  return { columns: [...columns.values()], warnings };
}

function readColumn(at: Located, ordinal: number, unknown: UnknownKeys): Column {
  const { fields, additional } = readFields(columnShape, at, { kind: 'column', keys: unknown });
  return {
    name: fields.name,
    ordinal,
    dataType: fields.type,
    description: fields.description ?? null,
    nullable: null,
    length: fields.length ?? null,
    scale: fields.precision ?? null,
    defaultExpression: null,
    primaryKey: false,
    unique: false,
    references: null,
    additional,
  };
}

function withEmptyContainers(entries: readonly SystemEntry[], { tables }: Sections): readonly SystemEntry[] {
  const used = new Set(
    [...tables.values()].map((table) => (table instanceof Map ? table.get('container') : undefined)),
  );
  return entries.map((entry) =>
    entry.kind === 'table' || used.has(entry.name)
      ? entry
      : {
          ...entry,
          warnings: [
            {
              code: 'empty-container',
              location: pathTo('$.containers', entry.name),
              message: `The container ${entry.name} has no table.`,
            },
          ],
        },
  );
}

function unlistedTables({ tables, columns }: Sections): readonly Warning[] {
  return [...columns.keys()]
    .filter((table) => !tables.has(table))
    .map((table) => ({
      code: 'unlisted-table',
      location: pathTo('$.columns', table),
      message: `There are columns of the table ${table}, which is not listed.`,
    }));
}

function unknownKeys(unknown: UnknownKeys): readonly Warning[] {
  return unknown.list().map(({ key, path, count }) => ({
    code: 'unknown-key',
    location: path,
    message: `The key ${JSON.stringify(key)} is not known here; its value is kept as it is${count === 1 ? '' : ` (${count} times)`}.`,
  }));
}
