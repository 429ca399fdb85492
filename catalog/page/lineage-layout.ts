/**
 * Where the boxes and lines of a lineage drawing go. Data flows from left to right, a column for each step. Lines bend only in the
 * gaps between columns; a line that passes a column has a lane of its own there, so no line runs behind a box.
 */
import type { LineageGraph } from '../lineage.ts';

/** Measures in pixels of the unscaled drawing. A loop reaches out by less than `loop`, which gap and margin have room for. */
export const sizes = {
  width: 190,
  height: 46,
  lane: 10,
  gapX: 44,
  gapY: 18,
  margin: 24,
  loop: 24,
  tip: 7,
} as const;

/** A point of the drawing, in pixels. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A line from one box to another: a start, then two control points and an end for each cubic Bézier curve. */
export interface FlowLine {
  readonly from: string;
  readonly to: string;
  readonly points: readonly Point[];
}

/** A finished layout; a box is given by its upper left corner. */
export interface Layout {
  readonly boxes: ReadonlyMap<string, Point>;
  readonly lines: readonly FlowLine[];
  readonly columns: number;
  readonly width: number;
  readonly height: number;
}

/** The width in pixels of a drawing with a number of columns. */
export function widthOf(columns: number): number {
  return 2 * sizes.margin + columns * (sizes.width + sizes.gapX) - sizes.gapX;
}

type Link = readonly [from: string, to: string];

/** Where each entity's links lead to, each target once. */
function targetsOf(links: Iterable<Link>): Map<string, Set<string>> {
  const targets = new Map<string, Set<string>>();
  for (const [from, to] of links) targets.set(from, (targets.get(from) ?? new Set()).add(to));
  return targets;
}

/** The links between a graph's entities. */
function linksOf({ entities, relations }: LineageGraph): Link[] {
  return relations.flatMap(({ from, to }): Link[] =>
    entities.has(from) && entities.has(to) ? [[from, to]] : [],
  );
}

/** The links that close no circle, and the entities in an order in which each of these links goes forward. */
function withoutCircles(graph: LineageGraph): { order: string[]; links: Link[] } {
  const targets = targetsOf(linksOf(graph));
  const reached = new Set(linksOf(graph).map(([, to]) => to));
  const open = new Set<string>();
  const done = new Set<string>();
  const order: string[] = [];
  const links: Link[] = [];
  const visit = (guid: string): void => {
    open.add(guid);
    for (const next of targets.get(guid) ?? []) {
      if (open.has(next)) continue;
      links.push([guid, next]);
      if (!done.has(next)) visit(next);
    }
    open.delete(guid);
    done.add(guid);
    order.push(guid);
  };
  const sources = [...graph.entities].filter((guid) => !reached.has(guid));
  for (const guid of [...sources, ...graph.entities]) if (!done.has(guid)) visit(guid);
  return { order: order.reverse(), links };
}

/** The column of each entity, from 0: its longest way from one without sources. A circle is cut at the link that closes it. */
export function columnsOf(graph: LineageGraph): Map<string, number> {
  const { order, links } = withoutCircles(graph);
  const targets = targetsOf(links);
  const columns = new Map([...graph.entities].map((guid) => [guid, 0]));
  for (const guid of order) {
    const next = (columns.get(guid) ?? 0) + 1;
    for (const to of targets.get(guid) ?? []) columns.set(to, Math.max(columns.get(to) ?? 0, next));
  }
  return columns;
}

/** A place in a column: a box, or a lane that lines of one source pass through. */
interface Slot {
  readonly column: number;
  readonly height: number;
  readonly links: Set<Slot>;
  /** The middle of the slot. */
  y: number;
}

class Slots {
  readonly columns: Slot[][] = [];
  readonly boxes = new Map<string, Slot>();
  readonly #lanes = new Map<string, Slot>();

  #add(column: number, height: number): Slot {
    const slot: Slot = { column, height, links: new Set(), y: 0 };
    const list = this.columns[column] ?? [];
    list.push(slot);
    this.columns[column] = list;
    return slot;
  }

  addBox(guid: string, column: number): void {
    this.boxes.set(guid, this.#add(column, sizes.height));
  }

  /** The lanes of one source: one in each column for all its lines forward, one for all back. */
  #lane(from: string, column: number, step: number): Slot {
    const key = `${step} ${column} ${from}`;
    const lane = this.#lanes.get(key) ?? this.#add(column, sizes.lane);
    this.#lanes.set(key, lane);
    return lane;
  }

  /** The lanes between two boxes. A line forward passes the columns between them; one back passes those of both boxes too. */
  lanesBetween(from: string, to: string): Slot[] {
    const [start, end] = [this.boxes.get(from), this.boxes.get(to)];
    if (start === undefined || end === undefined) return [];
    const step = end.column > start.column ? 1 : -1;
    const first = step === 1 ? start.column + 1 : start.column;
    const count = step === 1 ? end.column - first : first - end.column + 1;
    const lanes = Array.from({ length: count }, (_, index) => this.#lane(from, first + index * step, step));
    const chain = [start, ...lanes, end];
    for (const [index, slot] of chain.slice(1).entries()) {
      slot.links.add(chain[index] ?? start);
      chain[index]?.links.add(slot);
    }
    return lanes;
  }
}

