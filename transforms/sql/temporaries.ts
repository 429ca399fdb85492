/** Temporary tables that one routine makes and another one reads or fills: the same `#t` under two nodes. */
import type { Effect } from './effect.ts';
import type { Nodes } from './nodes.ts';
import type { Reason } from './reasons.ts';

/** The pairs of nodes that are one table, and a reason for each that nothing makes. */
export function bridgeTemporaries(
  effects: readonly Effect[],
  nodes: Nodes,
): { readonly bridges: readonly (readonly [string, string])[]; readonly reasons: readonly Reason[] } {
  const writers = new Map<string, Set<string>>();
  const readers = new Map<string, Map<string, number>>();
  for (const effect of effects) {
    for (const node of effect.writes) collect(writers, nodes, node)?.add(node);
    for (const node of effect.reads) {
      const part = nodes.sessionPart(node);
      if (part === undefined) continue;
      const lines = readers.get(part.key) ?? new Map<string, number>();
      if (!lines.has(node)) lines.set(node, effect.line);
      readers.set(part.key, lines);
    }
  }
  const bridges: (readonly [string, string])[] = [];
  const reasons: Reason[] = [];
  for (const [key, lines] of readers) {
    for (const [node, line] of lines) {
      const own = writers.get(key);
      if (own?.has(node) === true || nodes.isCreated(node)) continue;
      const others = [...(own ?? [])].filter(
        (writer) => nodes.sessionPart(writer)?.scope !== nodes.sessionPart(node)?.scope,
      );
      for (const writer of others) bridges.push([writer, node]);
      if (others.length === 0)
        reasons.push({
          code: 'temporary-table-not-created',
          line,
          text: `${nodes.display(node)} is read but nothing in this script makes it, line ${line}.`,
        });
    }
  }
  return { bridges: [...bridges, ...calleeBridges(writers, readers, nodes)], reasons };
}

function collect(map: Map<string, Set<string>>, nodes: Nodes, node: string): Set<string> | undefined {
  const part = nodes.sessionPart(node);
  if (part === undefined) return undefined;
  const set = map.get(part.key) ?? new Set<string>();
  map.set(part.key, set);
  return set;
}

/** A routine fills a table that its caller made: what the caller reads comes from there. */
function calleeBridges(
  writers: ReadonlyMap<string, ReadonlySet<string>>,
  readers: ReadonlyMap<string, ReadonlyMap<string, number>>,
  nodes: Nodes,
): readonly (readonly [string, string])[] {
  const bridges: (readonly [string, string])[] = [];
  for (const [key, own] of writers) {
    const foreign = [...own].filter((node) => !nodes.isCreated(node) && key.startsWith('#'));
    for (const reader of readers.get(key)?.keys() ?? []) {
      if (!nodes.isCreated(reader)) continue;
      for (const writer of foreign) if (writer !== reader) bridges.push([writer, reader]);
    }
  }
  return bridges;
}
