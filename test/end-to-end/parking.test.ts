import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { placeholderText } from '../../pipeline/delivery/placeholder.ts';
import type { EntityChange } from '../../schemas/types.ts';
import { shop, shopProcess } from '../support/changes.ts';
import { SinkWorld } from '../support/sink-world.ts';

const names = ['a', 'b', 'c', 'd', 'e', 'f'];
/** Six shops, each with a shelf, and a process from each to the next two; the last one is described by two producers. */
const graph: readonly EntityChange[] = [
  ...names.map((name) => shop(name, { shelves: ['1'], city: `city of ${name}` })),
  shop('f', { shelves: ['2'] }, { producer: 'other' }),
  ...names.map((name, index) =>
    shopProcess(name, {
      inputs: [name],
      outputs: [names[(index + 1) % 6] ?? '', names[(index + 2) % 6] ?? ''],
    }),
  ),
];

interface How {
  readonly order: readonly number[];
  readonly partitions: number;
  readonly lanes: number;
  readonly batch: number;
}

describe('SinkStage', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'parking-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function exported(changes: readonly EntityChange[], how: Omit<How, 'order'>): Promise<string> {
    const world = await SinkWorld.open(folder, how.partitions);
    try {
      await world.append(changes);
      const { lanes, batch: count } = how;
      await world.settle({ lanes, batch: { count, bytes: 1_000_000, withinMs: 1 } });
      expect(world.letters).toEqual([]);
      expect(world.unparked).toHaveLength(world.parked.length);
      return world.catalog.export();
    } finally {
      await world.close();
    }
  }

  it('ends in the byte-equal export for any order of arrival over partitions and lanes, without a dead letter', async () => {
    const expected = await exported(graph, { partitions: 1, lanes: 1, batch: 100 });
    expect(expected.split('\n')).toHaveLength(6 + 7 + 6 + 1);
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          order: fc.shuffledSubarray([...graph.keys()], { minLength: graph.length }),
          partitions: fc.integer({ min: 1, max: 5 }),
          lanes: fc.integer({ min: 1, max: 3 }),
          batch: fc.integer({ min: 1, max: 6 }),
        }),
        async ({ order, ...how }: How) => {
          const changes = order.flatMap((index) => graph[index] ?? []);
          expect(await exported(changes, how)).toBe(expected);
        },
      ),
      { numRuns: 15, endOnFailure: true },
    );
  }, 180_000);

  it('makes a placeholder for a referent that does not come, which the real asset fills later and keeps', async () => {
    const world = await SinkWorld.open(folder, 3);
    try {
      await world.append([shop('a'), shopProcess('p', { inputs: ['a'], outputs: ['late', 'later'] })]);
      await world.settle();
      expect(world.parked).toEqual(['process://p']);
      expect(world.unparked).toEqual([]);
      expect(world.catalog.export()).not.toContain('process://p');
      await world.settle({ parkForMs: 0 });
      expect(world.unparked).toEqual(['delivered']);
      const before = world.catalog.export();
      expect(before.split('\n').filter((line) => line.includes(placeholderText))).toHaveLength(2);
      await world.append([shop('late'), shop('later')]);
      await world.settle();
      const calm = [shop('a'), shop('late'), shop('later')];
      const process = shopProcess('p', { inputs: ['a'], outputs: ['late', 'later'] });
      expect(world.catalog.export()).toBe(
        await exported([...calm, process], { partitions: 1, lanes: 1, batch: 100 }),
      );
      expect(world.letters).toEqual([]);
    } finally {
      await world.close();
    }
  }, 60_000);

  it('makes a dead letter of a change whose referent does not come, by policy or when its type needs more than a name', async () => {
    const shelf: EntityChange = {
      ...shopProcess('p', { inputs: [], outputs: [] }),
      entities: [
        {
          typeName: 'shop_process',
          qualifiedName: 'process://p',
          attributes: { name: 'p' },
          references: [
            {
              attribute: 'inputs',
              many: true,
              targets: [{ typeName: 'shop_shelf', qualifiedName: 'shop://x/1' }],
            },
          ],
        },
      ],
    };
    for (const [change, missingReferent] of [
      [shelf, 'placeholder'],
      [shopProcess('q', { inputs: ['x'], outputs: [] }), 'dead-letter'],
    ] as const) {
      const world = await SinkWorld.open(folder, 2);
      try {
        await world.append([change]);
        await world.settle({ missingReferent, parkForMs: 0 });
        expect(world.letters).toHaveLength(1);
        expect(world.letters[0]).toContain('shop://x');
        expect(world.unparked).toEqual(['dead-lettered']);
        expect(world.catalog.export()).toBe('');
      } finally {
        await world.close();
      }
    }
  }, 60_000);
});
