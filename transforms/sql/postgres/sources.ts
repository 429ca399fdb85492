/** FROM of the parse tree: tables, queries, functions and joins. */
import { joinExpressions } from '../bags.ts';
import type { Expression, Name, Source } from '../ir.ts';
import { mergedColumns, naturalColumns } from '../merged-columns.ts';
import { functionName, readExpression } from './expression.ts';
import type { TreeReader } from './reader.ts';
import { type Fields, fieldsOf, listOf, type Node, nodeOf, textOf, textsOf } from './tree.ts';

/** What FROM holds. */
export interface From {
  readonly sources: readonly Source[];
  /** The conditions of joins. */
  readonly joins: Expression;
}

/** The name of a RangeVar; empty if there is none. */
export function relationName(fields: Fields): Name {
  return ['catalogname', 'schemaname', 'relname'].flatMap((part) => textOf(fields[part]) ?? []);
}

/** Reads the items of FROM or USING; joins are taken apart. */
export function readFrom(reader: TreeReader, items: readonly unknown[]): From {
  const sources: Source[] = [];
  const conditions: unknown[] = [];
  const merged: Expression[] = [];
  const take = (value: unknown): void =>
    reader.nested(() => {
      const node = nodeOf(value);
      if (node === undefined) return;
      if (node.kind === 'JoinExpr') {
        const left = sources.length;
        take(node.fields['larg']);
        const right = sources.length;
        take(node.fields['rarg']);
        if (node.fields['quals'] !== undefined) conditions.push(node.fields['quals']);
        const columns = textsOf(node.fields['usingClause']);
        const line = sources[right]?.line ?? 0;
        if (columns.length > 0) merged.push(mergedColumns({ columns, sources, left, right, line }));
        if (node.fields['isNatural'] === true) merged.push(naturalColumns({ sources, left, right, line }));
      } else if (node.kind === 'RangeTableSample') take(node.fields['relation']);
      else sources.push(...readSource(reader, node));
    });
  for (const item of items) take(item);
  return { sources, joins: joinExpressions([readExpression(reader, ...conditions), ...merged]) };
}

/** A table as a source. */
export function tableSource(reader: TreeReader, fields: Fields): Source {
  return { ...base(reader, fields), type: 'table', name: relationName(fields) };
}

function base(reader: TreeReader, fields: Fields): Omit<Source, 'type' | 'name'> {
  const alias = fieldsOf(fields['alias']);
  return {
    alias: textOf(alias['aliasname']),
    columns: textsOf(alias['colnames']),
    pivots: [],
    line: reader.line(fields['location']),
  };
}

function readSource(reader: TreeReader, { kind, fields }: Node): readonly Source[] {
  const shared = base(reader, fields);
  switch (kind) {
    case 'RangeVar':
      return [tableSource(reader, fields)];
    case 'RangeSubselect': {
      const select = nodeOf(fields['subquery']);
      if (select === undefined) return [];
      return [{ ...shared, type: 'query', name: [], query: reader.select(select.fields) }];
    }
    case 'RangeFunction':
      return listOf(fields['functions']).map((item) => functionSource(reader, fields, listOf(item)));
    default:
      // XMLTABLE and JSON_TABLE: columns made from an expression.
      return [
        { ...shared, type: 'function', name: [kind.toLowerCase()], args: readExpression(reader, fields) },
      ];
  }
}

function functionSource(reader: TreeReader, range: Fields, [call]: readonly unknown[]): Source {
  const shared = base(reader, range);
  const node = nodeOf(call);
  const defined = listOf(range['coldeflist']).flatMap(
    (item) => textOf(nodeOf(item)?.fields['colname']) ?? [],
  );
  const isCall = node?.kind === 'FuncCall';
  return {
    ...shared,
    type: 'function',
    name: isCall ? functionName(node.fields) : [node?.kind.toLowerCase() ?? ''],
    columns: shared.columns.length > 0 ? shared.columns : defined,
    args: readExpression(reader, isCall ? node.fields['args'] : call),
  };
}
