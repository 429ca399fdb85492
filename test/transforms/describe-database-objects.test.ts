import { describe, expect, it } from 'vitest';
import type { Derivation, KnownAsset, SourceSettings } from '../../pipeline/transform.ts';
import { azureTypes } from '../../producers/postgres/azure-types.ts';
import { ownTypes } from '../../producers/postgres/own-types.ts';
import { rdbmsTypes } from '../../producers/postgres/rdbms-types.ts';
import type {
  Column,
  DatabaseLevel,
  DatabaseObject,
  NamePart,
  RawEvent,
  Routine,
} from '../../schemas/types.ts';
import { describeDatabaseObjects } from '../../transforms/describe-database-objects.ts';
import { transformContract } from '../contracts/transform.ts';
import { transformContext } from '../support/transform-context.ts';
import { deriveOne } from '../support/transforms.ts';

const settings = (
  types: SourceSettings['types'],
  caseRule: SourceSettings['caseRule'] = 'preserve',
): SourceSettings => ({
  types,
  caseRule,
  steps: 'collapse',
  datasets: {},
});
const producers = {
  own: settings(ownTypes),
  azure: settings(azureTypes),
  rdbms: settings(rdbmsTypes),
  upper: settings(ownTypes, 'upper'),
};

const path = (...parts: readonly (readonly [DatabaseLevel, string])[]): readonly NamePart[] =>
  parts.map(([level, name]) => ({ level, name }));
const above = [
  ['server', 's'],
  ['database', 'd'],
  ['schema', 'n'],
] as const;
const tablePath = path(...above, ['table', 't']);
const viewPath = path(...above, ['view', 'v']);

const column = (name: string, rest: Partial<Column> = {}): Column => ({
  name,
  ordinal: 1,
  dataType: 'integer',
  description: null,
  nullable: true,
  length: null,
  scale: null,
  defaultExpression: null,
  primaryKey: false,
  unique: false,
  references: null,
  additional: [],
  ...rest,
});

const objectOf = (at: readonly NamePart[], rest: Partial<DatabaseObject> = {}): DatabaseObject => ({
  producer: 'own',
  objectId: at.map((part) => part.name).join('/'),
  position: { incarnation: '1', sequence: 1 },
  system: 'postgresql',
  path: at,
  description: null,
  owner: null,
  columns: null,
  definition: null,
  dependencies: [],
  parts: [],
  warnings: [],
  additional: [],
  ...rest,
});

const table = objectOf(tablePath, {
  description: 'a table',
  owner: 'me',
  columns: [
    column('a', { primaryKey: true }),
    column('b/#', { ordinal: 2, references: { path: path(...above, ['table', 'u']), column: 'id' } }),
  ],
  additional: [{ key: 'kind', json: '"table"' }],
});
const view = objectOf(viewPath, {
  columns: [column('x'), column('y', { ordinal: 2 })],
  definition: 'SELECT …',
  dependencies: [
    { source: tablePath, sourceColumn: 'a', targetColumn: 'x', transformed: true },
    { source: tablePath, sourceColumn: 'b/#', targetColumn: null, transformed: false },
    { source: path(...above, ['view', 'w']), sourceColumn: 'z', targetColumn: 'y', transformed: false },
  ],
});
const routine: Routine = {
  producer: 'own',
  objectId: 'f',
  position: { incarnation: '1', sequence: 1 },
  system: 'postgresql',
  path: path(...above, ['routine', 'f(integer)']),
  kind: 'FUNCTION',
  language: 'plpython3u',
  text: 'BEGIN END',
  description: 'does it',
  file: null,
  warnings: [],
  additional: [],
};

const knownTable: KnownAsset = {
  typeName: 'postgresql_table',
  qualifiedName: 'postgresql://s/d/n/t',
  columns: ['a', 'b/#'],
};
const knownView: KnownAsset = {
  typeName: 'postgresql_view',
  qualifiedName: 'postgresql://s/d/n/w',
  columns: ['z'],
};
const everything = transformContext(producers, [knownTable, knownView]);
const nothing = transformContext(producers, []);

const derive = (value: DatabaseObject, context = everything): Derivation =>
  deriveOne(describeDatabaseObjects, context, { type: 'database-object', value });
const processOf = ({ changes }: Derivation) =>
  changes.map(({ entities: [root] }) => root).find((root) => root.typeName === 'postgresql_view_query');

