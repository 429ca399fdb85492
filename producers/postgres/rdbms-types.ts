import type { Column, DatabaseObject } from '../../schemas/types.ts';
import type { AttributeType, EntityType, LevelType, SourceTypes } from '../../pipeline/types.ts';
import { ownTypes } from './own-types.ts';
import { additionalText, attribute } from '../../pipeline/relational-types.ts';
import { contains, namePatterns } from './type-parts.ts';

const required = (description: string): AttributeType => ({
  typeName: 'string',
  description,
  required: true,
});
const comment = attribute('string', 'The comment in the database.');
const processes = new Set(['postgresql_view_query', 'postgresql_routine']);

const builtIn = (
  name: string,
  qualifiedName: string,
  attributes: EntityType['attributes'],
  options?: EntityType['options'],
): EntityType => ({
  name,
  description: `Apache Atlas's ${name}.`,
  superTypes: ['DataSet'],
  attributes,
  qualifiedName,
  builtIn: true,
  ...(options === undefined ? {} : { options }),
});

const tableLevel: LevelType<DatabaseObject> = {
  typeName: 'rdbms_table',
  container: { attribute: 'db', level: 'database' },
  attributes: (facts) => ({
    comment: facts.description,
    description: facts.description,
    owner: facts.owner,
    type: additionalText(facts, 'kind'),
    name_path: facts.path.find((part) => part.level === 'schema')?.name ?? null,
  }),
};

const columnLevel: LevelType<Column> & { readonly attribute: string } = {
  typeName: 'rdbms_column',
  attribute: 'columns',
  container: { attribute: 'table', level: 'table' },
  attributes: (facts) => ({
    comment: facts.description,
    description: facts.description,
    data_type: facts.dataType,
    length: facts.length,
    default_value: facts.defaultExpression,
    isNullable: facts.nullable,
    isPrimaryKey: facts.primaryKey,
  }),
};

/**
 * Apache Atlas's own types for relational databases (its model 2000-RDBMS/2010-rdbms_model.json), where tables hang on the database: the
 * schema has no entity and stands in the names and in `name_path`. Views are tables there. `rdbms_type`, `platform` and `prodOrOther`
 * are mandatory in Atlas. Views' queries and routines keep our types.
 */
export const rdbmsTypes: SourceTypes = {
  entityTypes: [
    builtIn('rdbms_instance', namePatterns.server, {
      rdbms_type: required('Which kind of database.'),
      platform: required('What it runs on.'),
    }),
    builtIn('rdbms_db', namePatterns.database, { prodOrOther: required('Whether it is for production.') }),
    builtIn(
      'rdbms_table',
      namePatterns.table,
      {
        comment,
        type: attribute('string', 'table, view, …'),
        name_path: attribute('string', 'The schema.'),
      },
      { schemaElementsAttribute: 'columns' },
    ),
    builtIn(
      'rdbms_column',
      namePatterns.column,
      {
        comment,
        data_type: required("The type in PostgreSQL's own words."),
        length: attribute('int', 'Characters, or total digits of a numeric.'),
        default_value: attribute('string', 'The default.'),
        isNullable: attribute('boolean', 'Whether it may hold null.'),
        isPrimaryKey: attribute('boolean', 'Whether it is part of the primary key.'),
      },
      { schemaAttributes: '["data_type"]' },
    ),
    ...ownTypes.entityTypes.filter((type) => processes.has(type.name)),
  ],
  relationshipTypes: [
    {
      ...contains(
        'rdbms_instance_databases',
        'AGGREGATION',
        ['rdbms_instance', 'databases'],
        ['rdbms_db', 'instance'],
      ),
      builtIn: true,
    },
    {
      ...contains('rdbms_db_tables', 'AGGREGATION', ['rdbms_db', 'tables'], ['rdbms_table', 'db']),
      builtIn: true,
    },
    {
      ...contains(
        'rdbms_table_columns',
        'COMPOSITION',
        ['rdbms_table', 'columns'],
        ['rdbms_column', 'table'],
      ),
      builtIn: true,
    },
  ],
  database: {
    levels: {
      server: {
        typeName: 'rdbms_instance',
        attributes: (facts) => ({
          description: facts.description,
          rdbms_type: 'postgresql',
          platform: `PostgreSQL ${additionalText(facts, 'version') ?? ''}`.trim(),
        }),
      },
      database: {
        typeName: 'rdbms_db',
        container: { attribute: 'instance', level: 'server' },
        // Nothing in PostgreSQL tells whether a database is for production.
        attributes: (facts) => ({
          description: facts.description,
          owner: facts.owner,
          prodOrOther: 'unknown',
        }),
      },
      table: tableLevel,
      view: tableLevel,
    },
    columns: {
      table: columnLevel,
      view: { ...columnLevel, container: { attribute: 'table', level: 'view' } },
    },
    viewLineage: { typeName: 'postgresql_view_query' },
    routine: { typeName: 'postgresql_routine' },
  },
};
