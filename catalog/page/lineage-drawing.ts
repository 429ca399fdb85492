/** Draws the lineage around an asset as SVG. */
import type { LineageGraph } from '../lineage.ts';
import { Html, html, shorten } from './html.ts';
import { columnsOf, type FlowLine, layOut, type Point, sizes } from './lineage-layout.ts';

/** One box of the drawing. */
export interface DrawnNode {
  readonly guid: string;
  readonly label: string;
  readonly typeName: string;
  readonly isProcess: boolean;
  readonly isDeleted: boolean;
}

const maxNodes = 200;

/** The most columns that fit a page's width of 1080 pixels at two thirds of their size; below that, text is hard to read. */
export const maxColumns = 7;

/** The entities by their distance from one of them, in relations of either direction; nearest first. */
function distances(graph: LineageGraph, here: string): Map<string, number> {
  const near = new Map([...graph.entities].map((guid): [string, string[]] => [guid, []]));
  for (const { from, to } of graph.relations) {
    near.get(from)?.push(to);
    near.get(to)?.push(from);
  }
  const found = new Map([[here, 0]]);
  // A Map's iterator also gives what is added while it runs.
  for (const [guid, distance] of found) {
    for (const next of near.get(guid) ?? []) if (!found.has(next)) found.set(next, distance + 1);
  }
  return found;
}

/**
 * The part of a graph around one entity that is drawn: at most 200 entities, and so few steps that it has 7 columns at most. One step
 * is always drawn.
 */
export function partAround(graph: LineageGraph, here: string): LineageGraph {
  const nearest = [...distances(graph, here)].slice(0, maxNodes);
  const partWithin = (steps: number): LineageGraph => {
    const entities = new Set(nearest.flatMap(([guid, distance]) => (distance <= steps ? [guid] : [])));
    const relations = graph.relations.filter(({ from, to }) => entities.has(from) && entities.has(to));
    return { entities, relations };
  };
  let steps = nearest.at(-1)?.[1] ?? 0;
  let part = partWithin(steps);
  while (steps > 1 && Math.max(...columnsOf(part).values()) >= maxColumns) {
    steps -= 1;
    part = partWithin(steps);
  }
  return part;
}

function drawNode(node: DrawnNode, { x, y }: Point, isHere: boolean): Html {
  const classes = [
    node.isProcess ? 'process' : 'data',
    ...(node.isDeleted ? ['gone'] : []),
    ...(isHere ? ['here'] : []),
  ];
  return html`<a href="/asset/${encodeURIComponent(node.guid)}"><g class="${classes.join(' ')}">
<title>${node.label} (${node.typeName}${node.isDeleted ? ', deleted' : ''})</title>
<rect x="${x}" y="${y}" width="${sizes.width}" height="${sizes.height}" rx="${node.isProcess ? 20 : 6}"/>
<text x="${x + 12}" y="${y + 20}">${shorten(node.label, 19)}</text>
<text class="kind" x="${x + 12}" y="${y + 37}">${shorten(node.typeName, 24)}</text></g></a>`;
}

function drawFlow({ points }: FlowLine): Html {
  const [start, ...rest] = points.map(({ x, y }) => `${x} ${y}`);
  const end = points.at(-1);
  if (start === undefined || end === undefined) return new Html('');
  const tip = `M${end.x + sizes.tip} ${end.y} l-9 -4.5 v9 z`;
  return html`<path class="flow" d="M${start} C${rest.join(' ')}"/><path class="tip" d="${tip}"/>`;
}

/** Draws the part of a graph around one entity, {@link partAround}, and says how many entities are left out. */
export function drawLineage(graph: LineageGraph, nodes: readonly DrawnNode[], here: string): Html {
  const layout = layOut(partAround(graph, here));
  const boxes = nodes.flatMap((node) => {
    const at = layout.boxes.get(node.guid);
    return at === undefined ? [] : [drawNode(node, at, node.guid === here)];
  });
  const { width, height, columns } = layout;
  const note =
    boxes.length < nodes.length
      ? html`<p>The nearest ${boxes.length} of ${nodes.length} assets are drawn; open one to see what is around it.</p>`
      : new Html('');
  return html`<div class="drawing"><svg class="columns-${columns}" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="Lineage">
${layout.lines.map(drawFlow)}${boxes}</svg></div>${note}`;
}
