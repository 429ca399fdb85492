/** How far a value is from the plain column, as an order of kinds. */
import type { DirectKind } from './ir.ts';

const ranks: Readonly<Record<DirectKind, number>> = {
  identity: 0,
  transformed: 1,
  aggregated: 2,
  conditional: 3,
  window: 4,
};

/** The kind of a value that goes through both: the one further from the plain value. */
export function furtherKind(a: DirectKind, b: DirectKind): DirectKind {
  return ranks[a] >= ranks[b] ? a : b;
}

/** The kind that describes two paths between the same columns: the one nearer to the plain value. */
export function nearerKind(a: DirectKind, b: DirectKind): DirectKind {
  return ranks[a] <= ranks[b] ? a : b;
}
