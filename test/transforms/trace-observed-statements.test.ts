import { describe, expect, it } from 'vitest';
import { azureBlobPath } from '../../pipeline/job-types.ts';
import type { KnownAsset, SourceSettings } from '../../pipeline/transform.ts';
import { postgresHistory } from '../../producers/postgres/history-component.ts';
import type { ObservedStatement, RawEvent } from '../../schemas/types.ts';
import { traceObservedStatements } from '../../transforms/trace-observed-statements.ts';
import { transformContract } from '../contracts/transform.ts';
import { columnEdges, deriveOne, targetsOf, transformContext } from '../support/transforms.ts';

const settings: SourceSettings = postgresHistory.configure(
  'history',
  { host: 'h', user: 'u' },
  { baseFolder: '/' },
).settings;
const withRules: SourceSettings = {
  ...settings,
  types: { ...settings.types, entityTypes: [...settings.types.entityTypes, azureBlobPath] },
  datasets: { file: { types: ['azure_blob_path'], path: '{url+}', parameters: {}, caseRule: 'preserve' } },
};

const statement = (text: string, more: Partial<ObservedStatement> = {}): RawEvent => ({
  type: 'observed-statement',
  value: {
    producer: 'history',
    objectId: 'shop/0f3c',
    position: { incarnation: '1', sequence: 1 },
    system: 'postgresql',
    path: [
      { level: 'server', name: 'srv' },
      { level: 'database', name: 'shop' },
    ],
    dialect: 'postgres',
    searchPath: ['public', 'etl'],
    text,
    users: ['loader'],
    executions: 7,
    firstSeen: '2026-01-01',
    lastSeen: '2026-01-31',
    flows: null,
    warnings: [],
    additional: [],
    ...more,
  },
});

const table = (name: string, columns: readonly string[], typeName = 'postgresql_table'): KnownAsset => ({
  typeName,
  qualifiedName: `postgresql://srv/shop/${name}`,
  columns,
});
const known = [
  table('public/orders', ['id', 'amount', 'day']),
  table('etl/daily', ['day', 'total']),
  table('public/v', ['day', 'total'], 'postgresql_view'),
];

const trace = (event: RawEvent, assets: readonly KnownAsset[] = known, source: SourceSettings = settings) => {
  const derivation = deriveOne(traceObservedStatements, transformContext({ history: source }, assets), event);
  const short = (names: readonly string[]): readonly string[] =>
    names.map((name) => name.replaceAll('postgresql://srv/shop/', ''));
  const process = derivation.changes.find((change) => !change.placeholder)?.entities[0];
  return {
    process,
    inputs: process === undefined ? [] : short(targetsOf(process, 'inputs')),
    outputs: process === undefined ? [] : short(targetsOf(process, 'outputs')),
    edges: process === undefined ? [] : short(columnEdges(process)),
    warnings: derivation.warnings.map(({ code }) => code),
    placeholders: short(
      derivation.changes
        .filter(({ placeholder }) => placeholder)
        .map(({ entities: [root] }) => root.qualifiedName),
    ),
  };
};

transformContract('traceObservedStatements()', traceObservedStatements, {
  context: transformContext({ history: settings }, known),
  examples: [
    statement('INSERT INTO daily SELECT day, amount FROM orders'),
    statement('INSERT INTO gone SELECT x FROM missing'),
  ],
});

