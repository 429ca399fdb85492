import { StreamError } from '../../pipeline/errors.ts';
import type { Column } from '../../schemas/types.ts';

/** A field of a file's schema. */
export interface Field {
  readonly name: string;
  /** The whole type as one text: `bigint`, `struct<city: string, zip: int>`, `array<string>`. */
  readonly type: string;
  /** Null when the file does not tell. */
  readonly nullable: boolean | null;
  readonly description?: string | null;
  readonly length?: number | null;
  readonly scale?: number | null;
  /** Fields within it; of a list or map those of its elements. */
  readonly fields: readonly Field[];
}

/** Levels of fields in fields that are shown. */
export const maxDepth = 24;
/** Columns that one dataset may have. */
const maxColumns = 10_000;
/** Characters that the type of one column may have; nested ones grow with every level. */
const maxTypeCharacters = 20_000;
const maxNameCharacters = 2_000;

/**
 * Fields as columns: one in another is `outer.inner`, one in the elements of a list `list[].inner`. Throws SOURCE_LIMIT for more than can be
 * shown, or for a name beyond measure.
 */
export function columnsOf(fields: readonly Field[]): readonly Column[] {
  const columns = new Map<string, Column>();
  const visit = (field: Field, prefix: string, depth: number): void => {
    const name = prefix + field.name;
    if (name.length > maxNameCharacters)
      throw new StreamError(
        'SOURCE_LIMIT',
        `The name of column ${columns.size + 1} has ${name.length} characters, more than ${maxNameCharacters}.`,
      );
    if (columns.size >= maxColumns)
      throw new StreamError('SOURCE_LIMIT', `There are more than ${maxColumns} columns.`);
    // A name that stands twice is one column: the first counts.
    if (name !== '' && !columns.has(name))
      columns.set(name, columnOf(field, name.toWellFormed(), columns.size + 1));
    if (depth >= maxDepth) return;
    const inner = field.type.startsWith('array<') ? `${name}[].` : `${name}.`;
    for (const child of field.fields) visit(child, inner, depth + 1);
  };
  for (const field of fields) visit(field, '', 1);
  return [...columns.values()];
}

function columnOf(field: Field, name: string, ordinal: number): Column {
  const { type } = field;
  return {
    name,
    ordinal,
    dataType: type.length <= maxTypeCharacters ? type : `${type.slice(0, maxTypeCharacters)}…`,
    description: field.description ?? null,
    nullable: field.nullable,
    length: field.length ?? null,
    scale: field.scale ?? null,
    defaultExpression: null,
    primaryKey: false,
    unique: false,
    references: null,
    additional: [],
  };
}

/** The type of a record with fields. */
export function structOf(fields: readonly Field[]): string {
  return `struct<${fields.map(({ name, type }) => `${name}: ${type}`).join(', ')}>`.slice(
    0,
    maxTypeCharacters + 1,
  );
}
