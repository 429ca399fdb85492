/** Bodies in PL/pgSQL by PostgreSQL's own parser: each statement of SQL in its place, values through variables, loops and cursors. */
import type { PostgresParser } from '../../../pipeline/postgres-parser.ts';
import { applyStatement } from '../apply.ts';
import type { Query, Statement } from '../ir.ts';
import type { Session } from '../session.ts';
import { parameterName, readExpression } from './expression.ts';
import { readSelect } from './query.ts';
import { openReader } from './open-reader.ts';
import { asRead } from './read.ts';
import type { TreeReader } from './reader.ts';
import { BlockDepth, queryText, targetsOf, tooDeep, variableAt } from './plpgsql-data.ts';
import { readDml, readStatementNode } from './statement.ts';
import { readText } from './text-parts.ts';
import { type Fields, fieldsOf, listOf, type Node, nodeOf, numberOf, textOf } from './tree.ts';

/** Where a body stands: the line that its text begins on, and the columns that its rows bear outside. */
export interface BodyPlace {
  readonly line: number;
  readonly columns: readonly string[];
}

/** A query with a reader of its text. */
interface Read {
  readonly fields: Fields;
  readonly reader: (line: number) => TreeReader;
}

/** A cursor that nobody fetches from: its query is only looked at. */
const looked = ' ';

/** Runs one body in the session, whose current routine it is. */
export class PlpgsqlBody {
  private readonly session: Session;
  private readonly parser: PostgresParser;
  private readonly place: BodyPlace;
  private readonly depth = new BlockDepth();
  private data: readonly (Node | undefined)[] = [];

  constructor(session: Session, parser: PostgresParser, place: BodyPlace) {
    this.session = session;
    this.parser = parser;
    this.place = place;
  }

  /** `tree`: what the parser says of the whole CREATE FUNCTION. */
  run(tree: unknown): void {
    const [first] = listOf(fieldsOf(tree)['plpgsql_funcs']);
    const { fields } = nodeOf(first) ?? { fields: fieldsOf(first) };
    this.data = listOf(fields['datums']).map(nodeOf);
    for (const datum of this.data) if (datum !== undefined) this.declare(datum);
    this.statement(fields['action']);
  }

  private lineOf(fields: Fields): number {
    return this.place.line + Math.max(0, numberOf(fields['lineno']) - 1);
  }

  private declare({ kind, fields }: Node): void {
    const name = textOf(fields['refname']);
    if (name === undefined || kind === 'PLpgSQL_row') return;
    this.session.declare(name);
    const line = this.lineOf(fields);
    this.value(fields['default_val'], line, [name]);
    const query = queryText(fields['cursor_explicit_expr']);
    if (query !== undefined) this.sql(query, line, { cursor: name });
  }

  private body(list: unknown): void {
    for (const item of listOf(list)) this.statement(item);
  }

  /** A statement with what it holds; too many inside each other are a reason. */
  private statement(value: unknown): void {
    const node = nodeOf(value);
    if (node === undefined) return;
    const line = this.lineOf(node.fields);
    if (!this.depth.within(() => this.one(node, line))) this.session.reasons.push(tooDeep(line));
  }

  private one(node: Node, line: number): void {
    const { kind, fields } = node;
    switch (kind) {
      case 'PLpgSQL_stmt_block':
        this.block(fields);
        break;
      case 'PLpgSQL_stmt_execsql':
        this.sql(queryText(fields['sqlstmt']), line, { into: targetsOf(fields['target']) });
        break;
      case 'PLpgSQL_stmt_perform':
      case 'PLpgSQL_stmt_call':
        this.sql(queryText(fields['expr']), line, { cursor: looked });
        break;
      case 'PLpgSQL_stmt_assign':
        this.assign(fields, line);
        break;
      case 'PLpgSQL_stmt_dynexecute':
        this.execute(fields, line, targetsOf(fields['target']));
        break;
      case 'PLpgSQL_stmt_return_query':
        this.returnQuery(fields, line);
        break;
      case 'PLpgSQL_stmt_return':
        this.value(fields['expr'], line, undefined);
        break;
      default:
        this.control(node, line);
    }
  }

  private block(fields: Fields): void {
    this.body(fields['body']);
    const exceptions = nodeOf(fields['exceptions'])?.fields ?? {};
    for (const item of listOf(exceptions['exc_list'])) this.body(nodeOf(item)?.fields['action']);
  }

  /** Loops, branches and cursors. */
  private control({ kind, fields }: Node, line: number): void {
    const into = targetsOf(fields['var']);
    switch (kind) {
      case 'PLpgSQL_stmt_fors':
        this.sql(queryText(fields['query']), line, { into });
        break;
      case 'PLpgSQL_stmt_dynfors':
        this.execute(fields, line, into);
        break;
      case 'PLpgSQL_stmt_forc':
      case 'PLpgSQL_stmt_fetch':
        this.fetch(fields, line, kind === 'PLpgSQL_stmt_forc' ? into : targetsOf(fields['target']));
        break;
      case 'PLpgSQL_stmt_foreach_a':
        this.value(fields['expr'], line, variableAt(this.data, fields['varno']));
        break;
      case 'PLpgSQL_stmt_open':
        this.open(fields, line);
        break;
      default:
        for (const part of ['cond', 't_expr', 'lower', 'upper', 'step', 'expr', 'message'])
          this.look(fields[part], line);
        for (const part of listOf(fields['params'])) this.look(part, line);
    }
    this.branches(fields, line);
  }

  private branches(fields: Fields, line: number): void {
    this.body(fields['then_body']);
    for (const part of [...listOf(fields['elsif_list']), ...listOf(fields['case_when_list'])]) {
      const inner = nodeOf(part)?.fields ?? {};
      this.look(inner['cond'] ?? inner['expr'], line);
      this.body(inner['stmts']);
    }
    this.body(fields['else_body']);
    this.body(fields['else_stmts']);
    this.body(fields['body']);
  }

