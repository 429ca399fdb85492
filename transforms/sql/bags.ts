/** Bags of expressions put together. */
import { type ColumnRef, emptyExpression, type Expression, type Name, type SubQuery } from './ir.ts';

/** Joins bags. */
export function joinExpressions(list: readonly Expression[]): Expression {
  const [first, second] = list;
  if (first === undefined) return emptyExpression;
  if (second === undefined) return first;
  const refs: ColumnRef[] = [];
  const subqueries: SubQuery[] = [];
  const calls: Name[] = [];
  for (const one of list) {
    for (const ref of one.refs) refs.push(ref);
    for (const subquery of one.subqueries) subqueries.push(subquery);
    for (const call of one.calls) calls.push(call);
  }
  return { refs, subqueries, calls };
}
