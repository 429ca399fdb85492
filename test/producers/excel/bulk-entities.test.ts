import { describe, expect, it } from 'vitest';
import { interpret, type WorkbookContent } from '../../../producers/excel/interpret.ts';
import { type Layout, templateLayout } from '../../../producers/excel/layout.ts';
import { problemText } from '../../../producers/excel/problems.ts';
import { fixtureContent, sheetOf } from '../../support/excel.ts';

type Cells = readonly (string | number | boolean)[];

/** What a sheet with those columns beside the required ones, and those rows, says. */
function bulk(headers: Cells, rows: readonly Cells[], layout: Partial<Layout> = {}): WorkbookContent {
  const sheet = sheetOf('BulkEntities', [['typeName', 'name', 'qualifiedName', ...headers], ...rows]);
  return interpret([sheet], { ...templateLayout, ...layout });
}

const one = (headers: Cells, values: Cells, layout: Partial<Layout> = {}) => {
  const { entities, problems } = bulk(headers, [['Thing', 'a', 'x://a', ...values]], layout);
  expect(problems).toEqual([]);
  return entities[0];
};

const thing = (name: string, ...values: Cells): Cells => ['Thing', name, `x://${name}`, ...values];

describe('interpret(), of BulkEntities', () => {
  it('reads the shop as people fill it in, rows of one entity together', async () => {
    const { entities } = await fixtureContent('shop.xlsx');
    expect(
      entities.find(({ qualifiedName }) => qualifiedName === 'store://exports/orders.csv'),
    ).toMatchObject({
      typeName: 'DataSet',
      attributes: { name: 'orders', description: 'Every order; one line each' },
      classifications: [{ typeName: 'Store personal' }, { typeName: 'Store internal' }],
      labels: ['gold', 'daily', 'hourly'],
      terms: ['Order@Glossary', 'Net sales@Finance'],
      customAttributes: { team: 'sales' },
      businessAttributes: { Quality: { score: 0.9 } },
      contacts: {
        experts: [
          { id: 'ann@example.com', info: 'knows it: ask first' },
          { id: 'bob@example.com', info: null },
        ],
        owners: null,
      },
    });
  });

  it('says nothing of what no cell tells', () => {
    expect(one(['description', '[root] labels', 'owners'], ['', '', ''])).toMatchObject({
      attributes: { name: 'a' },
      references: [],
      classifications: null,
      labels: null,
      terms: null,
      contacts: null,
      businessAttributes: null,
    });
  });

  it('takes classifications of both the old column and the new one, and a blank one takes nothing away', () => {
    const headers = ['classifications', '[root] classifications'];
    const { entities } = bulk(headers, [thing('a', 'A', 'B; C'), thing('a', '', 'D')]);
    expect(entities[0]?.classifications?.map(({ typeName }) => typeName)).toEqual(['A', 'B', 'C', 'D']);
  });

  it.each<[string, object]>([
    ['AtlasObjectId(guid:12-ab)', { guidReferences: [{ attribute: 'db', many: false, guids: ['12-ab'] }] }],
    [
      'AtlasObjectId(typeName:My db qualifiedName:x://a (old); b)',
      {
        references: [
          { attribute: 'db', many: false, targets: [{ typeName: 'My db', qualifiedName: 'x://a (old); b' }] },
        ],
      },
    ],
    [
      'x://a',
      {
        references: [
          { attribute: 'db', many: false, targets: [{ typeName: 'Thing', qualifiedName: 'x://a' }] },
        ],
      },
    ],
    [
      'x://a;',
      {
        references: [
          { attribute: 'db', many: true, targets: [{ typeName: 'Thing', qualifiedName: 'x://a' }] },
        ],
      },
    ],
    [
      'AtlasObjectId(typeName:T qualifiedName:b);AtlasObjectId(guid:1); x://a',
      {
        references: [
          {
            attribute: 'db',
            many: true,
            targets: [
              { typeName: 'T', qualifiedName: 'b' },
              { typeName: 'Thing', qualifiedName: 'x://a' },
            ],
          },
        ],
        guidReferences: [{ attribute: 'db', many: true, guids: ['1'] }],
      },
    ],
  ])('reads the relationship %s', (cell, expected) => {
    expect(one(['[Relationship] db'], [cell])).toMatchObject(expected);
  });

  it('refers to rows that come later, and keeps entities of different types with one name apart', () => {
    const { entities, problems } = bulk(
      ['[Relationship] inputs'],
      [thing('p', 'x://b'), thing('b', ''), ['Other', 'p', 'x://p', '']],
    );
    expect(problems).toEqual([]);
    expect(entities.map(({ typeName, qualifiedName }) => `${typeName} ${qualifiedName}`)).toEqual([
      'Thing x://p',
      'Thing x://b',
      'Other x://p',
    ]);
    expect(entities[0]?.references).toEqual([
      { attribute: 'inputs', many: true, targets: [{ typeName: 'Thing', qualifiedName: 'x://b' }] },
    ]);
  });

  it('keeps texts, numbers and booleans as they are, and names as texts', () => {
    const { entities } = bulk(['n', 'b', '__proto__'], [['Thing', 2024, 7, 5.5, true, 'x']]);
    expect(entities[0]?.qualifiedName).toBe('7');
    expect(Object.entries(entities[0]?.attributes ?? {})).toEqual([
      ['name', '2024'],
      ['n', 5.5],
      ['b', true],
      ['__proto__', 'x'],
    ]);
  });

  it('takes other names of columns, another separator and glossary, and ids of people', () => {
    const sheet = sheetOf('Assets', [
      ['typeName', 'Title', 'Unique name', '[Relationship] meanings', 'owners'],
      ['Thing', 'a', 'x://a', 'Order|Sale@Own', 'ann@example.com: the owner'],
    ]);
    const { entities, problems } = interpret([sheet], {
      ...templateLayout,
      sheets: { ...templateLayout.sheets, BulkEntities: 'Assets' },
      columns: { name: 'Title', qualifiedName: 'Unique name' },
      separator: '|',
      glossary: 'Main',
      people: { 'ann@example.com': '0a1b' },
    });
    expect(problems).toEqual([]);
    expect(entities).toMatchObject([
      {
        qualifiedName: 'x://a',
        terms: ['Order@Main', 'Sale@Own'],
        contacts: { experts: null, owners: [{ id: '0a1b', info: 'the owner' }] },
      },
    ]);
  });

  it('sends what stands at the top level to where the event has it, and keeps the rest', () => {
    const sheet = bulk(['[root] collectionId', '[root] homeId'], [thing('a', 'c1', 'h1')]);
    expect(sheet.entities[0]).toMatchObject({
      collection: 'c1',
      additional: [{ key: 'homeId', json: '"h1"' }],
    });
    expect(sheet.problems).toMatchObject([{ severity: 'warning', code: 'root-not-delivered', cell: 'E2' }]);
  });

  it.each<[string, Cells, readonly Cells[], string]>([
    ['no type', [], [['', 'a', 'x://a']], 'BulkEntities, row 2, column "typeName" (A2): expected a value'],
    ['no name', [], [['T', '', 'x://a']], 'BulkEntities, row 2, column "name" (B2): expected a value'],
    [
      'an unknown reference',
      ['[Relationship] db'],
      [thing('a', 'x://b')],
      'BulkEntities, row 2, column "[Relationship] db" (D2) has "x://b": no entity of this workbook',
    ],
    [
      'an ambiguous reference',
      ['[Relationship] db'],
      [thing('a', 'x://b'), thing('b', ''), ['U', 'b', 'x://b', '']],
      'entities of several types have the qualifiedName "x://b"',
    ],
    [
      'a reference in another form',
      ['[Relationship] db'],
      [thing('a', 'AtlasObjectId(x://b)')],
      'expected AtlasObjectId(guid:GUID) or',
    ],
    [
      'an unknown prefix',
      ['[Root] labels'],
      [thing('a', 'x')],
      '"[Root] labels" (D2) has "x": expected a header such as',
    ],
    ['a prefix without type', ['[Business] score'], [thing('a', 1)], 'expected a header such as'],
  ])('reports %s, and leaves the entity out', (_what, headers, rows, message) => {
    const { entities, problems } = bulk(headers, rows);
    expect(problems.map(problemText)).toEqual([expect.stringContaining(message)]);
    expect(entities.filter(({ qualifiedName }) => qualifiedName === 'x://a')).toHaveLength(
      message.includes('a header such as') ? 1 : 0,
    );
  });

  it('warns when a later row gives another value, which counts', () => {
    const { entities, problems } = bulk(['color'], [thing('a', 'red'), thing('a', 'blue')]);
    expect(entities[0]?.attributes['color']).toBe('blue');
    expect(problems.map(problemText)).toEqual([
      'BulkEntities, row 3, column "color" (D3) has "blue": another value of color than in BulkEntities, row 2, for the same Thing x://a: this one counts.',
    ]);
  });

  it('reports a column that is missing or there twice, with the one that was meant', () => {
    const sheet = sheetOf('BulkEntities', [
      ['TypeName', 'name', 'qualifiedName', 'name'],
      ['T', 'a', 'b', 'c'],
    ]);
    expect(interpret([sheet], templateLayout).problems.map(problemText)).toEqual([
      'BulkEntities, row 1, column "name" (D1) has "name": the column is there twice: give one of them another name, or take it out.',
      'BulkEntities, row 1: the column "typeName" is missing. There is one named "TypeName": rename it.',
    ]);
  });

  it('shows no password that stands in a cell', () => {
    const { problems } = bulk(['[Relationship] db'], [thing('a', 'Server=s;Password=hunter2')]);
    expect(JSON.stringify(problems)).not.toContain('hunter2');
    expect(problems).not.toEqual([]);
  });
});
