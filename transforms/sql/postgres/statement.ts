/** Statements of the parse tree that read or change tables. */
import { joinExpressions } from '../bags.ts';
import type { Assignment, Insert, Merge, Name, Output, Query, Statement } from '../ir.ts';
import { locationName } from '../names.ts';
import { functionName, readExpression } from './expression.ts';
import { readItems, readSelect, readWith } from './query.ts';
import type { TreeReader } from './reader.ts';
import { readFrom, relationName, tableSource } from './sources.ts';
import { type Fields, fieldsOf, listOf, type Node, nodeOf, numberOf, textOf, textsOf } from './tree.ts';

/** Reads a statement. What moves no data is `other`. */
export function readStatementNode(reader: TreeReader, node: Node, line: number): Statement {
  const statement = node.kind === 'SelectStmt' ? undefined : readDml(reader, node);
  if (statement !== undefined) return statement;
  const common = { line, with: [] } as const;
  const { fields } = node;
  switch (node.kind) {
    case 'SelectStmt':
      return { type: 'query', query: readSelect(reader, fields), cursor: undefined, into: [], ...common };
    case 'CreateTableAsStmt':
      return createAs(reader, fields, line);
    case 'ViewStmt':
      return {
        ...create(fields['view'], line),
        what: 'view',
        columns: textsOf(fields['aliases']),
        query: queryOf(reader, fields['query']),
      };
    case 'CreateStmt':
      return createTable(fields, line);
    case 'CreateForeignTableStmt':
      return createTable(fieldsOf(fields['base']), line);
    case 'TruncateStmt': {
      const targets = listOf(fields['relations']).map((item) => relationName(nodeOf(item)?.fields ?? {}));
      return { type: 'truncate', targets, ...common };
    }
    case 'DropStmt':
      return drop(fields, line);
    case 'CopyStmt':
      return copy(reader, fields, line);
    case 'CallStmt': {
      const routine = functionName(fieldsOf(fields['funccall']));
      return { type: 'call', routine, script: undefined, server: undefined, args: [], into: [], ...common };
    }
    case 'RenameStmt':
      return rename(fields, line);
    case 'AlterTableStmt':
      return alter(fields, line);
    default:
      return { type: 'other', understood: true, ...common };
  }
}

/** Reads INSERT, UPDATE, DELETE and MERGE; undefined for anything else. */
export function readDml(reader: TreeReader, { kind, fields }: Node): Statement | undefined {
  const relation = fieldsOf(fields['relation']);
  const line = reader.line(relation['location']);
  const common = { line, with: readWith(reader, fields['withClause']), output: returning(reader, fields) };
  switch (kind) {
    case 'InsertStmt':
      return insert(reader, fields, common);
    case 'UpdateStmt': {
      const from = readFrom(reader, listOf(fields['fromClause']));
      return {
        type: 'update',
        targets: [tableSource(reader, relation)],
        from: from.sources,
        assignments: assignments(reader, fields['targetList']),
        filters: readExpression(reader, fields['whereClause']),
        joins: from.joins,
        ...common,
      };
    }
    case 'DeleteStmt': {
      const from = readFrom(reader, listOf(fields['usingClause']));
      return {
        type: 'delete',
        targets: [tableSource(reader, relation)],
        from: from.sources,
        filters: readExpression(reader, fields['whereClause']),
        joins: from.joins,
        ...common,
      };
    }
    case 'MergeStmt':
      return merge(reader, fields, common);
    default:
      return undefined;
  }
}

type Shared = Pick<Insert, 'line' | 'with' | 'output'>;

function returning(reader: TreeReader, fields: Fields): readonly Output[] {
  const items = readItems(reader, fieldsOf(fields['returningClause'])['exprs'] ?? fields['returningList']);
  return items.length === 0 ? [] : [{ items, into: undefined, columns: [] }];
}

function insert(reader: TreeReader, fields: Fields, common: Shared): Insert {
  const relation = fieldsOf(fields['relation']);
  const conflict = fieldsOf(fields['onConflictClause']);
  return {
    type: 'insert',
    target: relationName(relation),
    alias: textOf(fieldsOf(relation['alias'])['aliasname']),
    columns: listOf(fields['cols']).flatMap((item) => textOf(nodeOf(item)?.fields['name']) ?? []),
    query: queryOf(reader, fields['selectStmt']),
    call: undefined,
    byName: false,
    assignments: assignments(reader, conflict['targetList']),
    ...common,
  };
}

function queryOf(reader: TreeReader, value: unknown): Query | undefined {
  const node = nodeOf(value);
  return node?.kind === 'SelectStmt' ? readSelect(reader, node.fields) : undefined;
}