describe('traceObservedStatements()', () => {
  it('makes a process with inputs, outputs, column mapping and what is known of its executions', () => {
    const { process, ...rest } = trace(
      statement('INSERT INTO daily SELECT day, sum(amount) FROM Orders WHERE id > ? GROUP BY day'),
    );
    expect(process).toMatchObject({
      typeName: 'observed_statement',
      qualifiedName: 'observed://srv/shop/0f3c',
      attributes: {
        name: 'insert daily',
        statement: expect.stringContaining('INSERT INTO daily'),
        system: 'postgresql',
        users: ['loader'],
        executions: 7,
        firstSeen: '2026-01-01',
        lastSeen: '2026-01-31',
        evidence: 'observed',
        dialect: 'postgres',
        confidence: 1,
        warnings: [],
      },
    });
    expect(rest).toEqual({
      inputs: ['public/orders'],
      outputs: ['etl/daily'],
      edges: ['public/orders#amount -> etl/daily#total', 'public/orders#day -> etl/daily#day'],
      warnings: [],
      placeholders: [],
    });
  });

  it('looks for a table in the schemas of the search path, and finds views as well', () => {
    const { inputs, outputs, edges } = trace(statement('INSERT INTO etl.daily SELECT * FROM v'));
    expect({ inputs, outputs, edges }).toEqual({
      inputs: ['public/v'],
      outputs: ['etl/daily'],
      edges: ['public/v#day -> etl/daily#day', 'public/v#total -> etl/daily#total'],
    });
  });

  it.each([
    ["COPY public.orders FROM '/in/x.csv'", ['/in/x.csv'], ['public/orders']],
    ['CREATE TABLE etl.daily AS SELECT day, amount AS total FROM orders', ['public/orders'], ['etl/daily']],
    [
      'MERGE INTO daily d USING orders o ON d.day = o.day WHEN MATCHED THEN UPDATE SET total = o.amount',
      ['public/orders'],
      ['etl/daily'],
    ],
    [
      'UPDATE daily d SET total = o.amount FROM orders o WHERE o.day = d.day',
      ['public/orders'],
      ['etl/daily'],
    ],
    ['SELECT day, amount INTO public.orders2 FROM orders', ['public/orders'], ['public/orders2']],
  ])('reads %s', (text, inputs, outputs) => {
    expect(trace(statement(text), known, withRules)).toMatchObject({ inputs, outputs });
  });

  it.each([
    'INSERT INTO daily VALUES (?)',
    'SELECT day FROM orders',
    'DELETE FROM orders WHERE id = ?',
    'UPDATE orders SET amount = ? WHERE id = ?',
    'CREATE TEMP TABLE x AS SELECT day FROM orders',
    'INSERT INTO daily SELECT relname, oid FROM pg_catalog.pg_class',
  ])('makes no process and no warning of %s', (text) => {
    expect(trace(statement(text))).toMatchObject({ process: undefined, warnings: [], placeholders: [] });
  });

  it('makes placeholders with a warning of tables that no producer describes, and a warning of a column that is not there', () => {
    expect(trace(statement('INSERT INTO gone (a) SELECT nope FROM orders'))).toMatchObject({
      outputs: ['public/gone'],
      edges: [],
      placeholders: ['public/gone'],
      warnings: ['table-not-described', 'column-not-found'],
    });
  });

  it('reads nothing out of a statement that was cut', () => {
    const cut = { code: 'statement-cut', location: 'shop/0f3c', message: 'It was cut.' };
    expect(trace(statement('INSERT INTO daily SELECT day FROM', { warnings: [cut] }))).toMatchObject({
      process: undefined,
      warnings: ['statement-cut'],
    });
  });

  it('takes what the source itself recorded before the text', () => {
    const path = (schema: string, name: string) =>
      [
        { level: 'database', name: 'shop' },
        { level: 'schema', name: schema },
        { level: 'table', name },
      ] as const;
    const flow = {
      source: path('public', 'orders'),
      sourceColumn: 'day',
      target: path('etl', 'daily'),
      targetColumn: 'day',
    };
    const flows = [flow, { ...flow, sourceColumn: null, targetColumn: null }];
    expect(trace(statement('not read', { flows }))).toMatchObject({
      inputs: ['public/orders'],
      outputs: ['etl/daily'],
      edges: ['public/orders#day -> etl/daily#day'],
      warnings: [],
    });
  });

  it('names tables by the rule datasets.table where there is one', () => {
    const rule = {
      types: ['postgresql_table'] as const,
      parameters: { server: 'other' },
      caseRule: 'lower' as const,
    };
    const { inputs } = trace(statement('INSERT INTO DAILY SELECT x FROM "B"'), [], {
      ...settings,
      datasets: { table: rule },
    });
    expect(inputs).toEqual(['postgresql://other/shop/public/b']);
  });

  it('finds tables whatever the case of their names where the dialect says so, and columns always', () => {
    const own = {
      table: {
        types: ['postgresql_table'] as const,
        parameters: { schema: 's' },
        caseRule: 'lower' as const,
      },
    };
    const event = statement('INSERT INTO Daily (TOTAL) SELECT o.AMOUNT FROM `Orders` o', {
      dialect: 'mariadb',
      searchPath: [],
    });
    const tables = [table('s/orders', ['Amount']), table('s/daily', ['Total'])];
    expect(trace(event, tables, { ...settings, datasets: own })).toMatchObject({
      inputs: ['s/orders'],
      edges: ['s/orders#Amount -> s/daily#Total'],
      warnings: [],
    });
  });

  it('warns of a name of which nothing tells the database, and takes one that says it itself', () => {
    const path = [{ level: 'server', name: 'srv' }] as const;
    expect(trace(statement('INSERT INTO daily (day) SELECT day FROM orders', { path }))).toMatchObject({
      process: undefined,
      warnings: ['name-not-placed', 'name-not-placed'],
    });
    expect(
      trace(statement('INSERT INTO shop.etl.daily SELECT day, day FROM shop.public.orders', { path })),
    ).toMatchObject({
      inputs: ['public/orders'],
      outputs: ['etl/daily'],
    });
  });

  it('takes a stage that the source recorded for a place of the rule datasets.file', () => {
    const source = [
      { level: 'database', name: 'a' },
      { level: 'schema', name: 'b' },
      { level: 'container', name: 'in' },
    ] as const;
    const target = [
      { level: 'database', name: 'shop' },
      { level: 'schema', name: 'etl' },
      { level: 'table', name: 'daily' },
    ] as const;
    const flows = [{ source, sourceColumn: null, target, targetColumn: null }];
    expect(trace(statement('copy', { flows }), known, withRules)).toMatchObject({
      inputs: ['@a.b.in'],
      outputs: ['etl/daily'],
    });
    expect(trace(statement('copy', { flows })).warnings).toEqual(['unconfigured-location']);
  });
});
