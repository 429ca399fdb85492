/** The sheets EntityDefs and ClassificationDefs: types as the catalogue takes them. */
import type { AttributeDef, Cardinality, TypesDef } from '../../pipeline/atlas/wire.ts';
import { isTypeName, namedTypes, parseTypeName } from '../../pipeline/atlas/typedef-rules.ts';
import { columnIn, splitList, templateColumns } from './layout.ts';
import type { Place } from './problems.ts';
import type { Reading } from './reading.ts';
import type { Table, TableRow } from './table.ts';

/** What a workbook defines. */
export type WorkbookTypes = Required<Pick<TypesDef, 'entityDefs' | 'classificationDefs'>>;

interface DraftType {
  readonly superTypes: Set<string>;
  readonly attributes: Map<string, AttributeDef>;
}

/** Takes up the rows of EntityDefs: one attribute of a type each. Types in the order in which they are named first. */
export function readEntityDefs(table: Table, reading: Reading): WorkbookTypes['entityDefs'] {
  const { layout, problems } = reading;
  const typeColumn = columnIn(layout, 'Entity TypeName');
  const nameColumn = columnIn(layout, 'name');
  reportIgnored(table, reading);
  const types = new Map<string, DraftType>();
  for (const row of table.rows) {
    const typeName = reading.required(row, typeColumn);
    const name = reading.required(row, nameColumn);
    if (typeName === undefined || name === undefined) continue;
    checkTypeName(typeName, row.at(typeColumn), reading);
    if (!/^[A-Za-z][A-Za-z0-9_]*$/u.test(name))
      problems.error(
        row.at(nameColumn),
        'attribute-name',
        'expected a letter, and then letters, digits and _.',
      );
    const type = types.get(typeName) ?? { superTypes: new Set(), attributes: new Map() };
    types.set(typeName, type);
    const superTypes = row.text(columnIn(layout, 'Entity superTypes')) ?? '';
    for (const one of splitList(superTypes, layout.separator)) type.superTypes.add(one);
    const attribute = attributeDef(row, name, reading);
    const known = type.attributes.get(name);
    if (known !== undefined && JSON.stringify(known) !== JSON.stringify(attribute))
      problems.error(
        row.at(nameColumn),
        'attribute-twice',
        `${typeName} has the attribute in an earlier row already, otherwise than here.`,
      );
    type.attributes.set(name, attribute);
  }
  return [...types].map(([name, { superTypes, attributes }]) => ({
    category: 'ENTITY',
    name,
    superTypes: superTypes.size === 0 ? ['DataSet'] : [...superTypes],
    attributeDefs: [...attributes.values()],
  }));
}

function reportIgnored(table: Table, { layout, problems }: Reading): void {
  const { required, optional } = templateColumns.EntityDefs;
  const known = new Set([...required, ...optional].map((name) => columnIn(layout, name)));
  const [first] = table.rows;
  for (const header of table.headers)
    if (!known.has(header) && first !== undefined) {
      const { column } = first.at(header);
      const place = { sheet: table.sheet, row: table.headerRow, ...(column === undefined ? {} : { column }) };
      problems.warn(place, 'column-ignored', 'the column means nothing here: it is left out.');
    }
}

function checkTypeName(name: string, place: Place, { problems }: Reading, isClassification = false): void {
  if (!isTypeName(name, isClassification))
    problems.error(
      place,
      'type-name',
      `expected a letter, and then letters, digits, _ ${isClassification ? ', . ' : ''}and spaces.`,
    );
}

function attributeDef(row: TableRow, name: string, reading: Reading): AttributeDef {
  const field = (column: string): string | undefined => row.text(columnIn(reading.layout, column));
  const flag = (column: string, standard: boolean): boolean => flagOf(row, column, { standard, reading });
  const typeName = typeNameOf(row, reading);
  const isList = typeName.startsWith('array<');
  const cardinality = cardinalityOf(row, isList, reading);
  const text = (column: 'description' | 'displayName' | 'defaultValue') => {
    const value = field(column);
    return value === undefined ? {} : { [column]: value };
  };
  const isOptional = flag('isOptional', true);
  const indexType = choice(row, 'indexType', { choices: ['DEFAULT', 'STRING'], reading });
  return {
    name,
    typeName,
    ...text('description'),
    ...text('displayName'),
    ...text('defaultValue'),
    isOptional,
    isUnique: flag('isUnique', false),
    isIndexable: flag('isIndexable', false),
    includeInNotification: flag('includeInNotification', false),
    cardinality,
    valuesMinCount: countOf(row, 'valuesMinCount', { standard: isOptional ? 0 : 1, reading }),
    valuesMaxCount: countOf(row, 'valuesMaxCount', { standard: isList ? 2_147_483_647 : 1, reading }),
    ...(indexType === undefined ? {} : { indexType }),
  };
}

