/** Names of result columns without AS, by PostgreSQL's rules (FigureColname in parse_target.c). */
import { functionName } from './expression.ts';
import { type Fields, listOf, nodeOf, textOf, textsOf } from './tree.ts';

const unnamed = '?column?';
const byKind: Readonly<Record<string, string>> = {
  CoalesceExpr: 'coalesce',
  A_ArrayExpr: 'array',
  RowExpr: 'row',
  XmlSerialize: 'xmlserialize',
  MergeSupportFunc: 'merge_action',
  GroupingFunc: 'grouping',
};

/** The name of a result column that its query does not name. */
export function nameOfValue(value: unknown): string {
  return named(value) ?? unnamed;
}

function named(value: unknown): string | undefined {
  const node = nodeOf(value);
  if (node === undefined) return undefined;
  const { kind, fields } = node;
  switch (kind) {
    case 'ColumnRef':
      return textsOf(fields['fields']).at(-1);
    case 'FuncCall':
      return functionName(fields).at(-1);
    case 'A_Indirection':
      return textsOf(fields['indirection']).at(-1) ?? named(fields['arg']);
    case 'TypeCast':
      return named(fields['arg']) ?? textsOf(nodeOfType(fields)).at(-1);
    case 'CollateClause':
      return named(fields['arg']);
    case 'CaseExpr':
      return named(fields['defresult']) ?? 'case';
    case 'A_Expr':
      return fields['kind'] === 'AEXPR_NULLIF' ? 'nullif' : undefined;
    case 'MinMaxExpr':
      return fields['op'] === 'IS_LEAST' ? 'least' : 'greatest';
    case 'SubLink':
      return ofSubLink(fields);
    case 'SQLValueFunction':
      return textOf(fields['op'])
        ?.replace(/^SVFOP_/, '')
        .toLowerCase();
    default:
      return byKind[kind];
  }
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
