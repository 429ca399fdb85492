/** Queries of the parse tree: select lists, FROM, set operations, WITH. */
import {
  type CommonTable,
  emptyExpression,
  type Name,
  type Query,
  type Select,
  type SelectItem,
  type Values,
} from '../ir.ts';
import { readExpression } from './expression.ts';
import { nameOfValue } from './item-name.ts';
import type { TreeReader } from './reader.ts';
import { readFrom, relationName } from './sources.ts';
import { type Fields, fieldsOf, listOf, nodeOf, textOf, textsOf } from './tree.ts';

const noQuery: Query = { with: [], branches: [], feeds: [] };

/** Reads a SelectStmt: a SELECT, VALUES, or set operations over them. */
export function readSelect(reader: TreeReader, fields: Fields): Query {
  return reader.nested(() => {
    const tables = readWith(reader, fields['withClause']);
    const operation = fields['op'];
    if (operation !== 'SETOP_NONE' && operation !== undefined) {
      const [left, right] = [branch(reader, fields['larg']), branch(reader, fields['rarg'])];
      return {
        with: tables,
        branches: [...left.branches, ...right.branches],
        feeds: [...left.feeds, ...right.feeds.map((feeds) => feeds && operation !== 'SETOP_EXCEPT')],
      };
    }
    const rows = listOf(fields['valuesLists']);
    const only = rows.length > 0 ? readValues(reader, rows) : readPlainSelect(reader, fields);
    return { with: tables, branches: [only], feeds: [true] };
  });
}

/** One side of a set operation: its own branches, or itself as one where it has a WITH. */
function branch(reader: TreeReader, value: unknown): Omit<Query, 'with'> {
  // The sides are SelectStmt without their name.
  const query = readSelect(reader, fieldsOf(nodeOf(value)?.fields ?? value));
  return query.with.length === 0 ? query : { branches: [{ type: 'nested', query }], feeds: [true] };
}

function readValues(reader: TreeReader, rows: readonly unknown[]): Values {
  const cells = rows.map(listOf);
  const width = Math.max(0, ...cells.slice(0, 1).map((row) => row.length));
  return {
    type: 'values',
    columns: Array.from({ length: width }, (_, at) => readExpression(reader, ...cells.map((row) => row[at]))),
  };
}

function readPlainSelect(reader: TreeReader, fields: Fields): Select {
  const { sources, joins } = readFrom(reader, listOf(fields['fromClause']));
  const into = fieldsOf(fieldsOf(fields['intoClause'])['rel']);
  const name = relationName(into);
  const items = readItems(reader, fields['targetList']);
  return {
    type: 'select',
    items,
    into: name.length === 0 ? [] : [name],
    intoTemporary: into['relpersistence'] === 't',
    from: sources,
    filters: readExpression(reader, fields['whereClause'], fields['havingClause']),
    joins,
    groups: readExpression(reader, fields['groupClause']),
    sorts: readExpression(reader, fields['sortClause']),
    line: items[0]?.line ?? reader.line(0),
  };
}

/** Reads a select list, or what RETURNING names. */
export function readItems(reader: TreeReader, list: unknown): readonly SelectItem[] {
  return listOf(list).map((item) => {
    const target = nodeOf(item)?.fields ?? {};
    const { val } = target;
    const line = reader.line(target['location']);
    const star = starOf(val);
    if (star !== undefined)
      return { name: '*', expression: emptyExpression, star: { qualifier: star, except: [] }, line };
    return {
      name: textOf(target['name']) ?? nameOfValue(val),
      expression: readExpression(reader, val),
      line,
    };
  });
}

function starOf(value: unknown): Name | undefined {
  const node = nodeOf(value);
  if (node?.kind !== 'ColumnRef') return undefined;
  const parts = listOf(node.fields['fields']);
  return nodeOf(parts.at(-1))?.kind === 'A_Star' ? textsOf(parts.slice(0, -1)) : undefined;
}

/** Reads WITH: queries, and statements that change data and hand out rows. */
export function readWith(reader: TreeReader, clause: unknown): readonly CommonTable[] {
  return listOf(fieldsOf(clause)['ctes']).flatMap((item): readonly CommonTable[] => {
    const fields = nodeOf(item)?.fields ?? {};
    const body = nodeOf(fields['ctequery']);
    if (body === undefined) return [];
    const table = { name: textOf(fields['ctename']) ?? '', columns: textsOf(fields['aliascolnames']) };
    if (body.kind === 'SelectStmt') return [{ ...table, query: readSelect(reader, body.fields) }];
    const statement = reader.dml(body);
    return [statement === undefined ? { ...table, query: noQuery } : { ...table, query: noQuery, statement }];
  });
}
