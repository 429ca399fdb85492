/**
 * Sorts nodes such that each comes after those that it needs; nodes that need each other stand together. Nodes without a
 * need between them keep their order, and what a node needs stands right before it as far as possible, so that connected ones
 * end up in one batch. (Tarjan's strongly connected components, without recursion: depth depends on data.)
 *
 * @param provides keys that a node stands for
 * @param needs keys that must be there first; those that no node provides are left out
 * @returns groups in order; a group has more than one node only where they need each other
 */
export function dependencyOrder<T>(
  nodes: readonly T[],
  provides: (node: T) => Iterable<string>,
  needs: (node: T) => Iterable<string>,
): readonly (readonly T[])[] {
  const providers = new Map<string, number>();
  for (const [index, node] of nodes.entries()) {
    for (const key of provides(node)) if (!providers.has(key)) providers.set(key, index);
  }
  const edges = nodes.map((node, index) => {
    const targets = [...needs(node)]
      .map((key) => providers.get(key))
      .filter((target) => target !== undefined);
    return [...new Set(targets)].filter((target) => target !== index);
  });
  // As a rule they are in order already.
  if (edges.every((targets, node) => targets.every((target) => target < node)))
    return nodes.map((node) => [node]);
  return components(edges).map((component) => component.flatMap((index) => nodes.slice(index, index + 1)));
}

interface Visit {
  readonly node: number;
  readonly order: number;
  low: number;
  next: number;
  open: boolean;
}

function components(edges: readonly (readonly number[])[]): readonly (readonly number[])[] {
  const visits = new Map<number, Visit>();
  const found: number[][] = [];
  const stack: Visit[] = [];
  const begin = (node: number): Visit => {
    const visit = { node, order: visits.size, low: visits.size, next: 0, open: true };
    visits.set(node, visit);
    stack.push(visit);
    return visit;
  };
  for (const start of edges.keys()) {
    const path = visits.has(start) ? [] : [begin(start)];
    for (let visit = path.at(-1); visit !== undefined; visit = path.at(-1)) {
      const target = edges[visit.node]?.[visit.next];
      visit.next += 1;
      if (target === undefined) {
        path.pop();
        const parent = path.at(-1);
        if (parent !== undefined) parent.low = Math.min(parent.low, visit.low);
        if (visit.low === visit.order) found.push(close(stack, visit));
        continue;
      }
      const seen = visits.get(target);
      if (seen === undefined) path.push(begin(target));
      else if (seen.open) visit.low = Math.min(visit.low, seen.order);
    }
  }
  return found;
}

/** Takes a finished component off the stack, in the order in which its nodes came. */
function close(stack: Visit[], root: Visit): number[] {
  const component = stack.splice(stack.indexOf(root));
  for (const visit of component) visit.open = false;
  return component.map((visit) => visit.node).sort((a, b) => a - b);
}
