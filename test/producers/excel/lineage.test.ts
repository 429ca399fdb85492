import { describe, expect, it } from 'vitest';
import { interpret, type WorkbookContent } from '../../../producers/excel/interpret.ts';
import {
  type Layout,
  type SheetName,
  templateColumns,
  templateLayout,
} from '../../../producers/excel/layout.ts';
import { problemText } from '../../../producers/excel/problems.ts';
import { fixtureContent, sheetOf } from '../../support/excel.ts';

/** What one sheet says, with the required columns of the template in their order. */
function sheet(
  name: SheetName,
  rows: readonly (readonly string[])[],
  layout: Partial<Layout> = {},
): WorkbookContent {
  return interpret([sheetOf(name, [templateColumns[name].required, ...rows])], {
    ...templateLayout,
    ...layout,
  });
}

const update = (rows: readonly (readonly string[])[]) => sheet('UpdateLineage', rows);
const process = ['load', 'x://load', 'Process'];

const summary = ({ entities }: WorkbookContent) =>
  entities.map(({ typeName, qualifiedName, attributes, references }) => ({
    entity: `${typeName} ${qualifiedName}`,
    attributes,
    ...Object.fromEntries(
      references.map(({ attribute, targets }) => [attribute, targets.map((one) => one.qualifiedName)]),
    ),
  }));

/** Column lineage as it stands in an attribute. */
function mappingOf(value: unknown): unknown {
  return typeof value === 'string' ? JSON.parse(value) : value;
}

describe('interpret(), of UpdateLineage', () => {
  it('adds the rows of a process up, leaves a blank side alone, and takes all away for N/A', () => {
    const content = update([
      ['T', 'x://t', 'S', 'x://s', ...process],
      ['T', 'x://t', 'S', 'x://s2', ...process],
      ['', '', '', '', 'idle', 'x://idle', 'Process'],
      ['', 'n/a', 'S', 'x://s', 'drop', 'x://drop', 'Process'],
    ]);
    expect(content.problems).toEqual([]);
    expect(summary(content)).toEqual([
      {
        entity: 'Process x://load',
        attributes: { name: 'load' },
        inputs: ['x://s', 'x://s2'],
        outputs: ['x://t'],
      },
      { entity: 'Process x://idle', attributes: { name: 'idle' } },
      { entity: 'Process x://drop', attributes: { name: 'drop' }, inputs: ['x://s'], outputs: [] },
    ]);
  });

  it('takes a side that is blank first and told later', () => {
    const content = update([
      ['T', 'x://t', '', '', ...process],
      ['', '', 'S', 'x://s', ...process],
    ]);
    expect(summary(content)).toMatchObject([{ inputs: ['x://s'], outputs: ['x://t'] }]);
  });

  it.each([
    [
      'N/A after a name',
      [
        ['T', 'x://t', '', ''],
        ['', 'N/A', '', ''],
      ],
    ],
    [
      'a name after N/A',
      [
        ['', 'N/A', '', ''],
        ['T', 'x://t', '', ''],
      ],
    ],
  ])('reports %s, and leaves the process out', (_what, rows) => {
    const { entities, problems } = update(rows.map((row) => [...row, ...process]));
    expect(entities).toEqual([]);
    expect(problems).toMatchObject([{ code: 'none-and-some', row: 3, cell: 'B3' }]);
  });

  it('reports a name without type, a process without one, and one that no row names', () => {
    const { entities, problems } = update([
      ['', 'x://t', '', '', ...process],
      ['', '', '', '', 'load', 'x://other', ''],
      ['', '', '', '', '', 'x://nameless', 'Process'],
    ]);
    expect(entities).toEqual([]);
    expect(problems.map(problemText)).toEqual([
      'UpdateLineage, row 2, column "Target typeName" (A2): expected a value: every row needs its Target typeName.',
      'UpdateLineage, row 3, column "Process typeName" (G3): expected a value: every row needs its Process typeName.',
      'UpdateLineage, row 4, column "Process qualifiedName" (F4) has "x://nameless": Process x://nameless has no name in any row.',
    ]);
  });

  it('reads columns with prefixes of other words', () => {
    const headers = templateColumns.UpdateLineage.required.map((name) =>
      name.replace('Target', 'Ziel').replace('Source', 'Quelle').replace('Process', 'Prozess'),
    );
    const content = interpret(
      [sheetOf('UpdateLineage', [headers, ['T', 'x://t', 'S', 'x://s', ...process]])],
      { ...templateLayout, prefixes: { Source: 'Quelle', Target: 'Ziel', Process: 'Prozess' } },
    );
    expect(content.problems).toEqual([]);
    expect(summary(content)).toMatchObject([{ inputs: ['x://s'], outputs: ['x://t'] }]);
  });
});