/** The type of an attribute: a name of a type, or array<…> or map<…,…> of them. */
function typeNameOf(row: TableRow, reading: Reading): string {
  const column = columnIn(reading.layout, 'typeName');
  const typeName = row.text(column) ?? 'string';
  if (!namedTypes(parseTypeName(typeName)).every((one) => isTypeName(one)))
    reading.problems.error(
      row.at(column),
      'attribute-type',
      'expected a type such as string, int, long, double, boolean, date, array<string> or map<string,string>.',
    );
  return typeName;
}

function cardinalityOf(row: TableRow, isList: boolean, reading: Reading): Cardinality {
  const cardinality = choice(row, 'cardinality', { choices: ['SINGLE', 'LIST', 'SET'], reading });
  if (cardinality === undefined) return isList ? 'LIST' : 'SINGLE';
  if (isList === (cardinality === 'SINGLE'))
    reading.problems.error(
      row.at(columnIn(reading.layout, 'cardinality')),
      'cardinality-type',
      isList ? 'expected LIST or SET, since the type is an array.' : 'expected SINGLE, or a type array<…>.',
    );
  return cardinality;
}

/** One of some words, in any case. */
function choice<T extends string>(
  row: TableRow,
  column: string,
  { choices, reading }: { readonly choices: readonly T[]; readonly reading: Reading },
): T | undefined {
  const header = columnIn(reading.layout, column);
  const given = row.text(header);
  const found = choices.find((one) => one === given?.toUpperCase());
  if (given !== undefined && found === undefined)
    reading.problems.error(row.at(header), 'not-a-choice', `expected one of ${choices.join(', ')}.`);
  return found;
}

function flagOf(
  row: TableRow,
  column: string,
  { standard, reading }: { readonly standard: boolean; readonly reading: Reading },
): boolean {
  const header = columnIn(reading.layout, column);
  const given = row.text(header)?.toUpperCase();
  if (given === undefined) return standard;
  if (given !== 'TRUE' && given !== 'FALSE')
    reading.problems.error(row.at(header), 'not-a-boolean', 'expected TRUE or FALSE.');
  return given === 'TRUE';
}

function countOf(
  row: TableRow,
  column: string,
  { standard, reading }: { readonly standard: number; readonly reading: Reading },
): number {
  const header = columnIn(reading.layout, column);
  const given = row.text(header);
  if (given === undefined) return standard;
  const count = Number(given);
  if (Number.isInteger(count) && count >= 0 && count <= 2_147_483_647) return count;
  reading.problems.error(row.at(header), 'not-a-count', 'expected a whole number from 0.');
  return standard;
}

/** Takes up the rows of ClassificationDefs: rows of one classification add up. */
export function readClassificationDefs(table: Table, reading: Reading): WorkbookTypes['classificationDefs'] {
  const { layout } = reading;
  const nameColumn = columnIn(layout, 'classificationName');
  const found = new Map<
    string,
    { readonly entityTypes: Set<string>; readonly superTypes: Set<string>; description?: string }
  >();
  for (const row of table.rows) {
    const name = reading.required(row, nameColumn);
    if (name === undefined) continue;
    checkTypeName(name, row.at(nameColumn), reading, true);
    const type = found.get(name) ?? { entityTypes: new Set(), superTypes: new Set() };
    found.set(name, type);
    for (const list of ['entityTypes', 'superTypes'] as const)
      for (const one of splitList(row.text(columnIn(layout, list)) ?? '', layout.separator))
        type[list].add(one);
    const description = row.text(columnIn(layout, 'description'));
    if (description !== undefined) type.description = description;
  }
  return [...found].map(([name, { entityTypes, superTypes, description }]) => ({
    category: 'CLASSIFICATION',
    name,
    ...(description === undefined ? {} : { description }),
    superTypes: [...superTypes],
    entityTypes: [...entityTypes],
    attributeDefs: [],
  }));
}
