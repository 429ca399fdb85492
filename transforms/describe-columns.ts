import { columnRefs, type PathContext, refOfColumn } from '../pipeline/database-names.ts';
import { StreamError } from '../pipeline/errors.ts';
import type { Attributes, Column, DatabaseObject, EntityBody, EntityRef } from '../schemas/types.ts';

/** Columns as entities, and the attribute by which their table lists them. */
export interface DescribedColumns {
  readonly attribute: string;
  readonly entities: readonly EntityBody[];
}

/**
 * The columns of `table`, a table or view, as entities that name it as their container. Where the column type declares the attribute
 * `references`, it holds the qualifiedName of the column that a foreign key points at. Throws EVENT_INVALID when two columns get one name.
 */
export function describeColumns(at: PathContext, object: DatabaseObject, table: EntityRef): DescribedColumns {
  const isView = object.path.at(-1)?.level === 'view';
  const type = isView ? at.database.columns.view : at.database.columns.table;
  const refOf = columnRefs(at, object.path);
  const keyOf = foreignKeys(at, type.typeName);
  const references: EntityBody['references'] =
    type.container === undefined
      ? []
      : [{ attribute: type.container.attribute, many: false, targets: [table] }];
  const seen = new Map<string, string>();
  const entities = (object.columns ?? []).map((column): EntityBody => {
    const { typeName, qualifiedName } = refOf(column.name);
    const other = seen.get(qualifiedName);
    if (other !== undefined) {
      throw new StreamError(
        'EVENT_INVALID',
        `The columns ${JSON.stringify(other)} and ${JSON.stringify(column.name)} both are ${qualifiedName}.`,
        { advice: 'Set the option case of the producer to preserve.' },
      );
    }
    seen.set(qualifiedName, column.name);
    const own = type.attributes(column);
    const { name } = column;
    // Not a spread with more behind it, which costs V8 ten times as much: this is the hot path.
    const attributes: Attributes = Object.assign(
      {},
      own,
      keyOf === undefined ? { name } : { references: keyOf(column), name },
    );
    return { typeName, qualifiedName, attributes, references };
  });
  return { attribute: type.attribute, entities };
}

/** What the attribute `references` of a column holds; undefined where its type has none. */
function foreignKeys(at: PathContext, typeName: string): ((column: Column) => string | null) | undefined {
  if (!Object.hasOwn(at.naming.type(typeName).attributes, 'references')) return undefined;
  return ({ references }) =>
    references === null ? null : refOfColumn(at, references.path, references.column).qualifiedName;
}
