import { expect, it } from 'vitest';
import { sinks } from '../../sinks/index.ts';
import { systemClock } from '../../platform/clock.ts';
import type { EntityChange } from '../../schemas/types.ts';
import { deliverToBoth } from '../support/atlas/both.ts';
import { atlasSuite } from '../support/atlas/suite.ts';
import { shop, shopProcess } from '../support/changes.ts';
import { deliverer, kinds, never, sinkHost } from '../support/sink-host.ts';

const suite = atlasSuite();
const letters = ['a', 'b', 'c', 'd'];
/** What six processes read, round by round: it shrinks, and grows again, in every way that three inputs allow. */
const inputs: readonly (readonly string[])[] = [
  ['a', 'b', 'c'],
  ['a'],
  ['a', 'b', 'c'],
  ['b', 'c', 'd'],
  [],
  ['a', 'b', 'c', 'd'],
];

it('deliver() keeps lineage that shrinks and grows again, which Atlas loses when it is put back by full updates', async () => {
  const { folder, atlas, name, having } = suite();
  const processes = Array.from({ length: 6 }, (_, index) => name(`p${index}`));
  const rounds = inputs.map((read, round): readonly EntityChange[] => [
    ...(round === 0 ? [...letters, 'out'].map((letter) => shop(name(letter))) : []),
    ...processes.map((process, index) => {
      const rotated = index % 2 === 0 ? read : read.toReversed();
      const lineage = { inputs: rotated.map(name), outputs: [name('out')] };
      return shopProcess(process, lineage, { sequence: round + 1 });
    }),
  ]);
  const both = await deliverToBoth({ folder, atlas, having }, rounds);
  expect(both.letters).toEqual({ local: [], atlas: [] });
  expect(both.atlas).toBe(both.local);
  for (const process of processes) {
    expect(await atlas.active('shop_process', `process://${process}`, 'inputs')).toEqual(letters.map(name));
  }
});

it('deliver() repairs what a full update loses, and removes what is no longer said, when its state was lost', async () => {
  const { atlas, name } = suite();
  const connect = async () => {
    const sink = sinks.atlas.create({ ...atlas.target }, sinkHost({ clock: systemClock }));
    await sink.open(never);
    return deliverer(sink);
  };
  const job = (read: readonly string[], sequence: number) =>
    shopProcess(name('lost'), { inputs: read.map(name), outputs: [name('e')] }, { sequence });
  const first = await connect();
  await first(...['a', 'b', 'c', 'e'].map((letter) => shop(name(letter))), job(['a', 'b', 'c'], 1));
  await first(job(['b'], 2));
  const second = await connect();
  expect(kinds(await second(job(['a', 'b', 'c'], 3)))).toEqual(['delivered']);
  const held = () => atlas.active('shop_process', `process://${name('lost')}`, 'inputs');
  expect(await held()).toEqual(['a', 'b', 'c'].map(name));
  const third = await connect();
  expect(kinds(await third(job(['c'], 4)))).toEqual(['delivered']);
  expect(await held()).toEqual([name('c')]);
});
