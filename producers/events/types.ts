import { observedStatement } from '../../pipeline/history-types.ts';
import { jobTypes } from '../../pipeline/job-types.ts';
import { routineAttributes, sqlProcessAttributes } from '../../pipeline/process.ts';
import type { DatabaseTypes, EntityType, RelationshipType, SourceTypes } from '../../pipeline/types.ts';
import type { Attributes, Column, DatabaseObject } from '../../schemas/types.ts';

const described = {
  comment: { typeName: 'string', description: 'The comment on it in the source.' },
} as const;

/** A column has one container, which it must name; so columns of tables and of views are two types. */
const columnTypes = { table: 'generic_column', view: 'generic_view_column' } as const;

const levels = [
  ['server', 'db://{server}'],
  ['database', 'db://{server}/{database}'],
  ['schema', 'db://{server}/{database}/{schema}'],
  ['table', 'db://{server}/{database}/{schema}/{table}'],
  ['view', 'db://{server}/{database}/{schema}/{table}'],
] as const;

const entityTypes: readonly EntityType[] = [
  ...levels.map(([level, qualifiedName]): EntityType => {
    const isData = level === 'table' || level === 'view';
    return {
      name: `generic_${level}`,
      description: `A ${level} of any database, described by raw events.`,
      superTypes: [isData ? 'DataSet' : 'Asset'],
      attributes: described,
      qualifiedName,
      ...(isData ? { options: { schemaElementsAttribute: 'columns' } } : {}),
    };
  }),
  ...(['table', 'view'] as const).map(
    (container): EntityType => ({
      name: columnTypes[container],
      description: `A column of a ${container} of any database, described by raw events.`,
      superTypes: ['DataSet'],
      attributes: {
        ...described,
        dataType: { typeName: 'string', description: "The type in the source's own words." },
        nullable: { typeName: 'boolean', description: 'Whether it may hold null.' },
      },
      qualifiedName: 'db://{server}/{database}/{schema}/{table}#{column}',
      options: { schemaAttributes: '["dataType"]' },
    }),
  ),
  {
    name: 'generic_view_query',
    description: 'The query of a view, with its lineage.',
    superTypes: ['Process'],
    attributes: sqlProcessAttributes,
    qualifiedName: 'db://{server}/{database}/{schema}/{table}@definition',
  },
  {
    name: 'generic_routine',
    description: 'A procedure, function or script of any database, with its lineage.',
    superTypes: ['Process'],
    attributes: routineAttributes,
    qualifiedName: 'db://{server}/{database}/{schema}/routines/{routine}',
  },
];

const contains = (
  container: string,
  child: string,
  attribute: string,
  category: RelationshipType['category'] = 'COMPOSITION',
): RelationshipType => ({
  name: `generic_${container}_${attribute}`,
  description: `What a ${container} contains.`,
  category,
  end1: { typeName: `generic_${container}`, attribute, many: true },
  end2: { typeName: child, attribute: container, many: false },
});

const comment = ({ description }: DatabaseObject | Column): Attributes =>
  description === null ? {} : { comment: description };
// Written out for each case: this is called for every column there is.
const column = ({ description, dataType, nullable }: Column): Attributes => {
  if (description === null) return nullable === null ? { dataType } : { dataType, nullable };
  return nullable === null
    ? { comment: description, dataType }
    : { comment: description, dataType, nullable };
};

const database: DatabaseTypes = {
  levels: {
    server: { typeName: 'generic_server', attributes: comment },
    database: {
      typeName: 'generic_database',
      container: { attribute: 'server', level: 'server' },
      attributes: comment,
    },
    schema: {
      typeName: 'generic_schema',
      container: { attribute: 'database', level: 'database' },
      attributes: comment,
    },
    table: {
      typeName: 'generic_table',
      container: { attribute: 'schema', level: 'schema' },
      attributes: comment,
    },
    view: {
      typeName: 'generic_view',
      container: { attribute: 'schema', level: 'schema' },
      attributes: comment,
    },
  },
  columns: {
    table: {
      typeName: columnTypes.table,
      container: { attribute: 'table', level: 'table' },
      attributes: column,
      attribute: 'columns',
    },
    view: {
      typeName: columnTypes.view,
      container: { attribute: 'view', level: 'view' },
      attributes: column,
      attribute: 'columns',
    },
  },
  viewLineage: { typeName: 'generic_view_query' },
  routine: { typeName: 'generic_routine', container: { attribute: 'schema', level: 'schema' } },
};

/** Types of any database and any ETL tool, for sources that speak in raw events themselves. */
export const eventTypes: SourceTypes = {
  entityTypes: [...entityTypes, ...jobTypes.entityTypes, observedStatement],
  relationshipTypes: [
    contains('server', 'generic_database', 'databases'),
    contains('database', 'generic_schema', 'schemas'),
    // A table that is only named so far (a placeholder) can stand without its schema.
    contains('schema', 'generic_table', 'tables', 'AGGREGATION'),
    contains('schema', 'generic_view', 'views', 'AGGREGATION'),
    contains('schema', 'generic_routine', 'routines', 'AGGREGATION'),
    contains('table', columnTypes.table, 'columns'),
    contains('view', columnTypes.view, 'columns'),
    ...jobTypes.relationshipTypes,
  ],
  database,
  ...(jobTypes.jobs === undefined ? {} : { jobs: jobTypes.jobs }),
};
