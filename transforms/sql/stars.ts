/** `*` through intermediates: a temporary table filled by `SELECT *` hands on whatever column is asked of it. */
import type { NodeColumnEdge } from './effect.ts';
import type { SelectItem } from './ir.ts';
import { columnKey } from './scope.ts';

/** What EXCEPT and REPLACE take from a star, in parentheses behind a space; empty if nothing. */
export function changesOfStar({ star }: Pick<SelectItem, 'star'>): string {
  const { except = [], replaced = [], renamed = [], like } = star ?? {};
  const changes = [
    ...(except.length === 0 ? [] : [`without ${except.join(', ')}`]),
    ...(replaced.length === 0 ? [] : [`${replaced.map(({ name }) => name).join(', ')} replaced`]),
    ...renamed.map(([from, to]) => `${from} renamed to ${to}`),
    ...(like === undefined ? [] : [`only those like '${like}'`]),
  ];
  return changes.length === 0 ? '' : ` (${changes.join('; ')})`;
}

/** Adds the edges by name that stars imply, up to the limit. */
export function expandStars(
  edges: readonly NodeColumnEdge[],
  isIntermediate: (node: string) => boolean,
  limit: number,
): readonly NodeColumnEdge[] {
  if (!edges.some((edge) => edge.sourceColumn === '*' || edge.targetColumn === '*')) return edges;
  return new StarExpansion(edges, isIntermediate, limit).run();
}

class StarExpansion {
  private readonly result: NodeColumnEdge[];
  private readonly seen = new Set<string>();
  /** Star edges by the intermediate that they fill, and by the one that they empty. */
  private readonly into = new Map<string, NodeColumnEdge[]>();
  private readonly outOf = new Map<string, NodeColumnEdge[]>();
  private readonly queue: NodeColumnEdge[];
  private readonly isIntermediate: (node: string) => boolean;
  private readonly limit: number;

  constructor(edges: readonly NodeColumnEdge[], isIntermediate: (node: string) => boolean, limit: number) {
    this.isIntermediate = isIntermediate;
    this.limit = limit;
    this.result = [...edges];
    this.queue = [...edges];
    for (const edge of edges) {
      this.seen.add(keyOf(edge));
      if (edge.sourceColumn !== '*' || edge.targetColumn !== '*') continue;
      if (edge.target !== null && isIntermediate(edge.target)) append(this.into, edge.target, edge);
      if (isIntermediate(edge.source)) append(this.outOf, edge.source, edge);
    }
  }

  run(): readonly NodeColumnEdge[] {
    for (let edge = this.queue.pop(); edge !== undefined; edge = this.queue.pop()) {
      if (this.result.length > this.limit) break;
      if (edge.sourceColumn !== '*') {
        // A named column is asked of a table that was filled by a star.
        for (const star of this.into.get(edge.source) ?? []) {
          // A record as a whole has no name: it is all columns of the table.
          const isWhole = edge.sourceColumn === '' && !this.isIntermediate(star.source);
          const sourceColumn = isWhole ? '*' : edge.sourceColumn;
          this.add({ ...star, sourceColumn, targetColumn: edge.sourceColumn });
        }
      }
      if (edge.target !== null && edge.targetColumn !== '*' && this.isIntermediate(edge.target)) {
        // A star empties a table that was filled by name.
        for (const star of this.outOf.get(edge.target) ?? []) {
          this.add({ ...star, sourceColumn: edge.targetColumn, targetColumn: edge.targetColumn });
        }
      }
    }
    return this.result;
  }

  private add(edge: NodeColumnEdge): void {
    const key = keyOf(edge);
    if (this.seen.has(key)) return;
    this.seen.add(key);
    this.result.push(edge);
    this.queue.push(edge);
  }
}

function keyOf(edge: NodeColumnEdge): string {
  return `${edge.source}\u0004${columnKey(edge.sourceColumn)}\u0004${edge.target ?? ''}\u0004${columnKey(edge.targetColumn)}`;
}

function append(map: Map<string, NodeColumnEdge[]>, key: string, edge: NodeColumnEdge): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [edge]);
  else list.push(edge);
}
