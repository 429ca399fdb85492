import { describe, expect, it } from 'vitest';
import { interpret } from '../../../producers/excel/interpret.ts';
import { templateLayout } from '../../../producers/excel/layout.ts';
import { fixtureContent, sheetOf } from '../../support/excel.ts';

const day = '2026-01-31T00:00:00.000Z';

describe('interpret(), of EntityDefs and ClassificationDefs', () => {
  it('makes the types that the shop defines, with what the template leaves out', async () => {
    const { types } = await fixtureContent('shop.xlsx');
    expect(types.entityDefs).toMatchObject([
      {
        category: 'ENTITY',
        name: 'store_report',
        superTypes: ['DataSet'],
        attributeDefs: [
          { name: 'pages', typeName: 'int', displayName: 'Pages', cardinality: 'SINGLE', isOptional: true },
          { name: 'refreshedDaily', typeName: 'boolean', valuesMinCount: 0, valuesMaxCount: 1 },
          { name: 'since', typeName: 'date', isUnique: false },
          { name: 'tags', typeName: 'array<string>', cardinality: 'SET', valuesMaxCount: 10 },
        ],
      },
      { name: 'store_load', superTypes: ['Process'] },
    ]);
    expect(types.classificationDefs).toEqual([
      {
        category: 'CLASSIFICATION',
        name: 'Store personal',
        description: 'Says something about persons.',
        superTypes: [],
        entityTypes: ['DataSet'],
        attributeDefs: [],
      },
      expect.objectContaining({ name: 'Store internal', entityTypes: ['DataSet', 'Process'] }),
    ]);
  });

  const values = (type: string, value: string | number | boolean) => {
    const defs = sheetOf('EntityDefs', [
      ['Entity TypeName', 'name', 'typeName'],
      ['thing', 'x', type],
    ]);
    const rows = sheetOf('BulkEntities', [
      ['typeName', 'name', 'qualifiedName', 'x'],
      ['thing', 'a', 'x://a', value],
    ]);
    const { entities, problems } = interpret([rows, defs], templateLayout);
    return entities[0]?.attributes['x'] ?? problems.map(({ code, cell }) => `${code} ${cell}`);
  };

  it.each<[string, string | number | boolean, unknown]>([
    ['boolean', 'TRUE', true],
    ['boolean', 1, ['value-type D2']],
    ['int', '12', 12],
    ['int', 5.5, ['value-type D2']],
    ['double', '5.5', 5.5],
    ['double', 'many', ['value-type D2']],
    ['date', '2026-01-31', day],
    ['date', '2026-01-31 01:00+01:00', day],
    ['date', '31.1.2026', ['value-type D2']],
    ['string', 7, '7'],
    ['array<string>', 'a; b', ['a', 'b']],
    ['map<string,string>', 'as it is', 'as it is'],
  ])('fits a value of the type %s: %s', (type, value, expected) => {
    expect(values(type, value)).toEqual(expected);
  });

  it('reports a mandatory attribute that a row leaves out', () => {
    const defs = sheetOf('EntityDefs', [
      ['Entity TypeName', 'name', 'isOptional'],
      ['thing', 'x', 'false'],
    ]);
    const rows = sheetOf('BulkEntities', [
      ['typeName', 'name', 'qualifiedName'],
      ['thing', 'a', 'x://a'],
    ]);
    const { entities, problems } = interpret([rows, defs], templateLayout);
    expect(entities).toEqual([]);
    expect(problems).toMatchObject([{ code: 'value-mandatory', row: 2 }]);
  });

  it('says the same of the workbook that LibreOffice saved, and of the CSV files that it wrote', async () => {
    const shop = await fixtureContent('shop.xlsx');
    expect(shop.problems).toEqual([]);
    expect(await fixtureContent('libreoffice/shop.xlsx')).toEqual(shop);
  });

  it('finds nothing in the empty template of pyapacheatlas, and nothing wrong with it', async () => {
    expect(await fixtureContent('pyapacheatlas-template.xlsx')).toEqual({
      entities: [],
      types: { entityDefs: [], classificationDefs: [] },
      problems: [],
    });
  });

  it('reports everything that is wrong at once, each with its place', async () => {
    const { problems } = await fixtureContent('wrong.xlsx');
    expect(
      problems.map(({ sheet, row, column, code }) => `${sheet} ${row} ${column}: ${code}`),
    ).toMatchInlineSnapshot(`
      [
        "BulkEntities 2 [Relationship] inputs: reference-unknown",
        "BulkEntities 3 [Relationship] inputs: reference-form",
        "BulkEntities 3 [Wrong] x: header-unknown",
        "BulkEntities 4 name: value-missing",
        "BulkEntities 5 description: cell-error",
        "BulkEntities 5 typeName: value-missing",
        "BulkEntities 8 description: given-twice",
        "BulkEntities 9 [Relationship] inputs: reference-ambiguous",
        "UpdateLineage 2 Source typeName: value-missing",
        "UpdateLineage 3 Target qualifiedName: none-and-some",
        "UpdateLineage 4 Process qualifiedName: value-missing",
        "ColumnMapping 1 null: column-missing",
        "EntityDefs 1 remark: column-ignored",
        "EntityDefs 2 cardinality: not-a-choice",
        "EntityDefs 2 isOptional: not-a-boolean",
        "EntityDefs 2 valuesMaxCount: not-a-count",
        "EntityDefs 3 name: attribute-twice",
        "EntityDefs 4 Entity TypeName: type-name",
        "EntityDefs 4 name: attribute-name",
        "EntityDefs 4 typeName: attribute-type",
        "ClassificationDefs 3 classificationName: value-missing",
        "TablesLineage 2 Target type: value-missing",
        "TablesLineage 2 Source type: value-missing",
        "TablesLineage 2 Process type: value-missing",
        "FineGrainColumnLineage 2 Target table: table-unknown",
      ]
    `);
  });
});
