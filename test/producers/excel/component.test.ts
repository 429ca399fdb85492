import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Producer } from '../../../pipeline/producer.ts';
import { excel } from '../../../producers/excel/component.ts';
import { failureOf, producerContract, scanAll } from '../../contracts/producer.ts';
import { excelFixtures } from '../../support/excel.ts';
import { jsonLines } from '../../support/by-hand.ts';
import { runHere } from '../../support/run-here.ts';

const timeout = 120_000;

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'excel-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const open = (file: string, options: object = {}): Promise<Producer> =>
  excel
    .configure('book', { path: path.resolve(excelFixtures, file), ...options }, { baseFolder: folder })
    .open();

producerContract('excel', {
  open: () => open('csv'),
  objects: [
    'entity DataSet store://exports/orders.csv',
    'entity DataSet store://exports/revenue.csv',
    'entity store_report store://reports/weekly',
    'entity store_load store://jobs/load_revenue',
    'entity store_load store://jobs/read_report',
  ],
  openBroken: () => open('does-not-exist.xlsx'),
});

describe('excel', () => {
  it('scan() rejects each wrong cell with its place, and yields the rows beside it', async () => {
    const book = path.join(folder, 'one-wrong');
    await cp(path.join(excelFixtures, 'csv'), book, { recursive: true });
    await writeFile(
      path.join(book, 'BulkEntities.csv'),
      'typeName;name;qualifiedName;description\nDataSet;a;store://a;#REF!\nDataSet;b;store://b;\n',
    );
    const { objects, rejections } = await scanAll(await open(book));
    expect(objects.map(({ objectId }) => objectId)).toContain('DataSet store://b');
    expect(objects.map(({ objectId }) => objectId)).not.toContain('DataSet store://a');
    expect(rejections).toMatchObject([
      {
        objectId: 'BulkEntities, row 2, column "description" (D2)',
        error: { code: 'SOURCE_INVALID', message: expect.stringContaining('"#REF!"') },
      },
    ]);
  });

  it('scan() rejects a folder without any sheet of the template', async () => {
    expect(await failureOf(scanAll(await open(folder)))).toMatchObject({
      code: 'SOURCE_INVALID',
      message: expect.stringContaining('has none of the sheets BulkEntities, UpdateLineage'),
    });
  });
});

describe('run, of a workbook', () => {
  const exportedSchema = z.looseObject({ qualifiedName: z.string(), typeName: z.string() });

  it('brings it into the catalogue once, and finds it unchanged the second time', { timeout }, async () => {
    const config = path.join(folder, 'purview-streams.yaml');
    await writeFile(
      config,
      `transport: { kind: embedded }
catalog: { port: 0 }
sink: { kind: local }
producers:
  book: { kind: excel, path: ${JSON.stringify(path.join(excelFixtures, 'merged.xlsx'))} }
`,
    );
    // Its formula has no result: that row is a dead letter, and all else arrives.
    const first = await runHere(['run', '--once', '--json', '--config', config]);
    expect(JSON.parse(first.stdout)).toMatchObject({ writeCalls: expect.any(Number) });
    const again = await runHere(['run', '--once', '--json', '--config', config]);
    expect(JSON.parse(again.stdout)).toMatchObject({ writeCalls: 0 });
    const { stdout } = await runHere(['catalog', 'export', '--config', config]);
    expect(jsonLines(exportedSchema, stdout).filter(({ typeName }) => typeName === 'DataSet')).toMatchObject([
      { qualifiedName: 'store://b', attributes: { name: '2024' } },
    ]);
  });
});
