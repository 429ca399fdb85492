/** A small database of several dialects as raw events, to hold SQL lineage in the catalogue against. */
import type { SourceSettings } from '../../pipeline/transform.ts';
import type { SqlDialect } from '../../pipeline/sql-dialects.ts';
import { eventTypes } from '../../producers/events/types.ts';
import type { DatabaseObject, NamePart, Routine, TypedEvent } from '../../schemas/types.ts';

/** Where everything is: `db://srv/shop/…`. */
const shopPath: readonly NamePart[] = [
  { level: 'server', name: 'srv' },
  { level: 'database', name: 'shop' },
];

const said = {
  producer: 'db',
  position: { incarnation: 'i', sequence: 1 },
  description: null,
  warnings: [],
  additional: [],
} as const;

/** Settings of the producer `db` with the generic types. */
export function sqlSettings(dialect?: SqlDialect, more: Partial<SourceSettings> = {}): SourceSettings {
  return {
    types: eventTypes,
    caseRule: 'preserve',
    steps: 'collapse',
    datasets: {},
    ...(dialect === undefined ? {} : { dialect }),
    ...more,
  };
}

/** A path below the shop from `schema.name`. */
function shopPathOf(name: string, level: 'table' | 'view' | 'routine'): readonly NamePart[] {
  const at = name.indexOf('.');
  return [...shopPath, { level: 'schema', name: name.slice(0, at) }, { level, name: name.slice(at + 1) }];
}

/** A table or view `schema.name`; one with a definition is a view. */
export function relationEvent(
  name: string,
  columns: readonly string[] | null,
  more: Partial<DatabaseObject> = {},
): TypedEvent<'database-object'> {
  const level = more.definition == null ? 'table' : 'view';
  return {
    type: 'database-object',
    value: {
      ...said,
      objectId: name,
      system: 'any',
      path: shopPathOf(name, level),
      owner: null,
      columns: columns === null ? null : columns.map(column),
      definition: null,
      dependencies: [],
      parts: [],
      ...more,
    },
  };
}

function column(name: string, index: number): NonNullable<DatabaseObject['columns']>[number] {
  return {
    name,
    ordinal: index + 1,
    dataType: 'int',
    description: null,
    nullable: null,
    length: null,
    scale: null,
    defaultExpression: null,
    primaryKey: false,
    unique: false,
    references: null,
    additional: [],
  };
}

/** A routine `schema.name`. */
export function routineEvent(name: string, text: string, more: Partial<Routine> = {}): TypedEvent<'routine'> {
  return {
    type: 'routine',
    value: {
      ...said,
      objectId: name,
      system: 'any',
      path: shopPathOf(name, 'routine'),
      kind: 'PROCEDURE',
      language: 'tsql',
      text,
      file: null,
      ...more,
    },
  };
}
