/** Queries that the parse tree does not hold: of one value, and around another one. */
import { emptyExpression, type Expression, type Query, type Statement } from '../ir.ts';

/** A query of one value. */
export function valueQuery(expression: Expression, line: number): Query {
  return {
    with: [],
    branches: [
      {
        type: 'select',
        items: [{ name: '', expression, line }],
        into: [],
        intoTemporary: false,
        from: [],
        filters: emptyExpression,
        joins: emptyExpression,
        groups: emptyExpression,
        sorts: emptyExpression,
        line,
      },
    ],
    feeds: [true],
  };
}

/** A query whose rows go to variables, or are handed out under other names. */
export function asRead(
  query: Query,
  columns: readonly string[],
  line: number,
  into: readonly string[] = [],
): Statement {
  const star = { name: '*', expression: emptyExpression, star: { qualifier: [], except: [] }, line };
  const source = { type: 'query', name: [], alias: 'r', columns, query, pivots: [], line } as const;
  const [outer] = valueQuery(emptyExpression, line).branches;
  const branch =
    outer?.type === 'select'
      ? { ...outer, items: [star], from: [source], into: into.map((name) => [name]) }
      : undefined;
  const wrapped: Query = { with: [], branches: branch === undefined ? [] : [branch], feeds: [true] };
  return { type: 'query', query: wrapped, cursor: undefined, into: [], line, with: [] };
}
