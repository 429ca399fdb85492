import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { EntityChange } from '../../schemas/types.ts';
import { shop, shopProcess } from '../support/changes.ts';
import { type RunningSink, SinkWorld } from '../support/sink-world.ts';

const shops = 24;
const rounds = 5;

/** All assets as they are in one round: processes come before the shops that they name, and every round changes something. */
function assets(round: number): readonly EntityChange[] {
  const names = Array.from({ length: shops }, (_, index) => `s${index}`);
  const at = { sequence: round + 1 };
  return [
    ...names.map((name, index) =>
      shopProcess(name, { inputs: [name], outputs: [names[(index + round + 1) % shops] ?? ''] }, at),
    ),
    ...names.map((name, index) =>
      shop(name, { shelves: [String((index + round) % 3)], city: `city ${round}` }, at),
    ),
  ];
}

describe('two sink stages on one embedded log, each with a memory of its own', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'two-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('end in the byte-equal export while partitions move between them in mid-batch, and know what the other has applied', {
    timeout: 300_000,
  }, async () => {
    const calm = await SinkWorld.open(folder, 1);
    for (let round = 0; round < rounds; round += 1) await calm.append(assets(round));
    await calm.settle();
    const expected = calm.catalog.export();
    await calm.close();

    const world = await SinkWorld.open(folder, 4);
    const options = { lanes: 2, batch: { count: 7, bytes: 1_000_000, withinMs: 1 } };
    const stages: RunningSink[] = [world.start(options)];
    for (let round = 0; round < rounds; round += 1) {
      const before = world.counts.get('received') ?? 0;
      await world.append(assets(round));
      await vi.waitUntil(() => (world.counts.get('received') ?? 0) > before, { timeout: 60_000 });
      stages.push(world.start(options));
      // The one that has run for longest goes while it has batches in flight.
      if (stages.length > 2) await stages.shift()?.stop();
    }
    await Promise.all(stages.map((stage) => stage.settled()));
    expect(world.letters).toEqual([]);
    expect(world.catalog.export()).toBe(expected);
    expect(world.unparked).toHaveLength(world.parked.length);
    const { received = 0, ...others } = Object.fromEntries(world.counts);
    expect(Object.values(others).reduce((sum, count) => sum + count, 0)).toBe(received);

    const { writeCalls } = world.catalog.counters();
    await world.append(assets(rounds - 1));
    await Promise.all(stages.map((stage) => stage.settled()));
    expect(world.catalog.counters().writeCalls).toBe(writeCalls);
    for (const stage of stages) await stage.stop();
    await world.close();
  });
});