  /** One statement of SQL: its rows go to variables, or a cursor walks over them. */
  private sql(
    text: string | undefined,
    line: number,
    to: { readonly into?: readonly string[]; readonly cursor?: string },
  ): void {
    if (text === undefined) return;
    const node = this.parse(text);
    if (node === undefined) {
      this.session.run(text, line);
      return;
    }
    const reader = openReader(text, line);
    const statement = readStatementNode(reader, node, line);
    const { into = [], cursor } = to;
    if (statement.type === 'query' && into.length > 0) this.apply(asRead(statement.query, [], line, into));
    else if (statement.type === 'query') this.apply({ ...statement, cursor });
    else if (into.length > 0) this.apply(this.returned(reader, node, line, into));
    else this.apply(statement);
  }

  /** `INSERT … RETURNING … INTO`: a query over what the statement hands out. */
  private returned(reader: TreeReader, node: Node, line: number, into: readonly string[]): Statement {
    const statement = readDml(reader, node);
    const none: Query = { with: [], branches: [], feeds: [] };
    if (statement === undefined) return readStatementNode(reader, node, line);
    const query: Query = { ...none, with: [{ name: 'r', columns: [], query: none, statement }] };
    return asRead(query, [], line, into);
  }

  private apply(statement: Statement): void {
    const first = this.session.effects.length;
    applyStatement(this.session, statement);
    for (const effect of this.session.effects.slice(first))
      effect.keepNames((node) => this.session.nodes.display(node));
  }

  /** The one statement of a text; undefined if the parser refuses it. */
  private parse(text: string): Node | undefined {
    const parsed = this.parser.parseSql(text);
    const [item] = 'problem' in parsed ? [] : listOf(fieldsOf(parsed.tree)['stmts']);
    return nodeOf(fieldsOf(item)['stmt']);
  }

  /** The query that an expression is: PL/pgSQL runs `SELECT expression`. */
  private expression(text: string): Read | undefined {
    const whole = `SELECT ${text}`;
    const node = this.parse(whole);
    return node === undefined
      ? undefined
      : { fields: node.fields, reader: (line) => openReader(whole, line) };
  }

  private look(value: unknown, line: number): void {
    const text = queryText(value);
    if (text !== undefined) this.sql(`SELECT ${text}`, line, { cursor: looked });
  }

  /** A value that variables hold from now on; handed out where there are none. */
  private value(expr: unknown, line: number, into: readonly string[] | undefined): void {
    const text = queryText(expr);
    const read = text === undefined ? undefined : this.expression(text);
    if (read === undefined) return;
    const query = readSelect(read.reader(line), read.fields);
    if (into === undefined) this.apply(asRead(query, [], line));
    else if (into.length > 0) this.hold(query, read, { line, into });
  }

  private hold(
    query: Query,
    { fields, reader }: Read,
    { line, into }: { readonly line: number; readonly into: readonly string[] },
  ): void {
    const [variable] = into;
    if (listOf(fields['fromClause']).length > 0 || variable === undefined) {
      this.apply(asRead(query, [], line, into));
      return;
    }
    const [target] = listOf(fields['targetList']);
    const value = nodeOf(target)?.fields['val'];
    const expression = readExpression(reader(line), value);
    const assignments = [{ variable, expression, text: readText(value), append: false }];
    this.apply({ type: 'assign', assignments, tables: [], line, with: [] });
  }

  private assign(fields: Fields, line: number): void {
    const text = queryText(fields['expr']) ?? '';
    const right = /^[^=]*?:?=(.*)$/s.exec(text)?.[1];
    if (right === undefined) return;
    const datum = this.data[numberOf(fields['varno'])];
    const field = datum?.kind === 'PLpgSQL_recfield' ? textOf(datum.fields['fieldname']) : undefined;
    const into = variableAt(this.data, fields['varno']);
    if (field === undefined) this.value({ PLpgSQL_expr: { query: right } }, line, into);
    else this.sql(`SELECT (${right}) AS "${field.replaceAll('"', '""')}"`, line, { into });
  }

  /** EXECUTE: its parameters are variables `$1`, `$2` of the text. */
  private execute(
    fields: Fields,
    line: number,
    into: readonly string[],
    query: unknown = fields['query'],
  ): void {
    for (const [at, param] of listOf(fields['params']).entries())
      this.value(param, line, [parameterName(at + 1)]);
    const read = this.expression(queryText(query) ?? '');
    const [target] = listOf(read?.fields['targetList']);
    const script = readText(nodeOf(target)?.fields['val']);
    this.apply({ type: 'call', routine: [], script, server: undefined, args: [], into, line, with: [] });
  }

  private returnQuery(fields: Fields, line: number): void {
    const text = queryText(fields['query']);
    if (text === undefined) {
      this.execute(fields, line, [], fields['dynquery']);
      return;
    }
    const node = this.parse(text);
    if (node?.kind !== 'SelectStmt') this.sql(text, line, {});
    else this.apply(asRead(readSelect(openReader(text, line), node.fields), this.place.columns, line));
  }

  private open(fields: Fields, line: number): void {
    const [cursor = looked] = variableAt(this.data, fields['curvar']);
    if (fields['dynquery'] !== undefined) this.execute(fields, line, [], fields['dynquery']);
    else this.sql(queryText(fields['query']), line, { cursor });
  }

  private fetch(fields: Fields, line: number, into: readonly string[]): void {
    const [cursor] = variableAt(this.data, fields['curvar']);
    if (cursor !== undefined) this.apply({ type: 'fetch', cursor, into, line, with: [] });
  }
}
