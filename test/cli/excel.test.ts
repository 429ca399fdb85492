import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { sheetLimits } from '../../platform/xlsx/cells.ts';
import { work } from '../../platform/xlsx/work.ts';
import { writeXlsx } from '../../platform/xlsx/write-xlsx.ts';
import { templateColumns } from '../../producers/excel/layout.ts';
import { jsonLines } from '../support/by-hand.ts';
import { excelFixtures } from '../support/excel.ts';
import { runHere } from '../support/run-here.ts';

const timeout = 120_000;

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'excel-command-'));
  await writeFile(
    path.join(folder, 'purview-streams.yaml'),
    `transport: { kind: embedded }
catalog: { port: 0 }
sink: { kind: local }
producers:
  book:
    kind: excel
    path: ${JSON.stringify(path.join(excelFixtures, 'csv'))}
    sourcePrefix: From
    sheets: { UpdateLineage: Flows }
    columns: { qualifiedName: '=name' }
`,
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const excel = (...args: readonly string[]) => runHere(['excel', ...args]);
const inFolder = (name: string) => path.join(folder, name);
const configured = () => ['--config', inFolder('purview-streams.yaml')];

/** Rows of a workbook, as lists. */
async function rowsOf(bytes: Uint8Array): Promise<Record<string, readonly (readonly unknown[])[]>> {
  const sheets = await work({ bytes, file: 'a.xlsx', sheets: undefined, limits: sheetLimits });
  return Object.fromEntries(
    sheets.map(({ name, rows }) => [name, rows.map(({ cells }) => [...cells.values()])]),
  );
}

describe('excel template', () => {
  it('writes a workbook with the sheets and columns of the template, and a sheet that explains them', async () => {
    const file = inFolder('new.xlsx');
    expect(await excel('template', file, '--all')).toMatchObject({ code: 0, stdout: `wrote ${file}\n` });
    const sheets = await rowsOf(await readFile(file));
    expect(Object.keys(sheets)).toEqual([...Object.keys(templateColumns), 'Help']);
    expect(sheets['BulkEntities']).toEqual([['typeName', 'name', 'qualifiedName', 'experts', 'owners']]);
    expect(await excel('template', file)).toMatchObject({ code: 2 });
    expect(await excel('template', file, '--force')).toMatchObject({ code: 0 });
  });

  it('writes CSV files with the names that a producer has, and quotes what a spreadsheet would take for a formula', async () => {
    const csv = inFolder('csv');
    expect((await excel('template', csv, '--producer', 'book', ...configured())).code).toBe(0);
    const bulk = await readFile(path.join(csv, 'BulkEntities.csv'), 'utf8');
    expect(bulk).toBe("\uFEFFtypeName,name,'=name,experts,owners\r\n");
    const flows = await readFile(path.join(csv, 'Flows.csv'), 'utf8');
    expect(flows).toContain('From typeName,From qualifiedName');
    // What was written is read as it was meant.
    const { code, stderr } = await excel('check', csv, '--producer', 'book', ...configured());
    expect(stderr).toContain('0 errors');
    expect(code).toBe(0);
  });
});

describe('writeXlsx()', () => {
  it('writes any text so that it is read as it is, and never as a formula', async () => {
    const texts = [
      '=1+1',
      '+a',
      '-b',
      '@c',
      'a & <b> "c"',
      'line\nline',
      '_x0041_',
      'x\u0001y',
      '\ud83d\ude00',
      'ä',
    ];
    const bytes = writeXlsx([{ name: 'A & B', rows: [texts] }]);
    expect(await rowsOf(bytes)).toEqual({ 'A & B': [texts] });
    expect(writeXlsx([{ name: 'A & B', rows: [texts] }])).toEqual(bytes);
  });
});

describe('excel check', () => {
  const problemSchema = z.looseObject({ sheet: z.string(), row: z.number(), cell: z.string().nullable() });

  it('prints every problem with its place, as lines or as JSON', { timeout }, async () => {
    const file = path.join(excelFixtures, 'wrong.xlsx');
    const { code, stdout, stderr } = await excel('check', file, '--json');
    const problems = jsonLines(problemSchema, stdout);
    expect(code).toBe(3);
    expect(problems.length).toBeGreaterThan(20);
    expect(problems[0]).toMatchObject({ severity: 'error', sheet: 'BulkEntities', row: 2, cell: 'D2' });
    expect(stderr).toMatch(/wrong\.xlsx: \d+ entities and \d+ types are right; \d+ errors, 2 warnings\./u);
  });

  it('says that a workbook is right, and that a file is none', async () => {
    expect(await excel('check', path.join(excelFixtures, 'csv'))).toMatchObject({ code: 0, stdout: '' });
    const { code, stderr } = await excel('check', inFolder('nothing.xlsx'));
    expect(code).toBe(1);
    expect(stderr).toContain('does not exist');
  });

  it('wants a workbook or a producer that has one', async () => {
    expect(await excel('check')).toMatchObject({ code: 2 });
    expect(await excel('check', '--producer', 'other', ...configured())).toMatchObject({ code: 2 });
  });
});

describe('excel convert', () => {
  const documentSchema = z.object({
    entities: z.array(z.looseObject({ guid: z.string(), attributes: z.looseObject({}) })),
    typedefs: z.object({ entityDefs: z.array(z.unknown()), classificationDefs: z.array(z.unknown()) }),
  });

  it('prints entities and types as the interface of the catalogue takes them', async () => {
    const { stdout } = await excel('convert', path.join(excelFixtures, 'csv'), '--json');
    const { entities, typedefs } = documentSchema.parse(JSON.parse(stdout));
    expect(typedefs.entityDefs).toHaveLength(2);
    expect(typedefs.classificationDefs).toHaveLength(2);
    const byName = (name: string) => entities.find(({ attributes }) => attributes['qualifiedName'] === name);
    const orders = byName('store://exports/orders.csv');
    expect(orders).toMatchObject({
      typeName: 'DataSet',
      labels: ['gold', 'daily', 'hourly'],
      classifications: [{ typeName: 'Store personal' }, { typeName: 'Store internal' }],
      customAttributes: { team: 'sales' },
      contacts: {
        Expert: [{ id: 'ann@example.com', info: 'knows it: ask first' }, { id: 'bob@example.com' }],
      },
      relationshipAttributes: {
        meanings: [
          { typeName: 'AtlasGlossaryTerm', uniqueAttributes: { qualifiedName: 'Order@Glossary' } },
          { typeName: 'AtlasGlossaryTerm', uniqueAttributes: { qualifiedName: 'Net sales@Finance' } },
        ],
      },
    });
    expect(byName('store://jobs/load_revenue')).toMatchObject({
      relationshipAttributes: { inputs: [{ guid: orders?.guid, typeName: 'DataSet' }] },
    });
    expect(byName('store://jobs/read_report')).toMatchObject({ relationshipAttributes: { outputs: [] } });
  });

  it('refuses a workbook with errors, and names the first', async () => {
    const csv = await mkdtemp(inFolder('wrong-'));
    await writeFile(path.join(csv, 'BulkEntities.csv'), 'typeName,name,qualifiedName\nT,,x\n');
    const { code, stdout, stderr } = await excel('convert', csv, '--json');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('has 1 errors. BulkEntities, row 2, column "name" (B2): expected a value');
  });
});

describe('excel types', () => {
  const csvTypes = (attribute: string, type: string) =>
    `Entity TypeName,name,typeName\nstore_sheet,pages,int\nstore_sheet,${attribute},${type}\n`;
  const types = async (attribute: string, type: string, ...more: readonly string[]) => {
    const csv = await mkdtemp(inFolder('types-'));
    await writeFile(path.join(csv, 'EntityDefs.csv'), csvTypes(attribute, type));
    await writeFile(path.join(csv, 'ClassificationDefs.csv'), 'classificationName\nStore secret\n');
    return excel('types', csv, ...configured(), ...more);
  };

  it('creates what is missing, adds what can be added, and refuses what cannot be changed', {
    timeout,
  }, async () => {
    const shown = await types('color', 'string');
    expect(shown.stdout).toBe('create  store_sheet: entity type\ncreate  Store secret: classification\n');
    expect((await types('color', 'string', '--apply')).code).toBe(0);
    expect(await types('color', 'string')).toMatchObject({ code: 0, stdout: '' });
    expect((await types('size', 'int', '--apply')).stdout).toBe(
      'safe    store_sheet: attribute size (int) is added\n',
    );
    expect(await types('size', 'int')).toMatchObject({ code: 0, stdout: '' });
    const refused = await types('color', 'int', '--apply');
    expect(refused.code).toBe(3);
    expect(refused.stdout).toContain('unsafe  store_sheet: attribute color is string there, and int');
  });
});
