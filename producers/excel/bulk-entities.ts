/** The sheet BulkEntities: one entity a row, one attribute a column, and what prefixes of the headers say. */
import type { AttributeValue } from '../../schemas/types.ts';
import type { CellValue } from '../../platform/xlsx/cells.ts';
import { type Draft, type DraftContact, setAttribute } from './draft.ts';
import { columnIn, splitList } from './layout.ts';
import type { Reading } from './reading.ts';
import type { TableRow, Table } from './table.ts';
import { textOf } from './problems.ts';

/** A value as the catalogue takes it: dates as the text that Atlas reads. */
export function valueOf(cell: Exclude<CellValue, { readonly error: string }>): AttributeValue {
  return typeof cell === 'object' ? cell.date : cell;
}

/** Takes up the rows of BulkEntities. */
export function readBulkEntities(table: Table, reading: Reading): void {
  const [typeColumn, nameColumn, qualifiedColumn] = ['typeName', 'name', 'qualifiedName'].map((name) =>
    columnIn(reading.layout, name),
  ) as [string, string, string];
  const rest = table.headers.filter((header) => ![typeColumn, nameColumn, qualifiedColumn].includes(header));
  for (const row of table.rows) {
    const typeName = reading.required(row, typeColumn);
    const qualifiedName = reading.required(row, qualifiedColumn);
    const name = reading.required(row, nameColumn);
    if (typeName === undefined || qualifiedName === undefined) continue;
    const draft = reading.drafts.at(typeName, qualifiedName, row.at(qualifiedColumn));
    if (!row.isSound || name === undefined) draft.isBroken = true;
    else setAttribute(draft, { name: 'name', value: name, place: row.at(nameColumn) }, reading.problems);
    for (const header of rest) readColumn({ draft, row, header, name: header }, reading);
  }
}

/** A cell of an entity. */
interface Cell {
  readonly draft: Draft;
  readonly row: TableRow;
  readonly header: string;
  /** What of the header says what the cell means: all of it, or what stands after the prefix of a side. */
  readonly name: string;
}

/** Takes up one cell by what its header says. Empty cells say nothing. */
export function readColumn(cell: Cell, reading: Reading): void {
  const { draft, row, header } = cell;
  const value = row.value(header);
  if (value === undefined) return;
  const { prefix, type, name } = prefixOf(cell.name);
  switch (prefix) {
    case '':
      return readPlain(cell, value, reading);
    case '[Relationship]':
      return readRelationship(cell, name, reading);
    case '[root]':
      return readRoot(cell, name, reading);
    case '[custom]':
      return void draft.custom.set(name, textOf(value));
    case '[Business][]':
    case '[Managed][]': {
      const attributes = draft.business.get(type) ?? new Map<string, AttributeValue>();
      draft.business.set(type, attributes.set(name, valueOf(value)));
      return;
    }
    default:
      reading.unknownHeader(row, header);
  }
}

/** Takes a header such as `[Business][type] attribute` apart; the prefix is empty for an attribute, and `[?]` for what lacks a part. */
function prefixOf(header: string): { readonly prefix: string; readonly type: string; readonly name: string } {
  const parts = /^\[([^\]]*)\](?:\[([^\]]*)\])?\s*(.*)$/u.exec(header);
  if (parts === null) return { prefix: '', type: '', name: header };
  const [, prefix = '', type, name = ''] = parts;
  if (name === '' || type === '') return { prefix: '[?]', type: '', name };
  return { prefix: `[${prefix}]${type === undefined ? '' : '[]'}`, type: type ?? '', name };
}

function readPlain(
  { draft, row, header, name }: Cell,
  value: NonNullable<ReturnType<TableRow['value']>>,
  reading: Reading,
): void {
  const { layout, problems } = reading;
  const text = textOf(value);
  if (name === columnIn(layout, 'experts')) addContacts(draft.experts, text, reading);
  else if (name === columnIn(layout, 'owners')) addContacts(draft.owners, text, reading);
  else if (name === columnIn(layout, 'classifications')) reading.classify(draft, row, header);
  else setAttribute(draft, { name, value: valueOf(value), place: row.at(header) }, problems);
}

/** `mail` or `mail:info`, separated; everything after the first colon is the info. */
function addContacts(contacts: Map<string, DraftContact>, text: string, { layout }: Reading): void {
  for (const part of splitList(text, layout.separator)) {
    const colon = part.indexOf(':');
    const person = (colon < 0 ? part : part.slice(0, colon)).trim();
    const info = colon < 0 ? '' : part.slice(colon + 1).trim();
    if (person === '') continue;
    const id = Object.hasOwn(layout.people, person) ? (layout.people[person] ?? person) : person;
    contacts.set(id, { id, info: info === '' ? null : info });
  }
}

function readRelationship({ draft, row, header }: Cell, attribute: string, reading: Reading): void {
  const text = row.text(header) ?? '';
  const { separator, glossary } = reading.layout;
  if (attribute === 'meanings') {
    for (const term of splitList(text, separator))
      draft.terms.add(term.includes('@') ? term : `${term}@${glossary}`);
    return;
  }
  reading.refer(draft, { attribute, text, place: row.at(header) });
}

function readRoot({ draft, row, header }: Cell, name: string, reading: Reading): void {
  const text = row.text(header) ?? '';
  const parts = splitList(text, reading.layout.separator);
  if (name === 'classifications') reading.classify(draft, row, header);
  else if (name === 'labels') for (const label of parts) draft.labels.add(label);
  else {
    draft.root.set(name, text.includes(reading.layout.separator) ? parts : text);
    if (name !== 'collectionId')
      reading.problems.warn(
        row.at(header),
        'root-not-delivered',
        `"[root] ${name}" is shown by convert, but it is nothing that a catalogue is sent from here.`,
      );
  }
}
