import { describe, expect, it } from 'vitest';
import { type CellValue, type Sheet, sheetLimits, type SheetLimits } from '../../../platform/xlsx/cells.ts';
import { readXlsx } from '../../../platform/xlsx/read-xlsx.ts';
import { work } from '../../../platform/xlsx/work.ts';
import { type ArchivePart, archiveOf, fixtureSheets, workbookParts } from '../../support/excel.ts';

const timeout = 120_000;

/** Rows as lists, an empty cell as null. */
function grid(sheet: Sheet | undefined): readonly (readonly (CellValue | null)[])[] {
  const rows = sheet?.rows ?? [];
  const width = Math.max(0, ...rows.map(({ cells }) => Math.max(...cells.keys()) + 1));
  return rows.map(({ cells }) => Array.from({ length: width }, (_, column) => cells.get(column) ?? null));
}

const read = (parts: readonly ArchivePart[], limits: Partial<SheetLimits> = {}) =>
  work({ bytes: archiveOf(parts), file: 'a.xlsx', sheets: undefined, limits: { ...sheetLimits, ...limits } });
const readCells = async (cells: string) => grid((await read(workbookParts(`<row r="1">${cells}</row>`)))[0]);

describe('work()', () => {
  it('reads what openpyxl writes: types, dates, merged cells, and a styled cell far down for nothing', async () => {
    const [sheet] = await fixtureSheets('merged.xlsx');
    expect(grid(sheet).slice(1)).toEqual([
      [
        'DataSet',
        'a',
        'store://a',
        { date: '2026-01-31T12:30:00.000Z' },
        { date: '09:05:00' },
        { error: 'a formula whose result is not stored' },
      ],
      ['DataSet', 2024, 'store://b', { date: '2026-01-31T00:00:00.000Z' }, null, 3],
    ]);
    expect(sheet?.rows.map(({ row }) => row)).toEqual([1, 2, 3]);
  });

  it('reads the result of a formula that LibreOffice has stored', async () => {
    const [sheet] = await fixtureSheets('libreoffice/merged.xlsx');
    expect(grid(sheet)[1]?.[5]).toBe(12);
  });

  it('reads the same of a workbook that openpyxl wrote and LibreOffice saved', async () => {
    const [theirs, saved] = [await fixtureSheets('shop.xlsx'), await fixtureSheets('libreoffice/shop.xlsx')];
    expect(saved.map(({ name }) => name)).toEqual(theirs.map(({ name }) => name));
    for (const [index, sheet] of theirs.entries()) expect(grid(saved[index])).toEqual(grid(sheet));
  });

  it('reads only the sheets that are asked for', async () => {
    const bytes = archiveOf(workbookParts('<row/>', 'Other'));
    expect(await work({ bytes, file: 'a.xlsx', sheets: ['BulkEntities'], limits: sheetLimits })).toEqual([]);
  });

  it.each([
    ['<c t="inlineStr"><is><r><t>a</t></r><r><t> b_x000D_</t></r><rPh><t>x</t></rPh></is></c>', 'a b'],
    ['<c t="str"><f>A1</f><v>=cmd|x</v></c>', '=cmd|x'],
    ['<c t="b"><v>1</v></c>', true],
    ['<c t="e"><v>#REF!</v></c>', { error: '#REF!' }],
    ['<c t="d"><v>2026-01-31</v></c>', { date: '2026-01-31T00:00:00.000Z' }],
    ['<c><v>1e3</v></c>', 1000],
    ['<c><v>x</v></c>', { error: 'x' }],
    ['<x:c xmlns:x="urn:x"><x:v>5</x:v></x:c>', 5],
  ])('reads the cell %s', async (cell, value) => {
    expect(await readCells(cell)).toEqual([[value]]);
  });

  it('gives cells without a place the next one', async () => {
    expect(await readCells('<c r="B1"><v>1</v></c><c><v>2</v></c>')).toEqual([[null, 1, 2]]);
  });
});

