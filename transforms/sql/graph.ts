/** The effects of many statements as one lineage: with temporary tables and variables collapsed, or as they are. */
import { collapse } from './collapse.ts';
import type { Effect, NodeColumnEdge, NodeIndirectEdge } from './effect.ts';
import { furtherKind } from './kinds.ts';
import type { DirectKind } from './ir.ts';
import { maxScriptEdges } from './limits.ts';
import type { Nodes } from './nodes.ts';
import type { IndirectKind } from './resolver.ts';
import { columnKey } from './scope.ts';
import { expandStars } from './stars.ts';

/** A value from a column to a column; a source table of null could not be told, a target of null is a bare query. */
export interface ColumnEdge {
  readonly sourceTable: string | null;
  readonly sourceColumn: string;
  readonly targetTable: string | null;
  readonly targetColumn: string;
  readonly kind: DirectKind;
}

/** A column that steers the rows of a table without being part of a value. */
export interface IndirectEdge {
  readonly sourceTable: string;
  readonly sourceColumn: string;
  readonly targetTable: string | null;
  readonly kind: IndirectKind;
}

/** Reads, writes and edges in names. */
export interface Lineage {
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  readonly tableEdges: readonly (readonly [string, string])[];
  readonly columnEdges: readonly ColumnEdge[];
  readonly indirectEdges: readonly IndirectEdge[];
  /** True if edges were left out because there are too many. */
  readonly cut: boolean;
}

/** How nodes are shown. */
export interface GraphView {
  readonly nodes: Nodes;
  /** Nodes that are left out: all intermediates, or only variables. */
  readonly hidden: (node: string) => boolean;
  readonly name: (node: string) => string;
}

/** The lineage of the effects together. `bridges`: nodes that are one table under two names. */
export function lineageOf(
  effects: readonly Effect[],
  view: GraphView,
  bridges: readonly (readonly [string, string])[] = [],
): Lineage {
  const shown = (node: string): boolean => !view.hidden(node);
  const reads = new Set<string>();
  const writes = new Set<string>();
  for (const effect of effects) {
    for (const node of effect.reads) if (shown(node)) reads.add(view.name(node));
    for (const node of effect.writes) if (shown(node)) writes.add(view.name(node));
  }
  const tables = tableEdges(effects, view, bridges);
  const columns = columnEdges(effects, view, bridges);
  const indirect = indirectEdges(effects, view, bridges);
  return {
    reads: [...reads],
    writes: [...writes],
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
  const all = [...effects.flatMap((effect) => [...effect.tableEdges.values()]), ...bridges];
  const links = all.map(([source, target]) => ({ source, target, data: undefined }));
  const collapsed = collapse({
    links,
    isIntermediate: view.hidden,
    join: () => undefined,
    limit: maxScriptEdges,
  });
  const edges = collapsed.links
    .filter((link) => link.source !== link.target)
    .map((link) => [view.name(link.source), view.name(link.target)] as const);
  return { edges, cut: collapsed.cut };
}

interface Ends {
  readonly sourceColumn: string;
  readonly targetColumn: string;
  readonly kind: DirectKind;
}

function columnNode(table: string | null, column: string): string {
  return `${table ?? '\u0005'}\u0004${columnKey(column)}`;
}

function columnEdges(
  effects: readonly Effect[],
  view: GraphView,
  bridges: Bridges,
): { edges: readonly ColumnEdge[]; cut: boolean } {
  const stars = bridges.map(
    ([source, target]): NodeColumnEdge => ({
      source,
      sourceColumn: '*',
      target,
      targetColumn: '*',
      kind: 'identity',
    }),
  );
  const all = expandStars(
    [...effects.flatMap((effect) => effect.columnEdges), ...stars],
    view.hidden,
    maxScriptEdges,
  );
  const links = all.map((edge) => ({
    source: columnNode(edge.source, edge.sourceColumn),
    target: columnNode(edge.target, edge.targetColumn),
    data: { sourceColumn: edge.sourceColumn, targetColumn: edge.targetColumn, kind: edge.kind },
  }));
  const collapsed = collapse<Ends>({
    links,
    isIntermediate: (key) => view.hidden(tableOf(key)),
    join: (first, second) => ({
      sourceColumn: first.sourceColumn,
      targetColumn: second.targetColumn,
      kind: furtherKind(first.kind, second.kind),
    }),
    limit: maxScriptEdges,
  });
  const edges = collapsed.links
    .filter((link) => link.source !== link.target || link.data.kind !== 'identity')
    .map(({ source, target, data }): ColumnEdge => {
      const from = tableOf(source);
      const to = tableOf(target);
      return {
        sourceTable: from === '' ? null : view.name(from),
        sourceColumn: data.sourceColumn,
        targetTable: to === '\u0005' ? null : view.name(to),
        targetColumn: data.targetColumn,
        kind: data.kind,
      };
    });
  return { edges, cut: collapsed.cut };
}

function tableOf(key: string): string {
  return key.slice(0, key.indexOf('\u0004'));
}

function indirectEdges(
  effects: readonly Effect[],
  view: GraphView,
  bridges: Bridges,
): { edges: readonly IndirectEdge[]; cut: boolean } {
  // What filters a temporary table filters what is made of it: first along the column, then along the tables.
  const result = new Map<string, IndirectEdge>();
  const tables = [...effects.flatMap((effect) => [...effect.tableEdges.values()]), ...bridges];
  const reach = reachable(tables, view.hidden);
  for (const effect of effects) {
    for (const edge of effect.indirectEdges) {
      if (view.hidden(edge.source)) continue;
      for (const target of edge.target !== null && view.hidden(edge.target)
        ? reach(edge.target)
        : [edge.target]) {
        if (result.size > maxScriptEdges) return { edges: [...result.values()], cut: true };
        addIndirect(result, view, edge, target);
      }
    }
  }
  return { edges: [...result.values()], cut: false };
}

function addIndirect(
  result: Map<string, IndirectEdge>,
  view: GraphView,
  edge: NodeIndirectEdge,
  target: string | null,
): void {
  const key = `${edge.kind} ${edge.source} ${columnKey(edge.sourceColumn)} ${target ?? ''}`;
  if (result.has(key)) return;
  result.set(key, {
    sourceTable: view.name(edge.source),
    sourceColumn: edge.sourceColumn,
    targetTable: target === null ? null : view.name(target),
    kind: edge.kind,
  });
}

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
