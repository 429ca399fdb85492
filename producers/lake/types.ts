import { additionalText, attribute, columnFacts } from '../../pipeline/relational-types.ts';
import type { EntityType, RelationshipType, SourceTypes } from '../../pipeline/types.ts';

const described = (name: string, description: string, qualifiedName: string): EntityType => ({
  name,
  description,
  superTypes: ['Asset'],
  attributes: {},
  qualifiedName,
});

const contains = (
  category: RelationshipType['category'],
  [container, children]: readonly [string, string],
  [child, parent]: readonly [string, string],
): RelationshipType => ({
  name: `lake_${container}_${children}`,
  description: `The ${children} of a ${container}.`,
  category,
  end1: { typeName: `lake_${container}`, attribute: children, many: true },
  end2: { typeName: `lake_${child}`, attribute: parent, many: false },
});

const columnLevel = {
  typeName: 'lake_column',
  attribute: 'columns',
  container: { attribute: 'dataset', level: 'table' },
  attributes: columnFacts,
} as const;

/** Types of files in folders and in Blob Storage. What one column holds within another is a column too, `outer.inner`. */
export const lakeTypes: SourceTypes = {
  entityTypes: [
    described('lake_server', 'A machine or a storage account.', 'lake://{server}'),
    described(
      'lake_container',
      'A folder or a container of a storage account.',
      'lake://{server}/{container}',
    ),
    {
      name: 'lake_dataset',
      description: 'A file, or a resource set: files that are one dataset.',
      superTypes: ['DataSet'],
      attributes: {
        kind: attribute('string', 'file or resource set.'),
        format: attribute('string', 'csv, json, parquet, avro, … by the name.'),
        compression: attribute('string', 'gzip where the whole file is compressed.'),
      },
      qualifiedName: 'lake://{server}/{container}/{table+}',
      options: { schemaElementsAttribute: 'columns' },
    },
    {
      name: 'lake_column',
      description: 'A column or field of a file.',
      superTypes: ['DataSet'],
      attributes: {
        data_type: attribute('string', 'The type, with what is nested in it.'),
        ordinal: attribute('int', 'Position in the file, from 1.'),
        nullable: attribute('boolean', 'Whether it may be absent.'),
        length: attribute('int', 'Total digits of a decimal.'),
        scale: attribute('int', 'Digits after the decimal point.'),
      },
      qualifiedName: 'lake://{server}/{container}/{table}#{column}',
      options: { schemaAttributes: '["data_type"]' },
    },
  ],
  relationshipTypes: [
    contains('AGGREGATION', ['server', 'containers'], ['container', 'server']),
    contains('AGGREGATION', ['container', 'datasets'], ['dataset', 'container']),
    contains('COMPOSITION', ['dataset', 'columns'], ['column', 'dataset']),
  ],
  database: {
    levels: {
      server: { typeName: 'lake_server', attributes: () => ({}) },
      container: {
        typeName: 'lake_container',
        container: { attribute: 'server', level: 'server' },
        attributes: () => ({}),
      },
      table: {
        typeName: 'lake_dataset',
        container: { attribute: 'container', level: 'container' },
        attributes: (facts) => ({
          kind: additionalText(facts, 'kind'),
          format: additionalText(facts, 'format'),
          compression: additionalText(facts, 'compression'),
        }),
      },
    },
    columns: {
      table: {
        ...columnLevel,
        attributes: ({ dataType, ordinal, nullable, length, scale, description }) => ({
          data_type: dataType,
          ordinal,
          nullable,
          length,
          scale,
          description,
        }),
      },
      view: columnLevel,
    },
    viewLineage: { typeName: '' },
  },
};
