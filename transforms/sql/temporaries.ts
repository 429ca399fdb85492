/** Temporary tables that one routine makes and another one reads or fills: the same `#t` under two nodes. */
import type { Effect } from './effect.ts';
import type { Nodes } from './nodes.ts';
import type { Reason } from './reasons.ts';

/** The pairs of nodes that are one table, and a reason for each that nothing makes. */
export function bridgeTemporaries(
  effects: readonly Effect[],
  nodes: Nodes,
): { readonly bridges: readonly (readonly [string, string])[]; readonly reasons: readonly Reason[] } {
  if (!nodes.hasIntermediates) return { bridges: [], reasons: [] };
  const { writers, readers } = usesOf(effects, nodes);
  const bridges: (readonly [string, string])[] = [];
  const reasons: Reason[] = [];
  for (const [key, lines] of readers) {
    const own = new Set(writers.get(key));
    for (const [node, line] of lines) {
      if (own.has(node) || nodes.isCreated(node)) continue;
      const { scope } = nodes.sessionPart(node) ?? { scope: '' };
      const others = [...own].filter((writer) => nodes.sessionPart(writer)?.scope !== scope);
      for (const writer of others) bridges.push([writer, node]);
      if (others.length === 0) reasons.push(notCreated(nodes.display(node), line));
    }
  }
  return { bridges: [...bridges, ...calleeBridges(writers, readers, nodes)], reasons };
}

function notCreated(name: string, line: number): Reason {
  const text = `${name} is read but nothing in this script makes it, line ${line}.`;
  return { code: 'temporary-table-not-created', line, text };
}

interface Uses {
  /** The nodes that are written, by the key of their name. */
  readonly writers: ReadonlyMap<string, ReadonlySet<string>>;
  /** The nodes that are read, with the first line, by the key of their name. */
  readonly readers: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

function usesOf(effects: readonly Effect[], nodes: Nodes): Uses {
  const writers = new Map<string, Set<string>>();
  const readers = new Map<string, Map<string, number>>();
  for (const effect of effects) {
    for (const node of effect.writes.values()) {
      const key = nodes.sessionPart(node)?.key;
      if (key !== undefined) writers.set(key, (writers.get(key) ?? new Set<string>()).add(node));
    }
    for (const node of effect.reads.values()) {
      const key = nodes.sessionPart(node)?.key;
      if (key === undefined) continue;
      const lines = readers.get(key) ?? new Map<string, number>();
      if (!lines.has(node)) lines.set(node, effect.line);
      readers.set(key, lines);
    }
  }
  return { writers, readers };
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