describe('work(), of a workbook that is made to do harm', () => {
  const bomb = `<row><c t="inlineStr"><is><t>${' '.repeat(3_000_000)}</t></is></c></row>`;

  it.each<[string, readonly ArchivePart[], Partial<SheetLimits>, string]>([
    ['unpacks to more than it may', workbookParts(bomb), { bytes: 1_000_000 }, 'has more than 1000000 bytes'],
    [
      'has too long a cell',
      workbookParts(bomb),
      {},
      'cell A1 of BulkEntities holds more than 200000 characters',
    ],
    [
      'has too many rows',
      workbookParts('<row><c><v>1</v></c></row>'.repeat(11)),
      { rows: 10 },
      'has more than 10 rows',
    ],
    [
      'has too many cells',
      workbookParts(`<row>${'<c><v>1</v></c>'.repeat(11)}</row>`),
      { cells: 10 },
      'more than 10 cells',
    ],
    [
      'repeats a shared text without end',
      workbookParts(`<row>${`<c t="str"><v>${'x'.repeat(100)}</v></c>`.repeat(11)}</row>`),
      { characters: 1000 },
      'more than 1000 characters',
    ],
  ])('refuses one that %s', async (_what, parts, limits, message) => {
    await expect(read(parts, limits)).rejects.toMatchObject({
      code: 'SOURCE_LIMIT',
      message: expect.stringContaining(message),
    });
  });

  const [workbook, relations] = workbookParts('');
  const named = (name: string, content = ''): readonly ArchivePart[] => [
    ...workbookParts('').slice(0, 2),
    { name, content },
  ];

  it.each<[string, Buffer, string]>([
    ['no archive', Buffer.from('typeName,name'), 'is no .xlsx file'],
    ['an empty file', Buffer.alloc(0), 'is no .xlsx file'],
    ['an archive cut short', archiveOf(workbookParts('')).subarray(0, 300), 'is no .xlsx file'],
    ['an old or encrypted file', Buffer.from('d0cf11e0a1b11ae1', 'hex'), 'password'],
    ['a part that leads outside', archiveOf(named('../../etc/passwd')), 'invalid relative path'],
    [
      'a part that lies about its size',
      archiveOf(
        workbookParts('<row/>').map((part, index) => (index === 2 ? { ...part, declared: 5 } : part)),
      ),
      'is no .xlsx file',
    ],
    ['a part twice', archiveOf([...named('xl/a'), { name: 'XL/A', content: '' }]), 'it has XL/A twice'],
    ['no sheet where it says', archiveOf(named('xl/other.xml')), 'it has no part xl/worksheets/sheet1.xml'],
    ['no workbook', archiveOf([{ name: 'a.txt', content: '' }]), 'it has no part xl/workbook.xml'],
    [
      'entities that grow',
      archiveOf(
        named(
          'xl/worksheets/sheet1.xml',
          '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><worksheet>&b;</worksheet>',
        ),
      ),
      'has a DOCTYPE',
    ],
    [
      'elements without end',
      archiveOf(named('xl/worksheets/sheet1.xml', '<a>'.repeat(200))),
      'deeper than 100 levels',
    ],
    [
      'something else than XML',
      archiveOf(
        [workbook, relations, { name: 'xl/worksheets/sheet1.xml', content: '{}' }].flatMap(
          (one) => one ?? [],
        ),
      ),
      'is not XML',
    ],
  ])('refuses %s', async (_what, bytes, message) => {
    await expect(
      work({ bytes, file: 'a.xlsx', sheets: undefined, limits: sheetLimits }),
    ).rejects.toMatchObject({ code: 'SOURCE_INVALID', message: expect.stringContaining(message) });
  });

  it('takes no time for a cell in the last corner, merged with all before it', async () => {
    const cell = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>';
    const parts = workbookParts(`<row r="1"><c r="A1"><v>7</v></c></row>${cell}`);
    const merged = parts.map((part) => ({
      ...part,
      content: String(part.content).replace(
        '</worksheet>',
        '<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells></worksheet>',
      ),
    }));
    const [sheet] = await read(merged);
    expect(sheet?.rows.map(({ row, cells }) => [row, [...cells]])).toEqual([
      [1, [[0, 7]]],
      [
        1_048_576,
        [
          [16_383, 1],
          [0, 7],
        ],
      ],
    ]);
  });
});

describe('readXlsx()', () => {
  it('reads in a thread of its own, and says what that refuses', { timeout }, async () => {
    const sheets = await readXlsx(archiveOf(workbookParts('<row><c><v>1</v></c></row>')), { file: 'a.xlsx' });
    expect(sheets).toEqual([{ name: 'BulkEntities', rows: [{ row: 1, cells: new Map([[0, 1]]) }] }]);
    await expect(readXlsx(Buffer.from('x'), { file: 'b.xlsx' })).rejects.toMatchObject({
      name: 'StreamError',
      code: 'SOURCE_INVALID',
      message: expect.stringContaining('b.xlsx is no .xlsx file'),
    });
  });

  it('stops when its signal has fired', async () => {
    await expect(
      readXlsx(Buffer.from('x'), { file: 'a.xlsx', signal: AbortSignal.abort() }),
    ).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
  });
});
