/** What the type sets of this producer share. */
import type { RelationshipType } from '../../pipeline/types.ts';

/** Patterns of every level; a view stands in the name space of tables (`pathParameters`). */
export const namePatterns = {
  server: 'postgresql://{server}',
  database: 'postgresql://{server}/{database}',
  schema: 'postgresql://{server}/{database}/{schema}',
  table: 'postgresql://{server}/{database}/{schema}/{table}',
  column: 'postgresql://{server}/{database}/{schema}/{table}#{column}',
  viewQuery: 'postgresql://{server}/{database}/{schema}/{table}@definition',
  routine: 'postgresql://{server}/{database}/{schema}/routines/{routine}',
} as const;

/** One container of many, seen from both sides: `[type, attribute]` of the container, then of the child. */
export function contains(
  name: string,
  category: 'AGGREGATION' | 'COMPOSITION',
  [container, children]: readonly [string, string],
  [child, parent]: readonly [string, string],
): RelationshipType {
  return {
    name,
    description: `The ${children} of a ${container}.`,
    category,
    end1: { typeName: container, attribute: children, many: true },
    end2: { typeName: child, attribute: parent, many: false },
  };
}
