/** Names of result columns without AS, by PostgreSQL's rules (FigureColname in parse_target.c). */
import { functionName } from './expression.ts';
import { type Fields, listOf, nodeOf, textOf, textsOf } from './tree.ts';

const unnamed = '?column?';

const byKind: Readonly<Record<string, (fields: Fields) => string | undefined>> = {
  ColumnRef: (fields) => textsOf(fields['fields']).at(-1),
  FuncCall: (fields) => functionName(fields).at(-1),
  A_Indirection: (fields) => textsOf(fields['indirection']).at(-1) ?? named(fields['arg']),
  TypeCast: (fields) => named(fields['arg']) ?? textsOf(nodeOfType(fields)).at(-1),
  CollateClause: (fields) => named(fields['arg']),
  CaseExpr: (fields) => named(fields['defresult']) ?? 'case',
  A_Expr: (fields) => (fields['kind'] === 'AEXPR_NULLIF' ? 'nullif' : undefined),
  MinMaxExpr: (fields) => (fields['op'] === 'IS_LEAST' ? 'least' : 'greatest'),
  SubLink: ofSubLink,
  SQLValueFunction: (fields) =>
    textOf(fields['op'])
      ?.replace(/^SVFOP_/, '')
      .toLowerCase(),
  CoalesceExpr: () => 'coalesce',
  A_ArrayExpr: () => 'array',
  RowExpr: () => 'row',
  XmlSerialize: () => 'xmlserialize',
  MergeSupportFunc: () => 'merge_action',
  GroupingFunc: () => 'grouping',
};

/** The name of a result column that its query does not name. */
export function nameOfValue(value: unknown): string {
  return named(value) ?? unnamed;
}

function named(value: unknown): string | undefined {
  const node = nodeOf(value);
  if (node === undefined || !Object.hasOwn(byKind, node.kind)) return undefined;
  return byKind[node.kind]?.(node.fields);
}

function nodeOfType(fields: Fields): unknown {
  const type = fields['typeName'];
  return typeof type === 'object' && type !== null && 'names' in type ? type.names : undefined;
}

function ofSubLink(fields: Fields): string | undefined {
  if (fields['subLinkType'] === 'EXISTS_SUBLINK') return 'exists';
  if (fields['subLinkType'] === 'ARRAY_SUBLINK') return 'array';
  const [first] = listOf(nodeOf(fields['subselect'])?.fields['targetList']);
  const target = nodeOf(first)?.fields ?? {};
  return fields['subLinkType'] === 'EXPR_SUBLINK'
    ? (textOf(target['name']) ?? named(target['val']))
    : undefined;
}
