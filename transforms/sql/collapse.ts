/**
 * Removes intermediates from a graph: every edge that leaves one is replaced by edges from where its contents come
 * from. Works on edges of tables and of columns; cycles (loops that fill a table from itself) end by themselves.
 */

/** A directed edge between nodes (numbers from 0, below 2^26), with what is kept of it. */
export interface Link<Data> {
  readonly source: number;
  readonly target: number;
  readonly data: Data;
}

/** What collapse needs to know. */
export interface CollapseInput<Data> {
  readonly links: readonly Link<Data>[];
  readonly isIntermediate: (node: number) => boolean;
  /** Joins what is kept of two edges in a row, nearer to the source first. */
  readonly join: (first: Data, second: Data) => Data;
  /** The most edges to give. */
  readonly limit: number;
}

/** Two nodes as one number: both stay below 2^26, so the pair stays a whole number. */
const pairFactor = 2 ** 26;

/** The edges between nodes that are no intermediates; `cut` if the limit was passed. */
export function collapse<Data>(input: CollapseInput<Data>): {
  readonly links: readonly Link<Data>[];
  readonly cut: boolean;
} {
  const incoming = new Map<number, Link<Data>[]>();
  for (const link of input.links) {
    if (!input.isIntermediate(link.target)) continue;
    const list = incoming.get(link.target);
    if (list === undefined) incoming.set(link.target, [link]);
    else list.push(link);
  }
  const roots = new Map<number, readonly Link<Data>[]>();
  const result = new Map<number, Link<Data>>();
  let budget = input.limit * 4;
  for (const link of input.links) {
    if (input.isIntermediate(link.target)) continue;
    if (!input.isIntermediate(link.source)) {
      keep(result, link);
      continue;
    }
    let found = roots.get(link.source);
    if (found === undefined) {
      const walk = rootsOf(link.source, incoming, input, budget);
      found = walk.links;
      budget -= walk.steps;
      roots.set(link.source, found);
    }
    for (const root of found) {
      if (--budget <= 0 || result.size >= input.limit) return { links: [...result.values()], cut: true };
      keep(result, { source: root.source, target: link.target, data: input.join(root.data, link.data) });
    }
  }
  return { links: [...result.values()], cut: false };
}

function keep<Data>(result: Map<number, Link<Data>>, link: Link<Data>): void {
  const key = link.source * pairFactor + link.target;
  if (!result.has(key)) result.set(key, link);
}

/** Where an intermediate's contents come from in the end. */
function rootsOf<Data>(
  start: number,
  incoming: ReadonlyMap<number, readonly Link<Data>[]>,
  input: CollapseInput<Data>,
  budget: number,
): { links: readonly Link<Data>[]; steps: number } {
  const seen = new Set([start]);
  const links: Link<Data>[] = [];
  const queue: { at: number; data: Data | undefined }[] = [{ at: start, data: undefined }];
  let steps = 0;
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    for (const link of incoming.get(next.at) ?? []) {
      if (++steps > budget) return { links, steps };
      const data = next.data === undefined ? link.data : input.join(link.data, next.data);
      if (!input.isIntermediate(link.source)) links.push({ source: link.source, target: start, data });
      else if (!seen.has(link.source)) {
        seen.add(link.source);
        queue.push({ at: link.source, data });
      }
    }
  }
  return { links, steps };
}
