import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { type Sheet, sheetLimits } from '../../platform/xlsx/cells.ts';
import { type ZipPart, writeZip } from '../../platform/xlsx/write-zip.ts';
import { work } from '../../platform/xlsx/work.ts';
import { interpret, type WorkbookContent } from '../../producers/excel/interpret.ts';
import { type Layout, templateLayout } from '../../producers/excel/layout.ts';

/** Folder of the workbooks that other people's programs wrote. */
export const excelFixtures = path.resolve(import.meta.dirname, '../fixtures/excel');

/** The sheets of a workbook of the fixtures, read within this thread: a thread of its own starts for a second where sources are TypeScript. */
export async function fixtureSheets(name: string): Promise<readonly Sheet[]> {
  const bytes = await readFile(path.join(excelFixtures, name));
  return work({ bytes, file: name, sheets: undefined, limits: sheetLimits });
}

/** What a workbook of the fixtures says. */
export async function fixtureContent(name: string, layout: Partial<Layout> = {}): Promise<WorkbookContent> {
  return interpret(await fixtureSheets(name), { ...templateLayout, ...layout });
}

/** A sheet of texts and numbers, as a reader of files gives it. Empty texts are empty cells. */
export function sheetOf(name: string, rows: readonly (readonly (string | number | boolean)[])[]): Sheet {
  return {
    name,
    rows: rows.map((cells, index) => ({
      row: index + 1,
      cells: new Map([...cells.entries()].filter(([, value]) => value !== '')),
    })),
  };
}

/** A part of an archive; `declared` is the unpacked size that it pretends to have. */
export interface ArchivePart extends ZipPart {
  readonly declared?: number;
}

/** A zip archive, which lies about the sizes of its parts where it is told to. */
export function archiveOf(parts: readonly ArchivePart[]): Buffer {
  const archive = writeZip(parts);
  for (const { name, declared } of parts) {
    if (declared === undefined) continue;
    // The name stands 30 bytes behind the beginning of its own header, and 46 in the directory; the size 8 before the lengths.
    archive.writeUInt32LE(declared, archive.indexOf(name) - 8);
    archive.writeUInt32LE(declared, archive.lastIndexOf(name) - 22);
  }
  return archive;
}

/** The parts of a workbook with one sheet, given as the XML of its `sheetData`. */
export function workbookParts(sheetData: string, sheet = 'BulkEntities'): readonly ArchivePart[] {
  const relation = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
  return [
    {
      name: 'xl/workbook.xml',
      content: `<workbook xmlns:r="${relation}"><sheets><sheet name="${sheet}" r:id="rId1"/></sheets></workbook>`,
    },
    {
      name: 'xl/_rels/workbook.xml.rels',
      content: `<Relationships><Relationship Id="rId1" Type="${relation}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`,
    },
    {
      name: 'xl/worksheets/sheet1.xml',
      content: `<worksheet><sheetData>${sheetData}</sheetData></worksheet>`,
    },
  ];
}
