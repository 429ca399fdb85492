/** What the type sets of this producer share. */
import type { DatabaseObject } from '../../schemas/types.ts';
import type { AttributeType, RelationshipType } from '../../pipeline/types.ts';

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

/** Makes an optional attribute. */
export function attribute(typeName: AttributeType['typeName'], description: string): AttributeType {
  return { typeName, description };
}

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

/** A fact of the source that the event has no field for, as text; null when the source does not tell. */
export function additionalText(facts: DatabaseObject, key: string): string | null {
  const found = facts.additional.find((entry) => entry.key === key);
  if (found === undefined) return null;
  const value: unknown = JSON.parse(found.json);
  return typeof value === 'string' ? value : found.json;
}
