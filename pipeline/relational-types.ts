/** Types of any relational database, made from the name of its system: every database producer without types of its own uses these. */
import type { Attributes, Column, DatabaseLevel, DatabaseObject } from '../schemas/types.ts';
import { routineAttributes, sqlProcessAttributes } from './process.ts';
import type { AttributeType, EntityType, LevelType, RelationshipType, SourceTypes } from './types.ts';

/** Levels between the server and a table that a database may have, outermost first. */
export const middleLevels = ['database', 'container', 'schema'] as const;
/** A level between the server and a table. */
export type MiddleLevel = (typeof middleLevels)[number];

/** Which database the types are for. */
export interface RelationalSystem {
  /** Begin of every type's name and scheme of every qualifiedName: small letters, digits, `_`. */
  readonly prefix: string;
  /** Its name for a person, with an article: `a MariaDB`. */
  readonly product: string;
  /** Scheme of the qualifiedNames, where that is not the prefix. */
  readonly scheme?: string;
  /** Those that it has, outermost first. */
  readonly levels: readonly MiddleLevel[];
}

/** Makes an optional attribute. */
export function attribute(typeName: AttributeType['typeName'], description: string): AttributeType {
  return { typeName, description };
}

/** A fact of the source that the event has no field for, as text; null when the source does not tell. */
export function additionalText(facts: DatabaseObject, key: string): string | null {
  const found = facts.additional.find((entry) => entry.key === key);
  if (found === undefined) return null;
  const value: unknown = JSON.parse(found.json);
  return typeof value === 'string' ? value : found.json;
}

const columnAttributes: EntityType['attributes'] = {
  data_type: attribute('string', "The type in the database's own words, such as decimal(12,2)."),
  ordinal: attribute('int', 'Position in the table, from 1.'),
  nullable: attribute('boolean', 'Whether it may hold null.'),
  length: attribute('int', 'Characters, or total digits of a decimal.'),
  scale: attribute('int', 'Digits after the decimal point.'),
  defaultExpression: attribute('string', 'The default, or the expression of a generated column.'),
  primaryKey: attribute('boolean', 'Whether it is part of the primary key.'),
  unique: attribute('boolean', 'Whether it alone is unique.'),
  references: attribute('string', 'qualifiedName of the column that a foreign key points at.'),
};

/** The attributes of a column as {@link columnAttributes} declares them. */
export function columnFacts(facts: Column): Attributes {
  return {
    description: facts.description,
    data_type: facts.dataType,
    ordinal: facts.ordinal,
    nullable: facts.nullable,
    length: facts.length,
    scale: facts.scale,
    defaultExpression: facts.defaultExpression,
    primaryKey: facts.primaryKey,
    unique: facts.unique,
  };
}

const described = (facts: DatabaseObject): Attributes => ({
  description: facts.description,
  owner: facts.owner,
});

/** By which attribute an entity refers to its container of that level; `schema` alone would be read as the schema tab's. */
const containerAttributes = {
  server: 'server',
  database: 'database',
  container: 'container',
  schema: 'dbSchema',
} as const;
const childrenAttributes = { database: 'databases', container: 'containers', schema: 'schemas' } as const;

/** What the types are made with. */
interface Plan {
  readonly system: RelationalSystem;
  /** From the server to the innermost level that holds tables. */
  readonly chain: readonly ('server' | MiddleLevel)[];
  readonly name: (part: string) => string;
  /** The pattern of a level. */
  readonly pattern: (level: 'server' | MiddleLevel) => string;
}

/**
 * Makes the types: a level an entity, tables, views, their columns, the query of a view and routines. Levels aggregate the next, so that a
 * table that is only named so far (a placeholder) can stand without its container; columns are owned by their table.
 */
export function relationalTypes(system: RelationalSystem): SourceTypes {
  const chain = ['server', ...system.levels] as const;
  const { prefix, scheme = prefix } = system;
  const plan: Plan = {
    system,
    chain,
    name: (part) => `${prefix}_${part}`,
    pattern: (level) => {
      const upTo = chain.slice(0, chain.indexOf(level) + 1);
      return `${scheme}://${upTo.map((one) => `{${one}}`).join('/')}`;
    },
  };
  return {
    entityTypes: entityTypesOf(plan),
    relationshipTypes: relationshipTypesOf(plan),
    database: {
      levels: { ...middleLevelsOf(plan), table: dataLevel(plan, 'table'), view: dataLevel(plan, 'view') },
      columns: {
        table: columnLevel(plan, 'column', 'table'),
        view: columnLevel(plan, 'view_column', 'view'),
      },
      viewLineage: { typeName: plan.name('view_query') },
      routine: { typeName: plan.name('routine'), container: containerOf(innermost(plan)) },
    },
  };
}

