/** Expressions of the parse tree as bags of references, sub-queries and calls. */
import { type ColumnRef, type DirectKind, type Expression, type Name, type SubQuery } from '../ir.ts';
import { furtherKind } from '../kinds.ts';
import { aggregates } from '../words.ts';
import type { TreeReader } from './reader.ts';
import { type Fields, fieldsOf, listOf, type Node, nodeOf, numberOf, textsOf } from './tree.ts';

/** Reads one expression, or several as one. */
export function readExpression(reader: TreeReader, ...values: readonly unknown[]): Expression {
  const scanner = new Scanner(reader);
  const [only] = values;
  const node = values.length === 1 ? nodeOf(only) : undefined;
  if (node?.kind === 'ColumnRef') scanner.reference(node.fields, 'identity');
  else for (const value of values) scanner.walk(value, 'transformed');
  return { refs: scanner.refs, subqueries: scanner.subqueries, calls: scanner.calls };
}

/** The name of a function without the system's schema. */
export function functionName(fields: Fields): Name {
  const name = textsOf(fields['funcname']);
  return name[0] === 'pg_catalog' ? name.slice(1) : name;
}

/** Names a parameter of a statement that is run with USING, and of a function without names. */
export function parameterName(number: number): string {
  return `$${number}`;
}

class Scanner {
  readonly refs: ColumnRef[] = [];
  readonly subqueries: SubQuery[] = [];
  readonly calls: Name[] = [];
  private readonly reader: TreeReader;

  constructor(reader: TreeReader) {
    this.reader = reader;
  }

  walk(value: unknown, kind: DirectKind): void {
    this.reader.nested(() => {
      if (Array.isArray(value)) {
        for (const item of value) this.walk(item, kind);
        return;
      }
      const node = nodeOf(value);
      if (node === undefined) this.children(fieldsOf(value), kind);
      else this.node(node, kind);
    });
  }

  private node({ kind: name, fields }: Node, kind: DirectKind): void {
    switch (name) {
      case 'ColumnRef':
        this.reference(fields, kind);
        break;
      case 'ParamRef':
        this.refs.push(this.ref([parameterName(numberOf(fields['number']))], kind, fields, true));
        break;
      case 'SubLink':
        this.subLink(fields, kind);
        break;
      case 'FuncCall':
        this.call(fields, kind);
        break;
      case 'CaseExpr':
        this.walk(fields['arg'], furtherKind(kind, 'conditional'));
        this.walk(fields['args'], kind);
        this.walk(fields['defresult'], furtherKind(kind, 'transformed'));
        break;
      case 'CaseWhen':
        this.walk(fields['expr'], furtherKind(kind, 'conditional'));
        this.walk(fields['result'], furtherKind(kind, 'transformed'));
        break;
      case 'TypeName':
      case 'A_Const':
        break;
      default:
        this.children(fields, furtherKind(kind, 'transformed'));
    }
  }

  private children(fields: Fields, kind: DirectKind): void {
    for (const value of Object.values(fields))
      if (typeof value === 'object' && value !== null) this.walk(value, kind);
  }

  reference(fields: Fields, kind: DirectKind): void {
    const parts = listOf(fields['fields']).map((item) =>
      nodeOf(item)?.kind === 'A_Star' ? '*' : (textsOf([item])[0] ?? ''),
    );
    if (parts.length > 0) this.refs.push(this.ref(parts, kind, fields, false));
  }

  private ref(parts: Name, kind: DirectKind, fields: Fields, variable: boolean): ColumnRef {
    return { parts, kind, variable, line: this.reader.line(fields['location']) };
  }

  private subLink(fields: Fields, kind: DirectKind): void {
    const type = fields['subLinkType'];
    const compares = type === 'ANY_SUBLINK' || type === 'ALL_SUBLINK';
    const exists = type === 'EXISTS_SUBLINK';
    this.walk(fields['testexpr'], furtherKind(kind, 'conditional'));
    const select = nodeOf(fields['subselect']);
    if (select === undefined) return;
    const query = this.reader.select(select.fields);
    this.subqueries.push({
      query,
      kind: compares || exists ? furtherKind(kind, 'conditional') : kind,
      exists,
    });
  }

  private call(fields: Fields, kind: DirectKind): void {
    const name = functionName(fields);
    const [only] = name;
    if (name.length > 1) this.calls.push(name);
    const aggregated = name.length === 1 && only !== undefined && aggregates.hasText(only.toUpperCase());
    this.walk(fields['args'], furtherKind(kind, aggregated ? 'aggregated' : 'transformed'));
    this.walk(fields['agg_filter'], furtherKind(kind, 'conditional'));
    this.walk(fields['agg_order'], furtherKind(kind, 'window'));
    const over = fieldsOf(fields['over']);
    this.walk(over['partitionClause'], furtherKind(kind, 'window'));
    this.walk(over['orderClause'], furtherKind(kind, 'window'));
  }
}
