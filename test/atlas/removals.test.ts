import { expect, it } from 'vitest';
import type { EntityChange } from '../../schemas/types.ts';
import { deliverToBoth } from '../support/atlas/both.ts';
import { atlasSuite } from '../support/atlas/suite.ts';
import { deletionOf, shop, shopProcess } from '../support/changes.ts';

const suite = atlasSuite();

it('deliver() removes what is gone, its shelves with it, and ties it again when it comes back', async () => {
  const { folder, atlas, name, having } = suite();
  const [a, b, c] = [name('a'), name('b'), name('c')];
  const job = (inputs: readonly string[], sequence: number): EntityChange =>
    shopProcess(name('job'), { inputs, outputs: [c] }, { sequence });
  const rounds: readonly (readonly EntityChange[])[] = [
    [shop(a, { shelves: ['1', '2'], city: 'x' }), shop(b, { shelves: ['1'] }), shop(c), job([a, b], 1)],
    // A shelf goes with a list that is known completely, a shop by its own deletion.
    [shop(a, { shelves: ['2', '3'], city: 'y' }, { sequence: 2 }), deletionOf(shop(b))],
    // It comes back under the same name: Atlas gives it a new guid, and ties nothing to it.
    [shop(b, { shelves: ['1', '9'] }, { sequence: 3 })],
    [deletionOf(job([], 1), { sequence: 4 }), shop(a, { shelves: [], city: null }, { sequence: 4 })],
    [job([b, a], 5)],
  ];
  for (const round of [2, 3, 5]) {
    // Some lengths of the history, in names of their own.
    const part = rounds.slice(0, round);
    const renamed = JSON.parse(JSON.stringify(part).replaceAll(having, `${having}${round}-`)) as typeof part;
    const both = await deliverToBoth({ folder, atlas, having: `${having}${round}-` }, renamed);
    expect(both.letters, `after ${round} rounds`).toEqual({ local: [], atlas: [] });
    expect(both.atlas, `after ${round} rounds`).toBe(both.local);
  }
});
