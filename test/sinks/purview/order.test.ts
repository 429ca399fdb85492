import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dependencyOrder } from '../../../sinks/purview/order.ts';

interface Node {
  readonly name: string;
  readonly needs: readonly string[];
}

function order(nodes: readonly Node[]): readonly (readonly string[])[] {
  const groups = dependencyOrder(
    nodes,
    (node) => [node.name],
    (node) => node.needs,
  );
  return groups.map((group) => group.map((node) => node.name));
}

const node = (name: string, ...needs: readonly string[]): Node => ({ name, needs });

describe('dependencyOrder()', () => {
  it('puts what is needed first, and right before what needs it', () => {
    const nodes = [node('table', 'schema'), node('other'), node('schema', 'database'), node('database')];
    expect(order(nodes)).toEqual([['database'], ['schema'], ['table'], ['other']]);
  });

  it('keeps nodes together that need each other, and ignores what nobody provides', () => {
    expect(order([node('a', 'b', 'nowhere'), node('b', 'c'), node('c', 'a'), node('d', 'd')])).toEqual([
      ['a', 'b', 'c'],
      ['d'],
    ]);
  });

  it('is not limited by the depth of a chain', () => {
    const chain = Array.from({ length: 50_000 }, (_, n) => node(`n${n}`, `n${n + 1}`));
    expect(order(chain).at(-1)).toEqual(['n0']);
  });

  it('holds every node once, each after all that it needs or in one group with it', () => {
    const anyGraph = fc.array(fc.array(fc.nat(9), { maxLength: 3 }), { maxLength: 10 });
    fc.assert(
      fc.property(anyGraph, (edges) => {
        const nodes = edges.map((needs, index) => node(`${index}`, ...needs.map(String)));
        const groups = order(nodes);
        expect(groups.flat().sort()).toEqual(nodes.map(({ name }) => name).sort());
        const place = new Map(groups.flatMap((group, at) => group.map((name) => [name, at] as const)));
        for (const { name, needs } of nodes) {
          for (const need of needs) expect(place.get(need) ?? -1).toBeLessThanOrEqual(place.get(name) ?? -1);
        }
      }),
    );
  });
});