describe('interpret(), of ColumnMapping', () => {
  it('joins it with the lineage of the same process, one element a pair of data sets', async () => {
    const { entities } = await fixtureContent('shop.xlsx');
    const load = entities.find(({ qualifiedName }) => qualifiedName === 'store://jobs/load_revenue');
    expect(load).toMatchObject({
      typeName: 'store_load',
      references: [
        { attribute: 'inputs', targets: [{ qualifiedName: 'store://exports/orders.csv' }] },
        {
          attribute: 'outputs',
          targets: [
            { qualifiedName: 'store://exports/revenue.csv' },
            { qualifiedName: 'store://reports/weekly' },
          ],
        },
      ],
    });
    expect(mappingOf(load?.attributes['columnMapping'])).toEqual([
      {
        DatasetMapping: { Source: 'store://exports/orders.csv', Sink: 'store://exports/revenue.csv' },
        ColumnMapping: [
          { Source: 'day', Sink: 'day' },
          { Source: 'amount', Sink: 'revenue' },
          { Source: 'price', Sink: 'revenue' },
        ],
      },
    ]);
  });

  it('keeps data sets apart whose names hold a bar', () => {
    const edge = (source: string, target: string) => [
      source,
      'c',
      target,
      'c',
      'x://load',
      'Process',
      'load',
    ];
    const { entities } = sheet('ColumnMapping', [edge('a|b', 'c'), edge('a', 'b|c')]);
    expect(mappingOf(entities[0]?.attributes['columnMapping'])).toMatchObject([
      { DatasetMapping: { Source: 'a', Sink: 'b|c' } },
      { DatasetMapping: { Source: 'a|b', Sink: 'c' } },
    ]);
  });

  it('leaves a process out of which a row is not complete', () => {
    const { entities, problems } = sheet('ColumnMapping', [
      ['a', '', 'b', 'c', 'x://load', 'Process', 'load'],
    ]);
    expect(entities).toEqual([]);
    expect(problems).toMatchObject([{ code: 'value-missing', column: 'Source column', cell: 'B2' }]);
  });
});

describe('interpret(), of TablesLineage and FineGrainColumnLineage', () => {
  it('makes tables, columns, and the processes between them', async () => {
    const content = await fixtureContent('lineage.xlsx');
    expect(content.problems).toEqual([]);
    expect(summary(content)).toEqual([
      { entity: 'demo_table sales', attributes: { name: 'sales', comment: 'Per day' } },
      { entity: 'demo_table orders', attributes: { name: 'orders' } },
      {
        entity: 'demo_process load',
        attributes: { name: 'load', schedule: 'daily' },
        inputs: ['orders', 'products'],
        outputs: ['sales'],
      },
      { entity: 'demo_table products', attributes: { name: 'products' } },
      { entity: 'demo_table days', attributes: { name: 'days' } },
      { entity: 'demo_process make days', attributes: { name: 'make days' }, inputs: [], outputs: ['days'] },
      {
        entity: 'demo_column sales#amount',
        attributes: { name: 'amount', dataType: 'decimal' },
        table: ['sales'],
      },
      { entity: 'demo_column orders#price', attributes: { name: 'price' }, table: ['orders'] },
      {
        entity: 'demo_column_lineage load@derived_column:amount',
        attributes: { name: 'load', dependencyType: 'EXPRESSION', expression: 'price * count' },
        outputs: ['sales#amount'],
        inputs: ['orders#price', 'products#count'],
        query: ['load'],
      },
      { entity: 'demo_column products#count', attributes: { name: 'count' }, table: ['products'] },
      { entity: 'demo_column sales#name', attributes: { name: 'name', dataType: 'text' }, table: ['sales'] },
      { entity: 'demo_column products#name', attributes: { name: 'name' }, table: ['products'] },
      {
        entity: 'demo_column_lineage load@derived_column:name',
        attributes: { name: 'load', dependencyType: 'SIMPLE' },
        outputs: ['sales#name'],
        inputs: ['products#name'],
        query: ['load'],
      },
      { entity: 'demo_column days#day', attributes: { name: 'day' }, table: ['days'] },
      {
        entity: 'demo_column_lineage make days@derived_column:day',
        attributes: { name: 'make days', dependencyType: 'SIMPLE' },
        outputs: ['days#day'],
        inputs: [],
        query: ['make days'],
      },
    ]);
    const { classifications } =
      content.entities.find(({ qualifiedName }) => qualifiedName === 'sales#amount') ?? {};
    expect(classifications).toMatchObject([{ typeName: 'Store internal' }]);
  });

  it('takes types of columns from the settings, and fills columnMapping where they say so', async () => {
    const { entities } = await fixtureContent('lineage.xlsx', {
      columnTypes: { demo_table: 'field' },
      columnLineageTypes: { demo_process: 'field_flow' },
      columnMapping: true,
    });
    expect(new Set(entities.map(({ typeName }) => typeName))).toEqual(
      new Set(['demo_table', 'demo_process', 'field', 'field_flow']),
    );
    const load = entities.find(({ qualifiedName }) => qualifiedName === 'load');
    expect(mappingOf(load?.attributes['columnMapping'])).toHaveLength(2);
  });

  it('reports a table, a process and types that it does not find', () => {
    const tables = sheetOf('TablesLineage', [
      ['Target table', 'Target type'],
      ['t', 'demo_table'],
      ['u', 'Other'],
    ]);
    const columns = sheetOf('FineGrainColumnLineage', [
      ['Target table', 'Target column'],
      ['t', 'a'],
      ['u', 'a'],
      ['v', 'a'],
    ]);
    const { problems } = interpret([tables, columns], templateLayout);
    expect(problems.map(({ code, row }) => `${code} ${row}`)).toEqual([
      'process-unknown 2',
      'column-type-unknown 3',
      'table-unknown 4',
    ]);
  });
});
