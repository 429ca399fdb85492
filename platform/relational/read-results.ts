import { type StreamError, toStreamError } from '../../pipeline/errors.ts';
import type { Additional, Column } from '../../schemas/types.ts';
import { isSecretName, redacted, redactText } from '../redact.ts';
import type { KeyFacts, Place, RelationalSource, TableFacts } from './model.ts';
import { type QueryResult, RowReader, scalarText } from './row-reader.ts';

/** A row that could not be read. */
export interface RejectedRow {
  readonly objectId: string;
  readonly error: StreamError;
}

/** Reads the rows of one query each by itself: one that is wrong is told to `reject` and left out. Throws what concerns the whole result. */
export function* readRows<T>(
  result: QueryResult | undefined,
  fields: readonly string[],
  {
    read,
    reject,
  }: { readonly read: (row: RowReader) => T | undefined; readonly reject: (row: RejectedRow) => void },
): Generator<T> {
  if (result === undefined) return;
  const reader = new RowReader(result, fields);
  for (const [index, row] of result.rows.entries()) {
    try {
      const value = read(reader.at(row, index + 1));
      if (value !== undefined) yield value;
    } catch (thrown) {
      const objectId = `${result.place}, row ${index + 1}`;
      reject({ objectId, error: toStreamError(thrown, 'SOURCE_INVALID', objectId) });
    }
  }
}

/** The levels that a row lies in; undefined when one of them is not read. Throws SOURCE_INVALID when one is not told. */
export function placeOf(source: RelationalSource, row: RowReader, prefix = ''): Place | undefined {
  const place: string[] = [];
  for (const level of source.levels) {
    const field = prefix === '' ? level : `${prefix}${level.charAt(0).toUpperCase()}${level.slice(1)}`;
    const name =
      row.optionalName(field) ??
      (prefix === '' ? undefined : row.optionalName(level)) ??
      source.defaults[level];
    // Asked for again, so that the error says which field is missing.
    const told = name ?? row.name(field);
    if (prefix === '' && !source.isRead(level, told)) return undefined;
    place.push(told);
  }
  return place;
}

/** Fields of a table's row beside its levels. */
export const tableFields = ['name', 'kind', 'description', 'owner', 'definition', 'parts'] as const;

/** Reads a table; undefined for one that is not read. */
export function readTable(source: RelationalSource, row: RowReader): TableFacts | undefined {
  const place = placeOf(source, row);
  const name = row.name('name');
  if (place === undefined || !source.isRead('table', name)) return undefined;
  const kind = row.text('kind');
  return {
    place,
    name,
    kind,
    isView: kind !== null && /view/i.test(kind),
    description: blank(row.text('description')),
    owner: blank(row.text('owner')),
    definition: definitionOf(row),
    parts: (row.text('parts') ?? '').split('\n').filter((part) => part !== ''),
    additional: additionalOf(row),
  };
}

/** The query of a view without secrets; null where there is none. */
export function definitionOf(row: RowReader): string | null {
  const text = blank(row.text('definition'));
  return text === null ? null : redactText(text);
}

/** An empty comment is none. */
export function blank(text: string | null): string | null {
  return text === null || text.trim() === '' ? null : text;
}

/** Fields of a column's row beside its levels. */
export const columnFields = [
  'table',
  'name',
  'ordinal',
  'type',
  'description',
  'nullable',
  'length',
  'scale',
  'default',
  'primary',
  'unique',
] as const;

/** Reads a column without its foreign key; its place in the table is `ordinal`, else the next one. */
export function readColumn(row: RowReader, next: number): Column {
  const defaultExpression = row.text('default');
  return {
    name: row.name('name'),
    ordinal: row.integer('ordinal') ?? next,
    dataType: row.text('type') ?? '',
    description: blank(row.text('description')),
    nullable: row.truth('nullable'),
    length: row.integer('length'),
    scale: row.integer('scale'),
    defaultExpression: defaultExpression === null ? null : redactText(defaultExpression),
    primaryKey: row.truth('primary') ?? false,
    unique: row.truth('unique') ?? false,
    references: null,
    additional: additionalOf(row),
  };
}

/** What the source tells beyond the known fields. */
function additionalOf(row: RowReader): readonly Additional[] {
  return row.others().flatMap(([key, value]) => {
    if (value === null || value === undefined) return [];
    const plain =
      typeof value === 'number' || typeof value === 'boolean'
        ? value
        : redactText((scalarText(value) ?? '').slice(0, 10_000));
    return [{ key, json: JSON.stringify(isSecretName(key) ? redacted : plain) }];
  });
}

/** Fields of a key's row beside its levels. */
export const keyFields = [
  'table',
  'key',
  'kind',
  'column',
  'refTable',
  'refColumn',
  'refDatabase',
  'refContainer',
  'refSchema',
] as const;

/** Keys by table. A unique key counts for a column only where it has no other. */
export class Keys {
  readonly #parts = new Map<
    string,
    { readonly table: string; readonly kind: 'primary' | 'unique'; readonly columns: string[] }
  >();
  readonly #foreign = new Map<
    string,
    Map<string, { readonly place: Place; readonly table: string; readonly column: string }>
  >();

  /** Takes one row in; the first of several foreign keys of a column counts. */
  add(source: RelationalSource, row: RowReader): void {
    const place = placeOf(source, row);
    if (place === undefined) return;
    const table = tableKey(place, row.name('table'));
    const column = row.name('column');
    const kind = (row.text('kind') ?? '').toLowerCase();
    if (kind.includes('foreign') || kind === 'r') return this.#addForeign(source, row, { table, column });
    const key = `${table}\n${row.optionalName('key') ?? kind}`;
    const known = this.#parts.get(key);
    if (known !== undefined) known.columns.push(column);
    else
      this.#parts.set(key, {
        table,
        kind: kind.includes('primary') ? 'primary' : 'unique',
        columns: [column],
      });
  }

  #addForeign(
    source: RelationalSource,
    row: RowReader,
    { table, column }: { readonly table: string; readonly column: string },
  ): void {
    const place = placeOf(source, row, 'ref');
    const of = this.#foreign.get(table) ?? new Map();
    if (place !== undefined && !of.has(column))
      of.set(column, { place, table: row.name('refTable'), column: row.name('refColumn') });
    this.#foreign.set(table, of);
  }

  /** By the key of each table. */
  byTable(): ReadonlyMap<string, KeyFacts> {
    const found = new Map<
      string,
      { primary: Set<string>; unique: Set<string>; foreign: KeyFacts['foreign'] }
    >();
    const of = (table: string) => {
      const known = found.get(table) ?? {
        primary: new Set<string>(),
        unique: new Set<string>(),
        foreign: new Map(),
      };
      found.set(table, known);
      return known;
    };
    for (const { table, kind, columns } of this.#parts.values()) {
      if (kind === 'primary') for (const column of columns) of(table).primary.add(column);
      const [only] = columns;
      if (columns.length === 1 && only !== undefined) of(table).unique.add(only);
    }
    for (const [table, foreign] of this.#foreign) of(table).foreign = foreign;
    return found;
  }
}

/** A table's place and name as one text; equal ones give equal texts. */
export function tableKey(place: Place, name: string): string {
  return JSON.stringify([...place, name]);
}
