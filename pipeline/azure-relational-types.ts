/** Types that Microsoft Purview has built in for a database of Azure, in the form that those of Azure SQL have. */
import type { Attributes, Column, DatabaseObject } from '../schemas/types.ts';
import { attribute } from './relational-types.ts';
import type { EntityType, RelationshipType, SourceTypes } from './types.ts';

/** Which database the types are of. */
export interface AzureSystem {
  /** Begin of every type's name: `azure_sql`. */
  readonly prefix: string;
  /** Its name for a person: `Azure SQL`. */
  readonly product: string;
  readonly column: { readonly table: string; readonly view: string };
  readonly patterns: Readonly<Record<'server' | 'database' | 'schema' | 'table' | 'column', string>>;
  /** What has no built-in type: the queries of views, and routines. */
  readonly own: SourceTypes;
}

const columnFacts = (facts: Column): Attributes => ({
  description: facts.description,
  data_type: facts.dataType,
});
const described = (facts: DatabaseObject): Attributes => ({ description: facts.description });

/** The types, all of them built in but the processes of `own`. */
export function azureRelationalTypes(system: AzureSystem): SourceTypes {
  const { prefix, column, own } = system;
  const name = (part: string): string => `${prefix}_${part}`;
  const data = (level: 'table' | 'view') => ({
    typeName: name(level),
    container: { attribute: 'dbSchema', level: 'schema' } as const,
    attributes: described,
  });
  const columnOf = (level: 'table' | 'view') => ({
    typeName: name(column[level]),
    attribute: 'columns',
    container: { attribute: level, level },
    attributes: columnFacts,
  });
  const { viewLineage, routine } = own.database ?? {};
  const processes = new Set([viewLineage?.typeName, routine?.typeName]);
  return {
    entityTypes: [
      ...entityTypesOf(system, name),
      ...own.entityTypes.filter((type) => processes.has(type.name)),
    ],
    relationshipTypes: relationshipTypesOf(system, name),
    database: {
      levels: {
        server: { typeName: name('server'), attributes: described },
        database: {
          typeName: name('db'),
          container: { attribute: 'server', level: 'server' },
          attributes: described,
        },
        schema: {
          typeName: name('schema'),
          container: { attribute: 'db', level: 'database' },
          attributes: described,
        },
        table: data('table'),
        view: data('view'),
      },
      columns: { table: columnOf('table'), view: columnOf('view') },
      viewLineage: { typeName: viewLineage?.typeName ?? '' },
      ...(routine === undefined ? {} : { routine: { typeName: routine.typeName } }),
    },
  };
}

function entityTypesOf(
  { product, column, patterns }: AzureSystem,
  name: (part: string) => string,
): readonly EntityType[] {
  const builtIn = (
    part: string,
    of: keyof AzureSystem['patterns'],
    rest: Partial<EntityType> = {},
  ): EntityType => ({
    name: name(part),
    description: `Of ${product}, as Microsoft Purview's scanner has it.`,
    superTypes: ['DataSet'],
    attributes: {},
    qualifiedName: patterns[of],
    builtIn: true,
    ...rest,
  });
  const table = { options: { schemaElementsAttribute: 'columns' } };
  const columns = { attributes: { data_type: attribute('string', "The type in the database's own words.") } };
  return [
    builtIn('server', 'server'),
    builtIn('db', 'database'),
    builtIn('schema', 'schema'),
    builtIn('table', 'table', table),
    builtIn('view', 'table', table),
    builtIn(column.table, 'column', columns),
    builtIn(column.view, 'column', columns),
  ];
}

function relationshipTypesOf(
  { column }: AzureSystem,
  name: (part: string) => string,
): readonly RelationshipType[] {
  const contains = (
    relationship: string,
    [container, children]: readonly [string, string],
    [child, parent]: readonly [string, string],
  ): RelationshipType => ({
    name: name(relationship),
    description: `The ${children} of a ${name(container)}.`,
    category: 'COMPOSITION',
    end1: { typeName: name(container), attribute: children, many: true },
    end2: { typeName: name(child), attribute: parent, many: false },
    builtIn: true,
  });
  return [
    contains('server_dbs', ['server', 'databases'], ['db', 'server']),
    contains('db_schemas', ['db', 'schemas'], ['schema', 'db']),
    contains('schema_tables', ['schema', 'tables'], ['table', 'dbSchema']),
    contains('schema_views', ['schema', 'views'], ['view', 'dbSchema']),
    contains('table_columns', ['table', 'columns'], [column.table, 'table']),
    contains('view_columns', ['view', 'columns'], [column.view, 'view']),
  ];
}
