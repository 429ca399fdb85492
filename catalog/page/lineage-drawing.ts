/** Draws lineage as SVG: data flows from left to right, a column for each step. */
import type { LineageGraph } from '../lineage.ts';
import { Html, html, shorten } from './html.ts';

/** One box of the drawing. */
export interface DrawnNode {
  readonly guid: string;
  readonly label: string;
  readonly typeName: string;
  readonly isProcess: boolean;
  readonly isDeleted: boolean;
}

const box = { width: 190, height: 46, gapX: 60, gapY: 18, margin: 20 };
const maxNodes = 200;

/**
 * The column of each entity: its longest way from one without sources. Ways that run in a circle are cut: a column grows at most
 * as often as there are entities.
 */
export function columnsOf(graph: LineageGraph): Map<string, number> {
  const columns = new Map([...graph.entities].map((guid) => [guid, 0]));
  const limit = columns.size;
  for (let round = 0; round < limit; round += 1) {
    let isMoved = false;
    for (const { from, to } of graph.relations) {
      const next = (columns.get(from) ?? 0) + 1;
      if (next <= (columns.get(to) ?? 0) || next >= limit) continue;
      columns.set(to, next);
      isMoved = true;
    }
    if (!isMoved) break;
  }
  return packed(columns);
}

/** Renumbers columns without gaps. */
function packed(columns: ReadonlyMap<string, number>): Map<string, number> {
  const used = [...new Set(columns.values())].sort((a, b) => a - b);
  const places = new Map(used.map((column, index) => [column, index]));
  return new Map([...columns].map(([guid, column]) => [guid, places.get(column) ?? 0]));
}

interface Place {
  readonly x: number;
  readonly y: number;
}

function place(nodes: readonly DrawnNode[], columns: ReadonlyMap<string, number>): Map<string, Place> {
  const rows = new Map<number, number>();
  const places = new Map<string, Place>();
  for (const { guid } of nodes) {
    const column = columns.get(guid) ?? 0;
    const row = rows.get(column) ?? 0;
    rows.set(column, row + 1);
    places.set(guid, {
      x: box.margin + column * (box.width + box.gapX),
      y: box.margin + row * (box.height + box.gapY),
    });
  }
  return places;
}

function drawNode(node: DrawnNode, { x, y }: Place, isHere: boolean): Html {
  const classes = [
    node.isProcess ? 'process' : 'data',
    ...(node.isDeleted ? ['gone'] : []),
    ...(isHere ? ['here'] : []),
  ];
  return html`<a href="/asset/${encodeURIComponent(node.guid)}"><g class="${classes.join(' ')}">
<title>${node.label} (${node.typeName}${node.isDeleted ? ', deleted' : ''})</title>
<rect x="${x}" y="${y}" width="${box.width}" height="${box.height}" rx="${node.isProcess ? 20 : 6}"/>
<text x="${x + 14}" y="${y + 20}">${shorten(node.label, 24)}</text>
<text class="kind" x="${x + 14}" y="${y + 36}">${shorten(node.typeName, 28)}</text></g></a>`;
}

function drawFlow(from: Place, to: Place): Html {
  const [x1, y1] = [from.x + box.width, from.y + box.height / 2];
  const [x2, y2] = [to.x - 7, to.y + box.height / 2];
  const bend = Math.max(24, Math.abs(x2 - x1) / 2);
  const path = `M${x1} ${y1} C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
  const tip = `M${x2 + 7} ${y2} l-9 -4.5 v9 z`;
  return html`<path class="flow" d="${path}"/><path class="tip" d="${tip}"/>`;
}

/** Draws a graph around one entity. Beyond 200 entities only the first ones are drawn. */
export function drawLineage(graph: LineageGraph, nodes: readonly DrawnNode[], here: string): Html {
  const shown = nodes.slice(0, maxNodes);
  const places = place(shown, columnsOf(graph));
  const xs = [...places.values()].map(({ x }) => x);
  const ys = [...places.values()].map(({ y }) => y);
  const width = Math.max(...xs, 0) + box.width + box.margin;
  const height = Math.max(...ys, 0) + box.height + box.margin;
  const flows = graph.relations.flatMap(({ from, to }) => {
    const [start, end] = [places.get(from), places.get(to)];
    return start === undefined || end === undefined ? [] : [drawFlow(start, end)];
  });
  const boxes = shown.flatMap((node) => {
    const at = places.get(node.guid);
    return at === undefined ? [] : [drawNode(node, at, node.guid === here)];
  });
  const note =
    nodes.length > maxNodes
      ? html`<p>Only the first ${maxNodes} of ${nodes.length} assets are drawn.</p>`
      : new Html('');
  return html`<div class="drawing"><svg width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="Lineage">
${flows}${boxes}</svg></div>${note}`;
}
