import type { Attributes, DatabaseObject } from '../../schemas/types.ts';
import { routineAttributes, sqlProcessAttributes } from '../../pipeline/process.ts';
import type { EntityType, SourceTypes } from '../../pipeline/types.ts';
import { additionalText, attribute, columnFacts } from '../../pipeline/relational-types.ts';
import { contains, namePatterns } from './type-parts.ts';

const columnAttributes: EntityType['attributes'] = {
  data_type: attribute('string', "The type in PostgreSQL's own words, such as numeric(12,2)."),
  ordinal: attribute('int', 'Position in the table, from 1.'),
  nullable: attribute('boolean', 'Whether it may hold null.'),
  length: attribute('int', 'Characters, or total digits of a numeric.'),
  scale: attribute('int', 'Digits after the decimal point.'),
  defaultExpression: attribute('string', 'The default, or the expression of a generated column.'),
  primaryKey: attribute('boolean', 'Whether it is part of the primary key.'),
  unique: attribute('boolean', 'Whether it alone is unique.'),
  references: attribute('string', 'qualifiedName of the column that a foreign key points at.'),
};

const column = (name: string, description: string): EntityType => ({
  name,
  description,
  superTypes: ['DataSet'],
  attributes: columnAttributes,
  qualifiedName: namePatterns.column,
  options: { schemaAttributes: '["data_type"]' },
});

const described = (facts: DatabaseObject): Attributes => ({
  description: facts.description,
  owner: facts.owner,
});

/**
 * Types of our own for PostgreSQL: a level an entity. Levels aggregate the next, so that a table that is only named so far
 * (a placeholder of an ETL tool's job) can stand without its schema; columns are owned by their table.
 */
export const ownTypes: SourceTypes = {
  entityTypes: [
    {
      name: 'postgresql_server',
      description: 'A PostgreSQL server.',
      superTypes: ['Asset'],
      attributes: { version: attribute('string', "The server's version.") },
      qualifiedName: namePatterns.server,
    },
    {
      name: 'postgresql_database',
      description: 'A database of a PostgreSQL server.',
      superTypes: ['Asset'],
      attributes: {},
      qualifiedName: namePatterns.database,
    },
    {
      name: 'postgresql_schema',
      description: 'A schema of a PostgreSQL database.',
      superTypes: ['Asset'],
      attributes: {},
      qualifiedName: namePatterns.schema,
    },
    {
      name: 'postgresql_table',
      description: 'A table of a PostgreSQL database: ordinary, partitioned or foreign.',
      superTypes: ['DataSet'],
      attributes: {
        kind: attribute('string', 'table, partitioned table or foreign table.'),
        partitions: attribute('array<string>', 'Partitions that hold the rows, as schema.name.'),
      },
      qualifiedName: namePatterns.table,
      options: { schemaElementsAttribute: 'columns' },
    },
    {
      name: 'postgresql_view',
      description: 'A view or materialized view of a PostgreSQL database.',
      superTypes: ['DataSet'],
      attributes: {
        kind: attribute('string', 'view or materialized view.'),
        definition: attribute('string', 'The query that defines it.'),
      },
      qualifiedName: namePatterns.table,
      options: { schemaElementsAttribute: 'columns' },
    },
    column('postgresql_column', 'A column of a PostgreSQL table.'),
    column('postgresql_view_column', 'A column of a PostgreSQL view.'),
    {
      name: 'postgresql_view_query',
      description: 'The query of a view, with its lineage.',
      superTypes: ['Process'],
      attributes: sqlProcessAttributes,
      qualifiedName: namePatterns.viewQuery,
    },
    {
      name: 'postgresql_routine',
      description: 'A function or procedure of a PostgreSQL database.',
      superTypes: ['Process'],
      attributes: routineAttributes,
      qualifiedName: namePatterns.routine,
    },
  ],
  relationshipTypes: [
    contains(
      'postgresql_server_databases',
      'AGGREGATION',
      ['postgresql_server', 'databases'],
      ['postgresql_database', 'server'],
    ),
    contains(
      'postgresql_database_schemas',
      'AGGREGATION',
      ['postgresql_database', 'schemas'],
      ['postgresql_schema', 'database'],
    ),
    contains(
      'postgresql_schema_tables',
      'AGGREGATION',
      ['postgresql_schema', 'tables'],
      ['postgresql_table', 'dbSchema'],
    ),
    contains(
      'postgresql_schema_views',
      'AGGREGATION',
      ['postgresql_schema', 'views'],
      ['postgresql_view', 'dbSchema'],
    ),
    contains(
      'postgresql_schema_routines',
      'AGGREGATION',
      ['postgresql_schema', 'routines'],
      ['postgresql_routine', 'dbSchema'],
    ),
    contains(
      'postgresql_table_columns',
      'COMPOSITION',
      ['postgresql_table', 'columns'],
      ['postgresql_column', 'table'],
    ),
    contains(
      'postgresql_view_columns',
      'COMPOSITION',
      ['postgresql_view', 'columns'],
      ['postgresql_view_column', 'view'],
    ),
  ],
  database: {
    levels: {
      server: {
        typeName: 'postgresql_server',
        attributes: (facts) => ({ ...described(facts), version: additionalText(facts, 'version') }),
      },
      database: {
        typeName: 'postgresql_database',
        container: { attribute: 'server', level: 'server' },
        attributes: described,
      },
      schema: {
        typeName: 'postgresql_schema',
        container: { attribute: 'database', level: 'database' },
        attributes: described,
      },
      table: {
        typeName: 'postgresql_table',
        container: { attribute: 'dbSchema', level: 'schema' },
        attributes: (facts) => ({
          ...described(facts),
          kind: additionalText(facts, 'kind'),
          partitions: facts.parts,
        }),
      },
      view: {
        typeName: 'postgresql_view',
        container: { attribute: 'dbSchema', level: 'schema' },
        attributes: (facts) => ({
          ...described(facts),
          kind: additionalText(facts, 'kind'),
          definition: facts.definition,
        }),
      },
    },
    columns: {
      table: {
        typeName: 'postgresql_column',
        attribute: 'columns',
        container: { attribute: 'table', level: 'table' },
        attributes: columnFacts,
      },
      view: {
        typeName: 'postgresql_view_column',
        attribute: 'columns',
        container: { attribute: 'view', level: 'view' },
        attributes: columnFacts,
      },
    },
    viewLineage: { typeName: 'postgresql_view_query' },
    routine: {
      typeName: 'postgresql_routine',
      container: { attribute: 'dbSchema', level: 'schema' },
    },
  },
};
