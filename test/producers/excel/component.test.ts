import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Producer } from '../../../pipeline/producer.ts';
import { excel } from '../../../producers/excel/component.ts';
import { failureOf, producerContract, scanAll } from '../../contracts/producer.ts';
import { excelFixtures } from '../../support/excel.ts';
import { testMemory } from '../../support/producer-memory.ts';

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

  it.each(['keep', 'delete'] as const)(
    'scan() says what was taken out again only with removed: keep, here %s',
    async (removed) => {
      const book = await mkdtemp(path.join(folder, 'removed-'));
      const write = (...names: readonly string[]) =>
        writeFile(
          path.join(book, 'BulkEntities.csv'),
          ['typeName,name,qualifiedName,n', ...names.map((name) => `T,${name},x://${name},5`)].join('\n'),
        );
      await write('a', 'b');
      const memory = testMemory();
      const signal = new AbortController().signal;
      const first = await scanAll(await open(book, { removed }), signal, memory);
      await write('a');
      const second = await scanAll(await open(book, { removed }), signal, memory);
      const values = ({ objects }: typeof first) => objects.map(({ value }) => value);
      expect(values(second)).toEqual(removed === 'keep' ? values(first) : values(first).slice(0, 1));
    },
  );

  it('scan() rejects a folder without any sheet of the template', async () => {
    expect(await failureOf(scanAll(await open(folder)))).toMatchObject({
      code: 'SOURCE_INVALID',
      message: expect.stringContaining('has none of the sheets BulkEntities, UpdateLineage'),
    });
  });
});
