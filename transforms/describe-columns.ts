import { type PathContext, refOfColumn, refOfPath } from '../pipeline/database-names.ts';
import { StreamError } from '../pipeline/errors.ts';
import type { Attributes, Column, DatabaseObject, EntityBody } from '../schemas/types.ts';

/** Columns as entities, and the attribute by which their table lists them. */
export interface DescribedColumns {
  readonly attribute: string;
  readonly entities: readonly EntityBody[];
}

/**
 * The columns of a table or view as entities that name it as their container. Where the column type declares the attribute
 * `references`, it holds the qualifiedName of the column that a foreign key points at. Throws EVENT_INVALID when two columns get one name.
 */
export function describeColumns(at: PathContext, object: DatabaseObject): DescribedColumns {
  const isView = object.path.at(-1)?.level === 'view';
  const type = isView ? at.database.columns.view : at.database.columns.table;
  const table = refOfPath(at, object.path);
  const seen = new Map<string, string>();
  const entities = (object.columns ?? []).map((column): EntityBody => {
    const ref = refOfColumn(at, object.path, column.name);
    const other = seen.get(ref.qualifiedName);
    if (other !== undefined) {
      throw new StreamError(
        'EVENT_INVALID',
        `The columns ${JSON.stringify(other)} and ${JSON.stringify(column.name)} both are ${ref.qualifiedName}.`,
        { advice: 'Set the option case of the producer to preserve.' },
      );
    }
    seen.set(ref.qualifiedName, column.name);
    return {
      ...ref,
      attributes: { ...type.attributes(column), ...foreignKey(at, type.typeName, column), name: column.name },
      references:
        type.container === undefined || table === undefined
          ? []
          : [{ attribute: type.container.attribute, many: false, targets: [table] }],
    };
  });
  return { attribute: type.attribute, entities };
}

function foreignKey(at: PathContext, typeName: string, column: Column): Attributes {
  if (!Object.hasOwn(at.naming.type(typeName).attributes, 'references')) return {};
  if (column.references === null) return { references: null };
  const { path, column: target } = column.references;
  return { references: refOfColumn(at, path, target).qualifiedName };
}
