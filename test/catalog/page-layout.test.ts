import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LineageGraph } from '../../catalog/lineage.ts';
import { type DrawnNode, drawLineage, maxColumns, partAround } from '../../catalog/page/lineage-drawing.ts';
import {
  columnsOf,
  type FlowLine,
  type Layout,
  layOut,
  type Point,
  sizes,
  widthOf,
} from '../../catalog/page/lineage-layout.ts';

function graphOf(links: readonly (readonly [string, string])[]): LineageGraph {
  return {
    entities: new Set(links.flat()),
    relations: links.map(([from, to]) => ({ from, to, relationship: `${from} ${to}` })),
  };
}

/** Points along a line's curves, ends included. */
function along({ points }: FlowLine): Point[] {
  const found: Point[] = [];
  for (let start = 0; start + 3 < points.length; start += 3) {
    const [a, b, c, d] = points.slice(start, start + 4);
    if (!a || !b || !c || !d) throw new Error('a curve has four points');
    for (let step = 0; step <= 40; step += 1) {
      const t = step / 40;
      const [wa, wb, wc, wd] = [(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t ** 2 * (1 - t), t ** 3];
      found.push({
        x: wa * a.x + wb * b.x + wc * c.x + wd * d.x,
        y: wa * a.y + wb * b.y + wc * c.y + wd * d.y,
      });
    }
  }
  return found;
}

interface Area extends Point {
  readonly width: number;
  readonly height: number;
}

function isWithin(point: Point, { x, y, width, height }: Area): boolean {
  return point.x > x && point.x < x + width && point.y > y && point.y < y + height;
}

/** Says which boxes overlap or leave the drawing. */
function boxFaults({ boxes, width, height }: Layout): string[] {
  const found: string[] = [];
  for (const [guid, { x, y }] of boxes) {
    const end = { x: x + sizes.width, y: y + sizes.height };
    const drawing = { x: 0, y: 0, width, height };
    if (!isWithin({ x, y }, drawing) || !isWithin(end, drawing)) found.push(`${guid} outside`);
    for (const [other, at] of boxes) {
      const isApart = Math.abs(at.x - x) >= sizes.width || Math.abs(at.y - y) >= sizes.height;
      if (other !== guid && !isApart) found.push(`${guid} over ${other}`);
    }
  }
  return found;
}

/** Says which line leaves the drawing, or runs behind a box: its own ends too, save where it touches their border. */
function lineFaults({ boxes, lines, width, height }: Layout): string[] {
  return lines.flatMap((line) => {
    const points = along(line);
    const isOutside = points.some((point) => !isWithin(point, { x: 0, y: 0, width, height }));
    const crossed = [...boxes].filter(([, { x, y }]) =>
      points.some((point) => isWithin(point, { x, y, width: sizes.width, height: sizes.height })),
    );
    const name = `${line.from} to ${line.to}`;
    return [...(isOutside ? [`${name} outside`] : []), ...crossed.map(([guid]) => `${name} behind ${guid}`)];
  });
}

function faults(layout: Layout): string[] {
  return [...boxFaults(layout), ...lineFaults(layout)];
}

/** Graphs of up to 12 entities; without circles, links go from lower to higher numbers. */
function arbitraryGraph(hasCircles: boolean): fc.Arbitrary<LineageGraph> {
  const number = fc.integer({ min: 0, max: 11 });
  return fc.array(fc.tuple(number, number), { minLength: 1, maxLength: 24 }).map((pairs) =>
    graphOf(
      pairs.map(([a, b]) => {
        const [from, to] = hasCircles || a < b ? [a, b] : [b, a === b ? a + 1 : a];
        return [`n${from}`, `n${to}`];
      }),
    ),
  );
}

/** A view that reads a table directly and over a job; tables that a job reads from several columns. */
const shop = graphOf([
  ['files', 'import_orders'],
  ['import_orders', 'order_lines'],
  ['order_lines', 'import_catalog'],
  ['import_catalog', 'products'],
  ['order_lines', 'top_products@definition'],
  ['products', 'top_products@definition'],
  ['files', 'top_products@definition'],
  ['top_products@definition', 'top_products'],
]);

describe('columnsOf()', () => {
  test('columnsOf() puts every flow forward when there is no circle', () => {
    expect([
      ...columnsOf(
        graphOf([
          ['a', 'p'],
          ['p', 'b'],
          ['a', 'b'],
        ]),
      ),
    ]).toEqual([
      ['a', 0],
      ['p', 1],
      ['b', 2],
    ]);
    fc.assert(
      fc.property(arbitraryGraph(false), (graph) => {
        const columns = columnsOf(graph);
        for (const { from, to } of graph.relations)
          expect(columns.get(to) ?? 0).toBeGreaterThan(columns.get(from) ?? 0);
      }),
    );
  });

  test('columnsOf() cuts a circle at one link and keeps what follows in order', () => {
    const columns = columnsOf(
      graphOf([
        ['a', 'p'],
        ['p', 'b'],
        ['b', 'q'],
        ['q', 'a'],
        ['b', 'r'],
      ]),
    );
    expect(Object.fromEntries(columns)).toEqual({ a: 0, p: 1, b: 2, q: 3, r: 3 });
  });
});

describe('layOut()', () => {
  test('layOut() leads a line that skips columns around their boxes', () => {
    const layout = layOut(shop);
    expect(faults(layout)).toEqual([]);
    expect(layout.lines).toHaveLength(shop.relations.length);
    const long = layout.lines.find(({ from, to }) => from === 'files' && to === 'top_products@definition');
    expect(long?.points.length).toBeGreaterThan(4);
  });

  test('layOut() crosses no box and stays inside the drawing, whatever the graph', () => {
    for (const hasCircles of [false, true]) {
      fc.assert(
        fc.property(arbitraryGraph(hasCircles), (graph) => {
          const layout = layOut(graph);
          expect(layout.boxes.size).toBe(graph.entities.size);
          expect(layout.lines).toHaveLength(new Set(graph.relations.map((link) => link.relationship)).size);
          expect(faults(layout)).toEqual([]);
        }),
        { numRuns: 300 },
      );
    }
  });

  test('layOut() ends each line at its own boxes', () => {
    fc.assert(
      fc.property(arbitraryGraph(true), (graph) => {
        const { boxes, lines } = layOut(graph);
        for (const { from, to, points } of lines) {
          const [start, end] = [boxes.get(from), boxes.get(to)];
          const half = sizes.height / 2;
          expect(points[0]).toEqual({ x: (start?.x ?? 0) + sizes.width, y: (start?.y ?? 0) + half });
          expect(points.at(-1)).toEqual({ x: (end?.x ?? 0) - sizes.tip, y: (end?.y ?? 0) + half });
        }
      }),
    );
  });
});

describe('partAround()', () => {
  const chain = graphOf(Array.from({ length: 30 }, (_, index) => [`c${index}`, `c${index + 1}`] as const));

  test('partAround() keeps the focus and draws no more columns than can be read', () => {
    for (const here of ['c0', 'c15', 'c30']) {
      const part = partAround(chain, here);
      const layout = layOut(part);
      expect(part.entities).toContain(here);
      expect(layout.columns).toBe(maxColumns);
    }
    expect(widthOf(maxColumns)).toBeLessThanOrEqual(1.55 * 1080);
  });

  test('partAround() has the focus inside the drawing, whatever the graph', () => {
    fc.assert(
      fc.property(arbitraryGraph(true), fc.nat(), (graph, pick) => {
        const here = [...graph.entities][pick % graph.entities.size] ?? '';
        const { boxes, width, height } = layOut(partAround(graph, here));
        const at = boxes.get(here);
        expect(at?.x).toBeGreaterThanOrEqual(0);
        expect(at?.y).toBeGreaterThanOrEqual(0);
        expect((at?.x ?? 0) + sizes.width).toBeLessThanOrEqual(width);
        expect((at?.y ?? 0) + sizes.height).toBeLessThanOrEqual(height);
      }),
    );
  });

  test('drawLineage() keeps the focus among the nearest 200 and says how many are left out', () => {
    const star = graphOf(Array.from({ length: 300 }, (_, index) => [`s${index}`, 'hub'] as const));
    const node = (guid: string): DrawnNode => ({
      guid,
      label: guid,
      typeName: 'DataSet',
      isProcess: false,
      isDeleted: false,
    });
    const nodes = [...star.entities].map(node);
    const drawn = drawLineage(star, nodes, 's299').text;
    expect(drawn.match(/<rect/g)).toHaveLength(200);
    expect(drawn).toContain('The nearest 200 of 301 assets');
    expect(drawn.match(/class="data here">\n<title>s299 /g)).toHaveLength(1);
    expect(drawn).not.toContain('style=');
  });
});
