import { columnName } from './cells.ts';
import { writeZip } from './write-zip.ts';

/** A sheet of texts to be written; the first row is set in bold, and stays in sight. */
export interface TextSheet {
  readonly name: string;
  readonly rows: readonly (readonly string[])[];
}

const main = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const office = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const packages = 'http://schemas.openxmlformats.org/package/2006';
const officeType = 'application/vnd.openxmlformats-officedocument.spreadsheetml';

/** Styles of cells by number: plain and bold, each also as one that says that its text is a text (as a quote before it does in Excel). */
const styles = `<styleSheet xmlns="${main}"><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="4"><xf/><xf fontId="1" applyFont="1"/><xf quotePrefix="1"/><xf fontId="1" applyFont="1" quotePrefix="1"/></cellXfs></styleSheet>`;

/** Whether a spreadsheet would take a text for a formula or a command: such a text is quoted wherever it is written. */
export function needsQuote(text: string): boolean {
  return /^[=+\-@\t\r]/u.test(text);
}

/** Makes an .xlsx workbook of texts (ECMA-376). The same sheets are the same bytes. */
export function writeXlsx(sheets: readonly TextSheet[]): Buffer {
  const overrides = sheets.map(
    (_sheet, index) =>
      `<Override PartName="/xl/worksheets/sheet${index + 1}.xml" ContentType="${officeType}.worksheet+xml"/>`,
  );
  const listed = sheets.map(
    ({ name }, index) => `<sheet name="${escaped(name)}" sheetId="${index + 1}" r:id="rId${index + 1}"/>`,
  );
  const related = sheets.map((_sheet, index) =>
    relation(index + 1, 'worksheet', `worksheets/sheet${index + 1}.xml`),
  );
  return writeZip([
    part(
      '[Content_Types].xml',
      `<Types xmlns="${packages}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="${officeType}.sheet.main+xml"/><Override PartName="/xl/styles.xml" ContentType="${officeType}.styles+xml"/>${overrides.join('')}</Types>`,
    ),
    part('_rels/.rels', relations([relation(1, 'officeDocument', 'xl/workbook.xml')])),
    part(
      'xl/workbook.xml',
      `<workbook xmlns="${main}" xmlns:r="${office}"><sheets>${listed.join('')}</sheets></workbook>`,
    ),
    part(
      'xl/_rels/workbook.xml.rels',
      relations([...related, relation(sheets.length + 1, 'styles', 'styles.xml')]),
    ),
    part('xl/styles.xml', styles),
    ...sheets.map((sheet, index) => part(`xl/worksheets/sheet${index + 1}.xml`, sheetXml(sheet))),
  ]);
}

function part(name: string, xml: string) {
  return { name, content: `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n${xml}` };
}

function relation(id: number, type: string, target: string): string {
  return `<Relationship Id="rId${id}" Type="${office}/${type}" Target="${target}"/>`;
}

function relations(list: readonly string[]): string {
  return `<Relationships xmlns="${packages}/relationships">${list.join('')}</Relationships>`;
}

function sheetXml({ rows }: TextSheet): string {
  const [header = []] = rows;
  const columns = header.map(
    (text, index) =>
      `<col min="${index + 1}" max="${index + 1}" width="${Math.max(12, text.length + 3)}" customWidth="1"/>`,
  );
  const cols = columns.length === 0 ? '' : `<cols>${columns.join('')}</cols>`;
  const lines = rows.map((cells, index) => rowXml(cells, index + 1));
  return `<worksheet xmlns="${main}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>${cols}<sheetData>${lines.join('')}</sheetData></worksheet>`;
}

function rowXml(cells: readonly string[], row: number): string {
  const written = cells.map((text, column) => {
    const style = (row === 1 ? 1 : 0) + (needsQuote(text) ? 2 : 0);
    return `<c r="${columnName(column)}${row}" s="${style}" t="inlineStr"><is><t xml:space="preserve">${escaped(text)}</t></is></c>`;
  });
  return `<row r="${row}">${written.join('')}</row>`;
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Text as XML has it; characters that XML cannot hold as Excel writes them, _xHHHH_. */
function escaped(text: string): string {
  let xml = '';
  for (const character of text.toWellFormed().replaceAll(/_(?=x[0-9A-Fa-f]{4}_)/gu, '_x005F_')) {
    const code = character.codePointAt(0) ?? 0;
    const isPlain = code >= 0x20 ? code !== 0xfffe && code !== 0xffff : code === 0x9 || code === 0xa;
    xml += isPlain
      ? (entities[character] ?? character)
      : `_x${code.toString(16).toUpperCase().padStart(4, '0')}_`;
  }
  return xml;
}
