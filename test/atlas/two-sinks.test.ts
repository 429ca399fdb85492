import { expect, it, vi } from 'vitest';
import type { EntityChange } from '../../schemas/types.ts';
import { atlasSuite } from '../support/atlas/suite.ts';
import { shop, shopProcess } from '../support/changes.ts';
import { type RunningSink, SinkWorld } from '../support/sink-world.ts';

const suite = atlasSuite();
const shops = 16;
const rounds = 3;
const types = ['shop', 'shop_shelf', 'shop_process'];

/** All assets as they are in one round: processes come before the shops that they name, and every round changes something. */
function assets(name: (text: string) => string, round: number): readonly EntityChange[] {
  const names = Array.from({ length: shops }, (_, index) => name(`s${index}`));
  const at = { sequence: round + 1 };
  return [
    ...names.map((one, index) =>
      shopProcess(one, { inputs: [one], outputs: [names[(index + round + 1) % shops] ?? ''] }, at),
    ),
    ...names.map((one, index) =>
      shop(one, { shelves: [String((index + round) % 3)], city: `city ${round}` }, at),
    ),
  ];
}

it('two sink stages leave each name once, and the same as one alone, while partitions move between them', async () => {
  const { folder, atlas, name, having } = suite();
  const calm = await SinkWorld.open(folder, 1);
  for (let round = 0; round < rounds; round += 1) await calm.append(assets(name, round));
  await calm.settle();
  const expected = calm.catalog.export();
  await calm.close();

  const world = await SinkWorld.open(folder, 4, atlas.target);
  const options = { lanes: 2, batch: { count: 7, bytes: 1_000_000, withinMs: 1 } };
  const stages: RunningSink[] = [world.start(options), world.start(options)];
  for (let round = 0; round < rounds; round += 1) {
    const before = world.counts.get('received') ?? 0;
    await world.append(assets(name, round));
    await vi.waitUntil(() => (world.counts.get('received') ?? 0) > before, { timeout: 60_000 });
    stages.push(world.start(options));
    // The one that has run for longest goes while it has batches in flight.
    await stages.shift()?.stop();
  }
  await Promise.all(stages.map((stage) => stage.settled()));
  for (const stage of stages) await stage.stop();
  await world.close();

  expect(world.letters).toEqual([]);
  const found = await atlas.export(expected, having);
  expect(found).toBe(expected);
  // Several creators of one new name make duplicates on a real Atlas: the index would show them.
  const guids = await atlas.guids(types, having);
  expect(new Set(guids).size).toBe(expected.trimEnd().split('\n').length);
});
