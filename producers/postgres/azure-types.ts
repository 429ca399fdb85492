import type { Attributes, Column, DatabaseObject } from '../../schemas/types.ts';
import type { EntityType, SourceTypes } from '../../pipeline/types.ts';
import { ownTypes } from './own-types.ts';
import { attribute } from '../../pipeline/relational-types.ts';
import { contains, namePatterns } from './type-parts.ts';

const builtIn = (
  name: string,
  qualifiedName: string,
  description: string,
  rest: Partial<EntityType> = {},
): EntityType => ({
  name,
  description,
  superTypes: ['DataSet'],
  attributes: {},
  qualifiedName,
  builtIn: true,
  ...rest,
});

const column = { attributes: { data_type: attribute('string', "The type in PostgreSQL's own words.") } };
const table = { options: { schemaElementsAttribute: 'columns' } };
const described = (facts: DatabaseObject): Attributes => ({ description: facts.description });
const columnFacts = (facts: Column): Attributes => ({
  description: facts.description,
  data_type: facts.dataType,
});
const processes = new Set(['postgresql_view_query', 'postgresql_routine']);
const builtInContains: typeof contains = (...ends) => ({ ...contains(...ends), builtIn: true });

/**
 * Microsoft Purview's built-in types for Azure Database for PostgreSQL, so that what its own scanner found and what we say meet in one
 * asset: `server` must then be the host name that the scanner uses. The names of the table and view types are those of published
 * accounts; the names of the levels, columns and relationship ends follow azure_sql_* (`dbSchema`, `columns`) and no
 * public account shows them: the sink uses the account's definitions as they are, and its check of types names what differs.
 * Views' queries and routines have no built-in type and keep ours.
 */
export const azureTypes: SourceTypes = {
  entityTypes: [
    builtIn('azure_postgresql_server', namePatterns.server, 'A server of Azure Database for PostgreSQL.'),
    builtIn(
      'azure_postgresql_db',
      namePatterns.database,
      'A database of an Azure Database for PostgreSQL server.',
    ),
    builtIn('azure_postgresql_schema', namePatterns.schema, 'A schema of an Azure PostgreSQL database.'),
    builtIn('azure_postgresql_table', namePatterns.table, 'A table of an Azure PostgreSQL database.', table),
    builtIn('azure_postgresql_view', namePatterns.table, 'A view of an Azure PostgreSQL database.', table),
    builtIn(
      'azure_postgresql_table_column',
      namePatterns.column,
      'A column of an Azure PostgreSQL table.',
      column,
    ),
    builtIn(
      'azure_postgresql_view_column',
      namePatterns.column,
      'A column of an Azure PostgreSQL view.',
      column,
    ),
    ...ownTypes.entityTypes.filter((type) => processes.has(type.name)),
  ],
  relationshipTypes: [
    builtInContains(
      'azure_postgresql_server_dbs',
      'COMPOSITION',
      ['azure_postgresql_server', 'databases'],
      ['azure_postgresql_db', 'server'],
    ),
    builtInContains(
      'azure_postgresql_db_schemas',
      'COMPOSITION',
      ['azure_postgresql_db', 'schemas'],
      ['azure_postgresql_schema', 'db'],
    ),
    builtInContains(
      'azure_postgresql_schema_tables',
      'COMPOSITION',
      ['azure_postgresql_schema', 'tables'],
      ['azure_postgresql_table', 'dbSchema'],
    ),
    builtInContains(
      'azure_postgresql_schema_views',
      'COMPOSITION',
      ['azure_postgresql_schema', 'views'],
      ['azure_postgresql_view', 'dbSchema'],
    ),
    builtInContains(
      'azure_postgresql_table_columns',
      'COMPOSITION',
      ['azure_postgresql_table', 'columns'],
      ['azure_postgresql_table_column', 'table'],
    ),
    builtInContains(
      'azure_postgresql_view_columns',
      'COMPOSITION',
      ['azure_postgresql_view', 'columns'],
      ['azure_postgresql_view_column', 'view'],
    ),
  ],
  database: {
    levels: {
      server: { typeName: 'azure_postgresql_server', attributes: described },
      database: {
        typeName: 'azure_postgresql_db',
        container: { attribute: 'server', level: 'server' },
        attributes: described,
      },
      schema: {
        typeName: 'azure_postgresql_schema',
        container: { attribute: 'db', level: 'database' },
        attributes: described,
      },
      table: {
        typeName: 'azure_postgresql_table',
        container: { attribute: 'dbSchema', level: 'schema' },
        attributes: described,
      },
      view: {
        typeName: 'azure_postgresql_view',
        container: { attribute: 'dbSchema', level: 'schema' },
        attributes: described,
      },
    },
    columns: {
      table: {
        typeName: 'azure_postgresql_table_column',
        attribute: 'columns',
        container: { attribute: 'table', level: 'table' },
        attributes: columnFacts,
      },
      view: {
        typeName: 'azure_postgresql_view_column',
        attribute: 'columns',
        container: { attribute: 'view', level: 'view' },
        attributes: columnFacts,
      },
    },
    viewLineage: { typeName: 'postgresql_view_query' },
    routine: { typeName: 'postgresql_routine' },
  },
};