/** Stacks the slots of a column around the middle line, y = 0. */
function stack(column: readonly Slot[]): number {
  const total = column.reduce((sum, slot) => sum + slot.height + sizes.gapY, -sizes.gapY);
  let top = -Math.floor(total / 2);
  for (const slot of column) {
    slot.y = top + slot.height / 2;
    top += slot.height + sizes.gapY;
  }
  return total;
}

const sweeps = 8;

/** Puts each slot near those it is linked with, column by column, forth and back; this leaves fewer lines that cross. */
function arrange(columns: readonly Slot[][]): void {
  for (const column of columns) stack(column);
  for (let sweep = 0; sweep < sweeps; sweep += 1) {
    const side = sweep % 2 === 0 ? -1 : 1;
    for (const column of side === -1 ? columns : [...columns].reverse()) {
      const wanted = new Map(
        column.map((slot) => {
          const near = [...slot.links].filter((other) => other.column === slot.column + side);
          return [slot, near.length === 0 ? slot.y : near.reduce((sum, { y }) => sum + y, 0) / near.length];
        }),
      );
      column.sort((a, b) => (wanted.get(a) ?? 0) - (wanted.get(b) ?? 0));
      stack(column);
    }
  }
}

/** A curve over a gap; where both ends are at the same side of a column, a loop into the gap beside it. */
function curve(from: Point, to: Point, loop: number): Point[] {
  const [x1, x2] = loop === 0 ? [(from.x + to.x) / 2, (from.x + to.x) / 2] : [from.x + loop, from.x + loop];
  return [{ x: x1, y: from.y }, { x: x2, y: to.y }, to];
}

/** The line from a box through lanes to a box. */
function lineThrough(start: Slot, lanes: readonly Slot[], end: Slot): Point[] {
  const isBack = end.column <= start.column;
  const left = (slot: Slot): Point => ({
    x: sizes.margin + slot.column * (sizes.width + sizes.gapX),
    y: slot.y,
  });
  const right = (slot: Slot): Point => ({ x: left(slot).x + sizes.width, y: slot.y });
  let at = right(start);
  const points = [at];
  for (const [index, lane] of lanes.entries()) {
    const [entry, exit] = isBack ? [right(lane), left(lane)] : [left(lane), right(lane)];
    points.push(...curve(at, entry, isBack && index === 0 ? sizes.loop : 0), entry, exit, exit);
    at = exit;
  }
  const { x, y } = left(end);
  points.push(...curve(at, { x: x - sizes.tip, y }, isBack ? -sizes.loop : 0));
  return points;
}

/** Lays out a graph. Relations to entities that are not in it are left out, and of several between two entities one is kept. */
export function layOut(graph: LineageGraph): Layout {
  const slots = new Slots();
  for (const [guid, column] of columnsOf(graph)) slots.addBox(guid, column);
  const lanes: [Link, Slot[]][] = [];
  for (const [from, targets] of targetsOf(linksOf(graph))) {
    for (const to of targets) lanes.push([[from, to], slots.lanesBetween(from, to)]);
  }
  arrange(slots.columns);
  const tallest = Math.max(0, ...slots.columns.map(stack));
  for (const slot of slots.columns.flat()) slot.y += sizes.margin + Math.ceil(tallest / 2);
  const lines = lanes.flatMap(([[from, to], passed]): FlowLine[] => {
    const [start, end] = [slots.boxes.get(from), slots.boxes.get(to)];
    return start && end ? [{ from, to, points: lineThrough(start, passed, end) }] : [];
  });
  const boxes = new Map(
    [...slots.boxes].map(([guid, { column, y }]) => [
      guid,
      { x: sizes.margin + column * (sizes.width + sizes.gapX), y: y - sizes.height / 2 },
    ]),
  );
  const columns = slots.columns.length;
  return { boxes, lines, columns, width: widthOf(columns), height: tallest + 2 * sizes.margin };
}
