/** The lineage of statements between which nothing is left out: each edge once, which of few edges needs no numbers. */
import type { Effect, NodeColumnEdge, NodeIndirectEdge } from './effect.ts';
import type { ColumnEdge, GraphView, IndirectEdge, Lineage } from './lineage.ts';
import { columnKey } from './scope.ts';

/** Up to this many edges are compared with each other. */
const fewEdges = 24;

/** The edges of the effects; undefined if there are many. */
export function plainLineage(
  effects: readonly Effect[],
  { name }: GraphView,
): Pick<Lineage, 'tableEdges' | 'columnEdges' | 'indirectEdges' | 'cut'> | undefined {
  let tables = 0;
  let columns = 0;
  let indirect = 0;
  for (const effect of effects) {
    tables += effect.tableEdges.length;
    columns += effect.columnEdges.length;
    indirect += effect.indirectEdges.length;
  }
  if (tables > fewEdges || columns > fewEdges || indirect > fewEdges) return undefined;
  return {
    tableEdges: tableEdges(effects, name),
    columnEdges: columnEdges(effects, name),
    indirectEdges: indirectEdges(effects, name),
    cut: false,
  };
}

function tableEdges(effects: readonly Effect[], name: GraphView['name']): Lineage['tableEdges'] {
  const kept: (readonly [string, string])[] = [];
  for (const effect of effects) {
    for (const edge of effect.tableEdges) {
      const [source, target] = edge;
      if (!kept.some((one) => one[0] === source && one[1] === target)) kept.push(edge);
    }
  }
  return kept.map(([source, target]): readonly [string, string] => [name(source), name(target)]);
}

function columnEdges(effects: readonly Effect[], name: GraphView['name']): readonly ColumnEdge[] {
  const kept: NodeColumnEdge[] = [];
  const edges: ColumnEdge[] = [];
  for (const effect of effects) {
    for (const edge of effect.columnEdges) {
      if (isKept(kept, edge)) continue;
      kept.push(edge);
      const { source, target, sourceColumn, targetColumn, kind } = edge;
      if (kind === 'identity' && source === target && isSame(sourceColumn, targetColumn)) continue;
      edges.push({
        sourceTable: source === '' ? null : name(source),
        sourceColumn,
        targetTable: target === null ? null : name(target),
        targetColumn,
        kind,
      });
    }
  }
  return edges;
}

function isKept(kept: readonly NodeColumnEdge[], edge: NodeColumnEdge): boolean {
  for (const one of kept)
    if (
      one.source === edge.source &&
      one.target === edge.target &&
      isSame(one.sourceColumn, edge.sourceColumn) &&
      isSame(one.targetColumn, edge.targetColumn)
    )
      return true;
  return false;
}

function isSame(a: string, b: string): boolean {
  return a === b || columnKey(a) === columnKey(b);
}

function indirectEdges(effects: readonly Effect[], name: GraphView['name']): readonly IndirectEdge[] {
  const kept: NodeIndirectEdge[] = [];
  for (const effect of effects)
    for (const edge of effect.indirectEdges)
      if (!kept.some((one) => isSameInfluence(one, edge))) kept.push(edge);
  return kept.map(({ source, sourceColumn, target, kind }) => ({
    sourceTable: name(source),
    sourceColumn,
    targetTable: target === null ? null : name(target),
    kind,
  }));
}

function isSameInfluence(a: NodeIndirectEdge, b: NodeIndirectEdge): boolean {
  return (
    a.source === b.source &&
    a.target === b.target &&
    a.kind === b.kind &&
    isSame(a.sourceColumn, b.sourceColumn)
  );
}
