/**
 * A script by PostgreSQL's own parser, applied to a session: statements, SQL functions, and bodies in PL/pgSQL. What the
 * parser refuses is left to the tolerant reader of the text.
 */
import type { PostgresParser } from '../../../pipeline/postgres-parser.ts';
import { applyStatement } from '../apply.ts';
import type { Statement } from '../ir.ts';
import type { RoutineHead } from '../pieces.ts';
import type { Session } from '../session.ts';
import { PlpgsqlBody } from './plpgsql.ts';
import { readExpression } from './expression.ts';
import { openReader } from './open-reader.ts';
import { asRead, valueQuery } from './read.ts';
import { TooDeep, type TreeReader } from './reader.ts';
import { readStatementNode } from './statement.ts';
import { type Fields, fieldsOf, listOf, type Node, nodeOf, numberOf, textOf, textsOf } from './tree.ts';

/** Runs a text in the session. Gives why it could not, in words, having done nothing; undefined if it was run. */
export function runPostgres(
  session: Session,
  parser: PostgresParser,
  text: string,
  firstLine: number,
): string | undefined {
  const parsed = parser.parseSql(text);
  if ('problem' in parsed) return parsed.problem;
  const script = new Script(session, parser, text, openReader(text, firstLine));
  try {
    const statements = script.read(parsed.tree);
    for (const apply of statements) apply();
    return undefined;
  } catch (thrown) {
    if (thrown instanceof TooDeep) return 'it is nested too deeply';
    throw thrown;
  }
}

class Script {
  private readonly session: Session;
  private readonly parser: PostgresParser;
  private readonly reader: TreeReader;
  private readonly bytes: () => Uint8Array;

  constructor(session: Session, parser: PostgresParser, text: string, reader: TreeReader) {
    this.session = session;
    this.parser = parser;
    this.reader = reader;
    let bytes: Uint8Array | undefined;
    this.bytes = () => (bytes ??= new TextEncoder().encode(text));
  }

  /** Reads everything first, so that a text is run as a whole or not at all. */
  read(tree: unknown): readonly (() => void)[] {
    return listOf(fieldsOf(tree)['stmts']).flatMap((item) => {
      const { stmt, stmt_location: from, stmt_len: length } = fieldsOf(item);
      const node = nodeOf(stmt);
      if (node === undefined) return [];
      if (node.kind === 'CreateFunctionStmt')
        return [this.routine(node.fields, numberOf(from), numberOf(length))];
      if (node.kind === 'DoStmt') return [this.block(node.fields, this.lineOf(from))];
      const statement = readStatementNode(this.reader, node, this.lineOf(from));
      return [() => this.apply(statement)];
    });
  }

  /** A statement begins behind the `;` of the one before, and so on its line. */
  private lineOf(from: unknown): number {
    const bytes = this.bytes();
    let at = numberOf(from);
    while (at < bytes.length && (bytes[at] ?? 33) <= 32) at++;
    return this.reader.line(at);
  }

  private apply(statement: Statement): void {
    const first = this.session.effects.length;
    applyStatement(this.session, statement);
    for (const effect of this.session.effects.slice(first))
      effect.keepNames((node) => this.session.nodes.display(node));
  }

  private routine(fields: Fields, from: number, length: number): () => void {
    const parameters = listOf(fields['parameters']).map((item) => nodeOf(item)?.fields ?? {});
    const names = parameters.flatMap((parameter) => textOf(parameter['name']) ?? []);
    const line = this.lineOf(from);
    const head: RoutineHead = {
      kind: fields['is_procedure'] === true ? 'procedure' : 'function',
      name: textsOf(fields['funcname']),
      line,
      parameters: names,
      on: undefined,
      result: undefined,
    };
    const columns = parameters
      .filter((parameter) => ['FUNC_PARAM_TABLE', 'FUNC_PARAM_OUT'].includes(String(parameter['mode'])))
      .flatMap((parameter) => textOf(parameter['name']) ?? []);
    const text = new TextDecoder().decode(this.bytes().slice(from, length === 0 ? undefined : from + length));
    const body = this.body(fields, { text, columns, line });
    return () => {
      const outside = this.session.routine;
      this.session.register(head);
      this.session.enter(head);
      body();
      this.session.enter(outside);
    };
  }

