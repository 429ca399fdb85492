/** The effects of many statements as one lineage: with temporary tables and variables collapsed, or as they are. */
import { collapse, type Link } from './collapse.ts';
import type { Effect, NodeColumnEdge, NodeIndirectEdge } from './effect.ts';
import { furtherKind } from './kinds.ts';
import { maxScriptEdges } from './limits.ts';
import type { ColumnEdge, GraphView, IndirectEdge, Lineage } from './lineage.ts';
import { NameSet } from './name-set.ts';
import { NodeNumbers } from './node-numbers.ts';
import { plainLineage } from './plain-lineage.ts';
import type { IndirectKind } from './seen.ts';
import { expandStars } from './stars.ts';

/** The lineage of the effects together. `bridges`: nodes that are one table under two names. */
export function lineageOf(
  effects: readonly Effect[],
  view: GraphView,
  bridges: readonly (readonly [string, string])[] = [],
): Lineage {
  const shown = (node: string): boolean => !view.hides || !view.hidden(node);
  const reads = new NameSet();
  const writes = new NameSet();
  for (const effect of effects) {
    for (const node of effect.reads.values()) if (shown(node)) reads.add(view.name(node));
    for (const node of effect.writes.values()) if (shown(node)) writes.add(view.name(node));
  }
  const plain = view.hides || bridges.length > 0 ? undefined : plainLineage(effects, view);
  if (plain !== undefined) return { reads: reads.values(), writes: writes.values(), ...plain };
  const tables = tableEdges(effects, view, bridges);
  const columns = columnEdges(effects, view, bridges);
  const indirect = indirectEdges(effects, view, bridges);
  return {
    reads: reads.values(),
    writes: writes.values(),
    tableEdges: tables.edges,
    columnEdges: columns.edges,
    indirectEdges: indirect.edges,
    cut: tables.cut || columns.cut || indirect.cut,
  };
}

type Bridges = readonly (readonly [string, string])[];

function tableEdges(
  effects: readonly Effect[],
  view: GraphView,
  bridges: Bridges,
): { edges: readonly (readonly [string, string])[]; cut: boolean } {
  const numbers = new NodeNumbers(view.hidden);
  const links: Link<undefined>[] = [];
  const add = ([source, target]: readonly [string, string]): void => {
    links.push({ source: numbers.ofTable(source), target: numbers.ofTable(target), data: undefined });
  };
  for (const effect of effects) for (const edge of effect.tableEdges) add(edge);
  for (const bridge of bridges) add(bridge);
  const collapsed = collapse({
    links,
    isIntermediate: (node) => numbers.hidden(node),
    join: () => undefined,
    limit: maxScriptEdges,
  });
  const edges: (readonly [string, string])[] = [];
  for (const { source, target } of collapsed.links)
    if (source !== target)
      edges.push([view.name(numbers.tableOf(source) ?? ''), view.name(numbers.tableOf(target) ?? '')]);
  return { edges, cut: collapsed.cut };
}

function columnEdges(
  effects: readonly Effect[],
  view: GraphView,
  bridges: Bridges,
): { edges: readonly ColumnEdge[]; cut: boolean } {
  const all: NodeColumnEdge[] = [];
  for (const effect of effects) for (const edge of effect.columnEdges) all.push(edge);
  for (const [source, target] of bridges)
    all.push({ source, sourceColumn: '*', target, targetColumn: '*', kind: 'identity' });
  const numbers = new NodeNumbers(view.hidden);
  const links: Link<NodeColumnEdge>[] = [];
  for (const edge of expandStars(all, view.hidden, maxScriptEdges)) {
    const source = numbers.ofColumn(edge.source, edge.sourceColumn);
    links.push({ source, target: numbers.ofColumn(edge.target, edge.targetColumn), data: edge });
  }
  const collapsed = collapse<NodeColumnEdge>({
    links,
    isIntermediate: (node) => numbers.hidden(node),
    join: (first, second) => ({
      source: first.source,
      sourceColumn: first.sourceColumn,
      target: second.target,
      targetColumn: second.targetColumn,
      kind: furtherKind(first.kind, second.kind),
    }),
    limit: maxScriptEdges,
  });
  const edges: ColumnEdge[] = [];
  for (const { source, target, data } of collapsed.links) {
    if (source === target && data.kind === 'identity') continue;
    edges.push({
      sourceTable: data.source === '' ? null : view.name(data.source),
      sourceColumn: data.sourceColumn,
      targetTable: data.target === null ? null : view.name(data.target),
      targetColumn: data.targetColumn,
      kind: data.kind,
    });
  }
  return { edges, cut: collapsed.cut };
}

function indirectEdges(
  effects: readonly Effect[],
  view: GraphView,
  bridges: Bridges,
): { edges: readonly IndirectEdge[]; cut: boolean } {
  // What filters a temporary table filters what is made of it: first along the column, then along the tables.
  const found = new IndirectEdges(view);
  let reach: ((node: string) => readonly string[]) | undefined;
  for (const effect of effects) {
    for (const edge of effect.indirectEdges) {
      if (view.hidden(edge.source)) continue;
      if (edge.target === null || !view.hidden(edge.target)) {
        found.add(edge, edge.target);
        continue;
      }
      reach ??= reachable([...effects.flatMap((other) => other.tableEdges), ...bridges], view.hidden);
      for (const target of reach(edge.target)) {
        if (found.edges.length > maxScriptEdges) return { edges: found.edges, cut: true };
        found.add(edge, target);
      }
    }
  }
  return { edges: found.edges, cut: false };
}

/** Indirect edges, each once. */
class IndirectEdges {
  readonly edges: IndirectEdge[] = [];
  private readonly seen = new Set<number>();
  private readonly numbers: NodeNumbers;
  private readonly view: GraphView;

  constructor(view: GraphView) {
    this.view = view;
    this.numbers = new NodeNumbers(view.hidden);
  }

  add(edge: NodeIndirectEdge, target: string | null): void {
    const source = this.numbers.ofColumn(edge.source, edge.sourceColumn);
    const key =
      (source * pairFactor + this.numbers.ofTable(target)) * indirectKinds.length +
      indirectKinds.indexOf(edge.kind);
    if (this.seen.has(key)) return;
    this.seen.add(key);
    this.edges.push({
      sourceTable: this.view.name(edge.source),
      sourceColumn: edge.sourceColumn,
      targetTable: target === null ? null : this.view.name(target),
      kind: edge.kind,
    });
  }
}

/** Columns and tables of a script stay below 2^24, so that a pair with its kind is a whole number. */
const pairFactor = 2 ** 24;
const indirectKinds: readonly IndirectKind[] = ['filter', 'join', 'group', 'sort'];

/** The shown tables that an intermediate reaches. */
function reachable(
  edges: readonly (readonly [string, string])[],
  hidden: (node: string) => boolean,
): (node: string) => readonly string[] {
  const outgoing = new Map<string, string[]>();
  for (const [source, target] of edges) {
    if (!hidden(source)) continue;
    const list = outgoing.get(source);
    if (list === undefined) outgoing.set(source, [target]);
    else list.push(target);
  }
  const known = new Map<string, readonly string[]>();
  return (start) => {
    const before = known.get(start);
    if (before !== undefined) return before;
    const seen = new Set([start]);
    const queue = [start];
    const found: string[] = [];
    for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
      for (const next of outgoing.get(node) ?? []) {
        if (seen.has(next)) continue;
        seen.add(next);
        if (hidden(next)) queue.push(next);
        else found.push(next);
      }
    }
    known.set(start, found);
    return found;
  };
}