const examples: readonly [RawEvent, RawEvent, ...RawEvent[]] = [
  { type: 'database-object', value: table },
  { type: 'database-object', value: view },
  { type: 'routine', value: routine },
];
transformContract('describe-database-objects', describeDatabaseObjects, { context: everything, examples });
transformContract('describe-database-objects with nothing known', describeDatabaseObjects, {
  context: nothing,
  examples,
});

describe('describeDatabaseObjects()', () => {
  it('makes a table the root of its columns, with their list complete and its schema from the child’s side', () => {
    const { changes, known, warnings } = derive(table);
    expect(warnings).toEqual([]);
    expect(known).toEqual([knownTable]);
    expect(changes).toMatchObject([
      {
        complete: ['columns'],
        placeholder: false,
        entities: [
          {
            typeName: 'postgresql_table',
            qualifiedName: 'postgresql://s/d/n/t',
            attributes: { name: 't', description: 'a table', owner: 'me', kind: 'table', partitions: [] },
            references: [
              {
                attribute: 'dbSchema',
                many: false,
                targets: [{ typeName: 'postgresql_schema', qualifiedName: 'postgresql://s/d/n' }],
              },
            ],
          },
          {
            typeName: 'postgresql_column',
            qualifiedName: 'postgresql://s/d/n/t#a',
            attributes: { name: 'a', data_type: 'integer', primaryKey: true, references: null },
            references: [
              {
                attribute: 'table',
                many: false,
                targets: [{ typeName: 'postgresql_table', qualifiedName: 'postgresql://s/d/n/t' }],
              },
            ],
          },
          {
            qualifiedName: 'postgresql://s/d/n/t#b%2F%23',
            attributes: { name: 'b/#', references: 'postgresql://s/d/n/u#id' },
          },
        ],
      },
    ]);
  });

  it('makes every level an entity that names the next above', () => {
    const levels = [1, 2, 3].map((depth) => derive(objectOf(tablePath.slice(0, depth))).changes);
    expect(levels).toMatchObject([
      [
        {
          complete: [],
          entities: [{ typeName: 'postgresql_server', qualifiedName: 'postgresql://s', references: [] }],
        },
      ],
      [
        {
          entities: [
            {
              qualifiedName: 'postgresql://s/d',
              references: [{ attribute: 'server', targets: [{ qualifiedName: 'postgresql://s' }] }],
            },
          ],
        },
      ],
      [
        {
          entities: [
            {
              qualifiedName: 'postgresql://s/d/n',
              references: [{ attribute: 'database', targets: [{ qualifiedName: 'postgresql://s/d' }] }],
            },
          ],
        },
      ],
    ]);
  });

  it('makes a process of a view, with inputs, output, and edges between columns that both sides have', () => {
    const derivation = derive(view);
    expect(derivation.warnings).toEqual([]);
    expect(derivation.changes).toHaveLength(2);
    const process = processOf(derivation);
    expect(process).toMatchObject({
      qualifiedName: 'postgresql://s/d/n/v@definition',
      attributes: { name: 'v', warnings: [] },
      references: [
        {
          attribute: 'inputs',
          targets: [
            { typeName: 'postgresql_table', qualifiedName: 'postgresql://s/d/n/t' },
            { typeName: 'postgresql_view', qualifiedName: 'postgresql://s/d/n/w' },
          ],
        },
        {
          attribute: 'outputs',
          targets: [{ typeName: 'postgresql_view', qualifiedName: 'postgresql://s/d/n/v' }],
        },
      ],
    });
    const mapping: unknown = JSON.parse(process?.attributes['columnMapping'] as string);
    expect(mapping).toEqual([
      {
        DatasetMapping: { Source: 'postgresql://s/d/n/t', Sink: 'postgresql://s/d/n/v' },
        ColumnMapping: [{ Source: 'a', Sink: 'x' }],
      },
      {
        DatasetMapping: { Source: 'postgresql://s/d/n/w', Sink: 'postgresql://s/d/n/v' },
        ColumnMapping: [{ Source: 'z', Sink: 'y' }],
      },
    ]);
  });

  it('stands a placeholder in, with a warning and without column edges, when a source is not described', () => {
    const derivation = derive(view, nothing);
    expect(derivation.changes.filter((change) => change.placeholder)).toMatchObject([
      { entities: [{ qualifiedName: 'postgresql://s/d/n/t', attributes: { name: 't' }, references: [] }] },
      { entities: [{ qualifiedName: 'postgresql://s/d/n/w', attributes: { name: 'w' } }] },
    ]);
    expect(derivation.warnings.map(({ code }) => code)).toEqual([
      'source-not-described',
      'source-not-described',
    ]);
    const process = processOf(derivation);
    expect(process?.attributes['columnMapping']).toBe('[]');
    expect(process?.attributes['warnings']).toHaveLength(2);
    expect(process?.references[0]?.targets).toHaveLength(2);
  });

  it('warns of a column that its table does not have, and keeps the rest', () => {
    const context = transformContext(producers, [{ ...knownTable, columns: ['other'] }, knownView]);
    const derivation = derive(view, context);
    expect(derivation.warnings).toMatchObject([{ code: 'column-not-found', location: view.objectId }]);
    expect(derivation.warnings[0]?.message).toContain('postgresql://s/d/n/t has no column "a"');
    expect(JSON.parse(processOf(derivation)?.attributes['columnMapping'] as string)).toHaveLength(1);
  });

  it('makes no process of a view that reads nothing', () => {
    expect(derive({ ...view, definition: 'SELECT 1 AS a', dependencies: [] }).changes).toHaveLength(1);
  });

  it('applies the case rule of the source to every name', () => {
    const { changes } = derive({ ...table, producer: 'upper' });
    expect(changes[0]?.entities.map(({ qualifiedName }) => qualifiedName)).toEqual([
      'postgresql://S/D/N/T',
      'postgresql://S/D/N/T#A',
      'postgresql://S/D/N/T#B%2F%23',
    ]);
    expect(changes[0]?.entities[2]?.attributes['references']).toBe('postgresql://S/D/N/U#ID');
  });

  it('refuses two columns that one case rule gives one name', () => {
    const twice = { ...table, producer: 'upper', columns: [column('a'), column('A')] };
    expect(() => derive(twice)).toThrow(/"a" and "A" both are/);
  });

  it('makes rdbms_* entities without a schema level, tables hanging on the database', () => {
    expect(derive(objectOf(tablePath.slice(0, 3), { producer: 'rdbms' })).changes).toEqual([]);
    const [change] = derive({ ...table, producer: 'rdbms' }).changes;
    expect(change?.entities[0]).toMatchObject({
      typeName: 'rdbms_table',
      attributes: { name_path: 'n', comment: 'a table' },
      references: [
        { attribute: 'db', targets: [{ typeName: 'rdbms_db', qualifiedName: 'postgresql://s/d' }] },
      ],
    });
    expect(change?.entities[1]?.attributes).not.toHaveProperty('references');
    const [viewChange] = derive({ ...view, producer: 'rdbms' }).changes;
    expect(viewChange?.entities[1]).toMatchObject({
      typeName: 'rdbms_column',
      references: [
        { attribute: 'table', targets: [{ typeName: 'rdbms_table', qualifiedName: 'postgresql://s/d/n/v' }] },
      ],
    });
  });

  it("makes Purview's own azure_postgresql_* entities, with our process for the view", () => {
    const types = derive({ ...view, producer: 'azure' }).changes.map(({ entities }) =>
      entities.map(({ typeName }) => typeName),
    );
    expect(types).toEqual([
      ['azure_postgresql_view', 'azure_postgresql_view_column', 'azure_postgresql_view_column'],
      ['azure_postgresql_table'],
      ['azure_postgresql_view'],
      ['postgresql_view_query'],
    ]);
  });

  it('makes a process of a routine, and leaves languages with a transform of their own alone', () => {
    const { changes } = deriveOne(describeDatabaseObjects, everything, { type: 'routine', value: routine });
    expect(changes).toMatchObject([
      {
        entities: [
          {
            typeName: 'postgresql_routine',
            qualifiedName: 'postgresql://s/d/n/routines/f(integer)',
            attributes: {
              name: 'f(integer)',
              language: 'plpython3u',
              kind: 'FUNCTION',
              definition: 'BEGIN END',
              description: 'does it',
            },
            references: [
              { attribute: 'inputs', targets: [] },
              { attribute: 'outputs', targets: [] },
              { attribute: 'dbSchema', targets: [{ qualifiedName: 'postgresql://s/d/n' }] },
            ],
          },
        ],
      },
    ]);
    const custom: RawEvent = { type: 'routine', value: { ...routine, language: 'custom' } };
    expect(() => deriveOne(describeDatabaseObjects, everything, custom)).toThrow('derived nothing');
  });
});
