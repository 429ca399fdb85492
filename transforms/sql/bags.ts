/** Bags of expressions put together. */
import { emptyExpression, type Expression } from './ir.ts';

/** Joins bags. */
export function joinExpressions(list: readonly Expression[]): Expression {
  const [first, second] = list;
  if (first === undefined) return emptyExpression;
  if (second === undefined) return first;
  return {
    refs: list.flatMap((one) => one.refs),
    subqueries: list.flatMap((one) => one.subqueries),
    calls: list.flatMap((one) => one.calls),
  };
}
