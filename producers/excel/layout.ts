/** How the workbook is laid out: the names that the template gives its sheets and columns, and those that people give them. */

/** The sheets of the template by their own names. */
export const sheetNames = [
  'BulkEntities',
  'UpdateLineage',
  'ColumnMapping',
  'EntityDefs',
  'ClassificationDefs',
  'TablesLineage',
  'FineGrainColumnLineage',
] as const;
/** Name of a sheet of the template. */
export type SheetName = (typeof sheetNames)[number];

/** Columns of the template, required ones first; `Source`, `Target` and `Process` stand for the prefixes. */
export const templateColumns: Readonly<
  Record<SheetName, { readonly required: readonly string[]; readonly optional: readonly string[] }>
> = {
  BulkEntities: {
    required: ['typeName', 'name', 'qualifiedName'],
    optional: ['experts', 'owners', 'classifications'],
  },
  UpdateLineage: {
    required: [
      'Target typeName',
      'Target qualifiedName',
      'Source typeName',
      'Source qualifiedName',
      'Process name',
      'Process qualifiedName',
      'Process typeName',
    ],
    optional: [],
  },
  ColumnMapping: {
    required: [
      'Source qualifiedName',
      'Source column',
      'Target qualifiedName',
      'Target column',
      'Process qualifiedName',
      'Process typeName',
      'Process name',
    ],
    optional: [],
  },
  EntityDefs: {
    required: ['Entity TypeName', 'name'],
    optional: [
      'description',
      'isOptional',
      'isUnique',
      'defaultValue',
      'typeName',
      'displayName',
      'valuesMinCount',
      'valuesMaxCount',
      'cardinality',
      'includeInNotification',
      'indexType',
      'isIndexable',
      'Entity superTypes',
    ],
  },
  ClassificationDefs: {
    required: ['classificationName'],
    optional: ['entityTypes', 'description', 'superTypes'],
  },
  TablesLineage: {
    required: ['Target table', 'Target type'],
    optional: [
      'Target classifications',
      'Source table',
      'Source type',
      'Source classifications',
      'Process name',
      'Process type',
    ],
  },
  FineGrainColumnLineage: {
    required: ['Target table', 'Target column'],
    optional: [
      'Target classifications',
      'Source table',
      'Source column',
      'Source classifications',
      'transformation',
    ],
  },
};

/** Which side of a lineage a column speaks of. */
export type Side = 'Source' | 'Target' | 'Process';

/** The settings that a workbook is read with. */
export interface Layout {
  /** Name of each sheet in the workbook. */
  readonly sheets: Readonly<Record<SheetName, string>>;
  /** Beginning of the columns of each side. */
  readonly prefixes: Readonly<Record<Side, string>>;
  /** Name of the column with the transformation. */
  readonly transformation: string;
  /** Columns by the template's name (with the prefixes that are set) that the workbook names otherwise. */
  readonly columns: Readonly<Record<string, string>>;
  /** What separates the parts of a list. */
  readonly separator: string;
  /** Glossary of terms that name none. */
  readonly glossary: string;
  /** Object id by address or name, for experts and owners. */
  readonly people: Readonly<Record<string, string>>;
  /** Type of the columns of a table, by the table's type. */
  readonly columnTypes: Readonly<Record<string, string>>;
  /** Type of the lineage of a column, by the type of the table's process. */
  readonly columnLineageTypes: Readonly<Record<string, string>>;
  /** Whether FineGrainColumnLineage also fills `columnMapping` of the table's process. */
  readonly columnMapping: boolean;
}

/** The layout of the template itself. */
export const templateLayout: Layout = {
  sheets: {
    BulkEntities: 'BulkEntities',
    UpdateLineage: 'UpdateLineage',
    ColumnMapping: 'ColumnMapping',
    EntityDefs: 'EntityDefs',
    ClassificationDefs: 'ClassificationDefs',
    TablesLineage: 'TablesLineage',
    FineGrainColumnLineage: 'FineGrainColumnLineage',
  },
  prefixes: { Source: 'Source', Target: 'Target', Process: 'Process' },
  transformation: 'transformation',
  columns: {},
  separator: ';',
  glossary: 'Glossary',
  people: {},
  columnTypes: {},
  columnLineageTypes: {},
  columnMapping: false,
};

/** What a column of the template is called in the workbook. */
export function columnIn(layout: Layout, templateName: string): string {
  const [first = '', ...rest] = templateName.split(' ');
  const isSide = rest.length > 0 && (first === 'Source' || first === 'Target' || first === 'Process');
  const prefixed = isSide
    ? `${layout.prefixes[first]} ${rest.join(' ')}`
    : templateName === 'transformation'
      ? layout.transformation
      : templateName;
  return (Object.hasOwn(layout.columns, templateName) ? layout.columns[templateName] : undefined) ?? prefixed;
}

/** The parts of a list, trimmed, without empty ones. */
export function splitList(text: string, separator: string): readonly string[] {
  return text
    .split(separator)
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
