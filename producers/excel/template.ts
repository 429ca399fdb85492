/** The empty workbook to be filled in. */
import Papa from 'papaparse';
import { needsQuote, type TextSheet } from '../../platform/xlsx/write-xlsx.ts';
import { columnIn, type Layout, type SheetName, templateColumns } from './layout.ts';

/** What each sheet is for, for the sheet that explains the others. */
const purposes: Readonly<Record<SheetName, string>> = {
  BulkEntities:
    'One asset a row, one attribute a column. More columns as you need: the name of an attribute, [Relationship] x, [Relationship] meanings (glossary terms), [root] classifications, [root] labels, [custom] x, [Business][type] x, [Managed][type] x.',
  UpdateLineage:
    'What flows where: one source and one target of a process a row. A blank side stays as it is in the catalogue, N/A takes it away.',
  ColumnMapping: 'Which column becomes which: one column of a source and of a target of a process a row.',
  EntityDefs: 'Types of your own: one attribute of a type a row.',
  ClassificationDefs: 'Classifications of your own, one a row.',
  TablesLineage: 'Tables, and the process between them: one source and one target a row.',
  FineGrainColumnLineage: 'Columns of the tables of TablesLineage, and how one is made of others.',
};

/** Sheets that every template has; the others are older forms of the first. */
const usual: readonly SheetName[] = [
  'BulkEntities',
  'UpdateLineage',
  'ColumnMapping',
  'EntityDefs',
  'ClassificationDefs',
];
const older: readonly SheetName[] = ['TablesLineage', 'FineGrainColumnLineage'];

/** Optional columns that are only added where they are used. */
const onRequest: ReadonlySet<string> = new Set(['classifications', 'superTypes']);

/** The sheets of an empty workbook, with the names of a layout; `all` also those of the older form of lineage. */
export function templateSheets(layout: Layout, all: boolean): readonly TextSheet[] {
  const names = all ? [...usual, ...older] : usual;
  const sheets = names.map((name) => {
    const { required, optional } = templateColumns[name];
    const columns = [...required, ...optional.filter((column) => !onRequest.has(column))];
    return { name: layout.sheets[name], rows: [columns.map((column) => columnIn(layout, column))] };
  });
  const help = names.map((name) => [
    layout.sheets[name],
    purposes[name],
    templateColumns[name].required.map((column) => columnIn(layout, column)).join(', '),
  ]);
  return [
    ...sheets,
    { name: 'Help', rows: [['Sheet', 'What it is for', 'Columns that must be there'], ...help] },
  ];
}

/** A sheet as CSV, as Excel writes it. What a spreadsheet would take for a formula begins with a quote. */
export function csvOf({ rows }: TextSheet): string {
  const quoted = rows.map((cells) => cells.map((text) => (needsQuote(text) ? `'${text}` : text)));
  return `${Papa.unparse(quoted, { newline: '\r\n' })}\r\n`;
}
