import type { Additional, Attributes, Column, DatabaseObject } from '../../schemas/types.ts';
import { processAttributes } from '../../pipeline/process.ts';
import type { AttributeType, RelationshipType, SourceTypes } from '../../pipeline/types.ts';

const additional: AttributeType = {
  typeName: 'array<string>',
  description: 'Keys of the system table that have no attribute here, each as "key: JSON".',
};

const owns = (
  category: RelationshipType['category'],
  [parent, children]: readonly [string, string],
  [child, attribute]: readonly [string, string],
): RelationshipType => ({
  name: `${parent}_${children}`,
  description: `The ${children} of a ${parent}.`,
  category,
  end1: { typeName: parent, attribute: children, many: true },
  end2: { typeName: child, attribute, many: false },
});

const kept = (entries: readonly Additional[]): readonly string[] =>
  entries.map(({ key, json }) => `${key}: ${json}`);

/** What has no description says nothing of it: what a person wrote in the catalogue stays. */
const description = (facts: DatabaseObject | Column): Attributes =>
  facts.description === null ? {} : { description: facts.description };

const described = (facts: DatabaseObject): Attributes => ({
  ...description(facts),
  additional: kept(facts.additional),
});

const columns = {
  typeName: 'customdb_column',
  attribute: 'columns',
  container: { attribute: 'table', level: 'table' },
  attributes: (facts: Column): Attributes => ({
    ...description(facts),
    data_type: facts.dataType,
    ordinal: facts.ordinal,
    length: facts.length,
    scale: facts.scale,
    additional: kept(facts.additional),
  }),
} as const;

/**
 * Types of a database that only has files. Servers, containers and tables aggregate what is below them, so that a table that
 * is only named so far (a placeholder) can stand alone; columns are owned by their table. Tables are named without their
 * container: their names are unique in the whole database.
 */
export const customDbTypes: SourceTypes = {
  entityTypes: [
    {
      name: 'customdb_server',
      description: 'A database of files with a system table.',
      superTypes: ['Asset'],
      attributes: { additional },
      qualifiedName: 'customdb://{server}',
    },
    {
      name: 'customdb_container',
      description: 'A container of tables.',
      superTypes: ['Asset'],
      attributes: { additional },
      qualifiedName: 'customdb://{server}/containers/{container}',
    },
    {
      name: 'customdb_table',
      description: 'A table, stored in one or more part files.',
      superTypes: ['DataSet'],
      attributes: {
        parts: { typeName: 'array<string>', description: 'Names of its part files, as listed.' },
        additional,
      },
      qualifiedName: 'customdb://{server}/tables/{table}',
      options: { schemaElementsAttribute: 'columns' },
    },
    {
      name: 'customdb_column',
      description: 'A column of a table.',
      superTypes: ['DataSet'],
      attributes: {
        data_type: { typeName: 'string', description: 'The type in the words of the database.' },
        ordinal: { typeName: 'int', description: 'Position in the table, from 1.' },
        length: { typeName: 'int', description: 'Characters, or total digits of a decimal.' },
        scale: { typeName: 'int', description: 'Digits after the decimal point.' },
        additional,
      },
      qualifiedName: 'customdb://{server}/tables/{table}#{column}',
      options: { schemaAttributes: '["data_type"]' },
    },
    {
      name: 'customdb_script',
      description: 'A stored procedure that moves rows between tables.',
      superTypes: ['Process'],
      attributes: {
        ...processAttributes,
        sourceFile: { typeName: 'string', description: 'The file, relative to the folder that is read.' },
        definition: { typeName: 'string', description: 'Its whole text.' },
      },
      qualifiedName: 'customdb://{server}/scripts/{routine}',
    },
  ],
  relationshipTypes: [
    owns('AGGREGATION', ['customdb_server', 'containers'], ['customdb_container', 'server']),
    owns('AGGREGATION', ['customdb_server', 'scripts'], ['customdb_script', 'server']),
    owns('AGGREGATION', ['customdb_container', 'tables'], ['customdb_table', 'container']),
    owns('COMPOSITION', ['customdb_table', 'columns'], ['customdb_column', 'table']),
  ],
  database: {
    levels: {
      server: { typeName: 'customdb_server', attributes: described },
      container: {
        typeName: 'customdb_container',
        container: { attribute: 'server', level: 'server' },
        attributes: described,
      },
      table: {
        typeName: 'customdb_table',
        container: { attribute: 'container', level: 'container' },
        attributes: (facts) => ({ ...described(facts), parts: facts.parts }),
      },
    },
    columns: { table: columns, view: columns },
    viewLineage: { typeName: 'customdb_script' },
    routine: { typeName: 'customdb_script', container: { attribute: 'server', level: 'server' } },
  },
};