/** Reads SET: of `(a, b) = (x, y)` each column for itself, of `(a, b) = (SELECT …)` all with the query. */
function assignments(reader: TreeReader, list: unknown): readonly Assignment[] {
  const items = listOf(list).map((item) => nodeOf(item)?.fields ?? {});
  return items.flatMap((target, at): readonly Assignment[] => {
    const name = textOf(target['name']);
    if (name === undefined) return [];
    const multiple = nodeOf(target['val']);
    if (multiple?.kind !== 'MultiAssignRef')
      return [{ qualifier: [], columns: [name], expression: readExpression(reader, target['val']) }];
    const source = nodeOf(multiple.fields['source']);
    const place = numberOf(multiple.fields['colno']);
    if (source?.kind === 'RowExpr') {
      const value = listOf(source.fields['args'])[place - 1];
      return [{ qualifier: [], columns: [name], expression: readExpression(reader, value) }];
    }
    if (place !== 1) return [];
    const count = numberOf(multiple.fields['ncolumns']);
    const columns = items.slice(at, at + count).flatMap((one) => textOf(one['name']) ?? []);
    return [{ qualifier: [], columns, expression: readExpression(reader, multiple.fields['source']) }];
  });
}

function merge(reader: TreeReader, fields: Fields, common: Shared): Merge {
  const using = readFrom(reader, [fields['sourceRelation']]);
  const clauses = listOf(fields['mergeWhenClauses']).map((item) => nodeOf(item)?.fields ?? {});
  return {
    type: 'merge',
    target: tableSource(reader, fieldsOf(fields['relation'])),
    using: using.sources,
    assignments: clauses.flatMap((clause) =>
      clause['commandType'] === 'CMD_INSERT'
        ? inserted(reader, clause)
        : assignments(reader, clause['targetList']),
    ),
    starActions: false,
    filters: readExpression(reader, ...clauses.map((clause) => clause['condition'])),
    joins: joinExpressions([readExpression(reader, fields['joinCondition']), using.joins]),
    ...common,
  };
}

function inserted(reader: TreeReader, clause: Fields): readonly Assignment[] {
  const names = listOf(clause['targetList']).map((item) => textOf(nodeOf(item)?.fields['name']));
  return listOf(clause['values']).map((value, at): Assignment => {
    const name = names[at];
    const expression = readExpression(reader, value);
    return name === undefined
      ? { qualifier: [], columns: [], expression, position: at }
      : { qualifier: [], columns: [name], expression };
  });
}

type Create = Extract<Statement, { readonly type: 'create' }>;

function create(relation: unknown, line: number): Create {
  const fields = fieldsOf(relation);
  return {
    type: 'create',
    what: 'table',
    target: relationName(fields),
    temporary: fields['relpersistence'] === 't',
    columns: [],
    query: undefined,
    copyOf: undefined,
    copiesRows: false,
    line,
    with: [],
  };
}

function createAs(reader: TreeReader, fields: Fields, line: number): Statement {
  const into = fieldsOf(fields['into']);
  const what = fields['objtype'] === 'OBJECT_MATVIEW' ? 'view' : 'table';
  const query = queryOf(reader, fields['query']);
  return { ...create(into['rel'], line), what, columns: textsOf(into['colNames']), query };
}

function createTable(fields: Fields, line: number): Statement {
  const elements = listOf(fields['tableElts']).flatMap((item) => nodeOf(item) ?? []);
  const like = elements.find((element) => element.kind === 'TableLikeClause');
  return {
    ...create(fields['relation'], line),
    columns: elements.flatMap((element) => textOf(element.fields['colname']) ?? []),
    copyOf: like === undefined ? undefined : relationName(fieldsOf(like.fields['relation'])),
  };
}

const dropped: ReadonlySet<unknown> = new Set([
  'OBJECT_TABLE',
  'OBJECT_VIEW',
  'OBJECT_MATVIEW',
  'OBJECT_FOREIGN_TABLE',
]);

function drop(fields: Fields, line: number): Statement {
  if (!dropped.has(fields['removeType'])) return { type: 'other', understood: true, line, with: [] };
  return { type: 'drop', targets: listOf(fields['objects']).map(textsOf), line, with: [] };
}

function alter(fields: Fields, line: number): Statement {
  const target = relationName(fieldsOf(fields['relation']));
  return fields['objtype'] === 'OBJECT_TABLE' && target.length > 0
    ? { type: 'alter', targets: [target], line, with: [] }
    : { type: 'other', understood: true, line, with: [] };
}

/** COPY of a file; through a client or a program it has no end that could be named. */
function copy(reader: TreeReader, fields: Fields, line: number): Statement {
  const file = textOf(fields['filename']);
  const program = fields['is_program'] === true;
  const from = fields['is_from'] === true;
  const table = relationName(fieldsOf(fields['relation']));
  if (file === undefined || program)
    return from
      ? { type: 'truncate', targets: [table], line, with: [] }
      : { type: 'other', understood: true, line, with: [] };
  const place: Name = locationName(file);
  const query = queryOf(reader, fields['query']);
  const [source, target] = from ? [place, table] : [table, place];
  return { type: 'move', how: 'copy', source, target, sourceColumns: [], query, line, with: [] };
}

function rename(fields: Fields, line: number): Statement {
  const source = relationName(fieldsOf(fields['relation']));
  const name = textOf(fields['newname']);
  if (fields['renameType'] !== 'OBJECT_TABLE' || source.length === 0 || name === undefined)
    return { type: 'other', understood: true, line, with: [] };
  const target = [...source.slice(0, -1), name];
  const none = { sourceColumns: [], query: undefined, with: [] };
  return { type: 'move', how: 'alter-rename', source, target, line, ...none };
}