function innermost({ chain }: Plan): 'server' | MiddleLevel {
  return chain.at(-1) ?? 'server';
}

function containerOf(level: 'server' | MiddleLevel): {
  readonly attribute: string;
  readonly level: DatabaseLevel;
} {
  return { attribute: containerAttributes[level], level };
}

function entityTypesOf(plan: Plan): readonly EntityType[] {
  const { product } = plan.system;
  const inner = plan.pattern(innermost(plan));
  const data = (part: 'table' | 'view', attributes: EntityType['attributes']): EntityType => ({
    name: plan.name(part),
    description: `A ${part} of ${product} database.`,
    superTypes: ['DataSet'],
    attributes: { kind: attribute('string', `Which kind of ${part}.`), ...attributes },
    qualifiedName: `${inner}/{table}`,
    options: { schemaElementsAttribute: 'columns' },
  });
  const column = (part: string, of: string): EntityType => ({
    name: plan.name(part),
    description: `A column of a ${of} of ${product} database.`,
    superTypes: ['DataSet'],
    attributes: columnAttributes,
    qualifiedName: `${inner}/{table}#{column}`,
    options: { schemaAttributes: '["data_type"]' },
  });
  const process = (part: string, description: string, pattern: string): EntityType => ({
    name: plan.name(part),
    description,
    superTypes: ['Process'],
    attributes: part === 'routine' ? routineAttributes : sqlProcessAttributes,
    qualifiedName: `${inner}/${pattern}`,
  });
  return [
    ...plan.chain.map(
      (level): EntityType => ({
        name: plan.name(level),
        description: level === 'server' ? `${product} server.` : `A ${level} of ${product} server.`,
        superTypes: ['Asset'],
        attributes: level === 'server' ? { version: attribute('string', "The server's version.") } : {},
        qualifiedName: plan.pattern(level),
      }),
    ),
    data('table', { parts: attribute('array<string>', 'What holds its rows, such as partitions.') }),
    data('view', { definition: attribute('string', 'The query that defines it.') }),
    column('column', 'table'),
    column('view_column', 'view'),
    process('view_query', 'The query of a view, with its lineage.', '{table}@definition'),
    process(
      'routine',
      `A function or procedure of ${product} database, with its lineage.`,
      'routines/{routine}',
    ),
  ];
}

function middleLevelsOf({ chain, name }: Plan) {
  const levels: Partial<Record<'server' | MiddleLevel, LevelType<DatabaseObject>>> = {
    server: {
      typeName: name('server'),
      attributes: (facts) => ({ ...described(facts), version: additionalText(facts, 'version') }),
    },
  };
  for (const [index, level] of chain.entries()) {
    const above = chain[index - 1];
    if (above !== undefined)
      levels[level] = { typeName: name(level), container: containerOf(above), attributes: described };
  }
  return levels;
}

function dataLevel(plan: Plan, part: 'table' | 'view'): LevelType<DatabaseObject> {
  return {
    typeName: plan.name(part),
    container: containerOf(innermost(plan)),
    attributes: (facts) => ({
      ...described(facts),
      kind: additionalText(facts, 'kind'),
      ...(part === 'table' ? { parts: facts.parts } : { definition: facts.definition }),
    }),
  };
}

function columnLevel(
  plan: Plan,
  part: string,
  of: 'table' | 'view',
): LevelType<Column> & { readonly attribute: string } {
  return {
    typeName: plan.name(part),
    attribute: 'columns',
    container: { attribute: of, level: of },
    attributes: columnFacts,
  };
}

function relationshipTypesOf(plan: Plan): readonly RelationshipType[] {
  const { chain, name } = plan;
  const contains = (
    category: 'AGGREGATION' | 'COMPOSITION',
    [container, children]: readonly [string, string],
    [child, parent]: readonly [string, string],
  ): RelationshipType => ({
    name: name(`${container}_${children}`),
    description: `The ${children} of a ${container}.`,
    category,
    end1: { typeName: name(container), attribute: children, many: true },
    end2: { typeName: name(child), attribute: parent, many: false },
  });
  const inner = innermost(plan);
  return [
    ...plan.system.levels.map((level, index) => {
      const above = chain[index] ?? 'server';
      return contains('AGGREGATION', [above, childrenAttributes[level]], [level, containerAttributes[above]]);
    }),
    ...(['table', 'view', 'routine'] as const).map((part) =>
      contains('AGGREGATION', [inner, `${part}s`], [part, containerAttributes[inner]]),
    ),
    contains('COMPOSITION', ['table', 'columns'], ['column', 'table']),
    contains('COMPOSITION', ['view', 'columns'], ['view_column', 'view']),
  ];
}