  private body(
    fields: Fields,
    routine: { readonly text: string; readonly columns: readonly string[]; readonly line: number },
  ): () => void {
    const options = new Map(
      listOf(fields['options']).map((item) => {
        const option = nodeOf(item)?.fields ?? {};
        return [textOf(option['defname']) ?? '', option] as const;
      }),
    );
    const language = (textOf(options.get('language')?.['arg']) ?? 'sql').toLowerCase();
    const source = options.get('as');
    const line = source === undefined ? routine.line : this.reader.line(source['location']);
    const [text = ''] = textsOf(source?.['arg']);
    if (fields['sql_body'] !== undefined) return this.atomic(fields['sql_body'], routine.columns);
    if (language === 'sql') return () => this.sqlBody(text, line, routine.columns);
    if (language !== 'plpgsql')
      return () =>
        this.session
          .begin(line, 'other')
          .note('foreign-language', `The body is written in ${language.toUpperCase()}, line ${line}.`);
    return () => this.plpgsql(routine.text, text, { line, columns: routine.columns });
  }

  private atomic(body: unknown, columns: readonly string[]): () => void {
    const nodes: Node[] = [];
    const collect = (value: unknown): void => {
      const node = nodeOf(value);
      if (node === undefined || node.kind === 'List') for (const item of listOf(value)) collect(item);
      else nodes.push(node);
    };
    collect(body);
    const statements = nodes.map((node) => this.bodyStatement(node, columns));
    return () => {
      for (const statement of statements) this.apply(statement);
    };
  }

  private bodyStatement(node: Node, columns: readonly string[]): Statement {
    const line = this.reader.line(0);
    if (node.kind === 'ReturnStmt') {
      const expression = readExpression(this.reader, node.fields['returnval']);
      return asRead(valueQuery(expression, line), columns, line);
    }
    const statement = readStatementNode(this.reader, node, line);
    return statement.type === 'query' ? asRead(statement.query, columns, statement.line) : statement;
  }

  private sqlBody(text: string, line: number, columns: readonly string[]): void {
    const parsed = this.parser.parseSql(text);
    if ('problem' in parsed) {
      this.readBody(text, line, parsed.problem);
      return;
    }
    const inner = new Script(this.session, this.parser, text, openReader(text, line));
    const nodes = listOf(fieldsOf(parsed.tree)['stmts']).flatMap(
      (item) => nodeOf(fieldsOf(item)['stmt']) ?? [],
    );
    for (const node of nodes) inner.apply(inner.bodyStatement(node, columns));
  }

  private plpgsql(
    routine: string,
    body: string,
    place: { readonly line: number; readonly columns: readonly string[] },
  ): void {
    const parsed = this.parser.parseRoutine(routine);
    if ('problem' in parsed) this.readBody(body, place.line, parsed.problem);
    else new PlpgsqlBody(this.session, this.parser, place).run(parsed.tree);
  }

  /** The parser checks more than grammar: what it refuses is read without it. */
  private readBody(text: string, line: number, problem: string): void {
    this.session.reasons.push({
      code: 'parser-refused',
      line,
      text: `PostgreSQL's parser refuses the body (${problem}); it was read without it, line ${line}.`,
    });
    this.session.withoutParser(() => this.session.run(text, line));
  }

  private block(fields: Fields, line: number): () => void {
    const options = listOf(fields['args']).map((item) => nodeOf(item)?.fields ?? {});
    const body = textOf(options.find((option) => option['defname'] === 'as')?.['arg']) ?? '';
    const language = textOf(options.find((option) => option['defname'] === 'language')?.['arg']) ?? 'plpgsql';
    if (language !== 'plpgsql') return () => this.session.begin(line, 'other');
    const quoted = `'${body.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
    const routine = `CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS E${quoted}`;
    return () => this.plpgsql(routine, body, { line, columns: [] });
  }
}
