import type { EntityChange, Renamed } from '../../schemas/types.ts';
import { deletionOf, shop } from './changes.ts';

/** What a shop with its shelves was called before: pairs as a derivation gives them. */
export function renamedShop(
  from: string,
  to: string,
  {
    shelves,
    until,
    objectId = `shop://${from}`,
  }: {
    /** Shelves as they were called, and as they are called now. */
    readonly shelves: readonly (readonly [from: string, to: string])[];
    readonly until: number;
    readonly objectId?: string;
  },
): readonly Renamed[] {
  const by = { objectId, until };
  return [
    ...(from === to ? [] : [{ typeName: 'shop', from: `shop://${from}`, to: `shop://${to}`, ...by }]),
    ...shelves.map(([old, now]) => ({
      typeName: 'shop_shelf',
      from: `shop://${from}/${old}`,
      to: `shop://${to}/${now}`,
      ...by,
    })),
  ];
}

/** A change with what its entities were called before. */
export function formerly(change: EntityChange, ...renamed: readonly (readonly Renamed[])[]): EntityChange {
  return { ...change, renamed: renamed.flat() };
}

const former = shop('a', { shelves: ['1', '2'], city: 'Ulm' });
const pairs = renamedShop('a', 'b', {
  shelves: [
    ['1', '1'],
    ['2', '2'],
  ],
  until: 1,
});

/** The shop `a` with two shelves, which becomes `b`: as it was said before, the pairs of its names, its new name, and the deletion of the old one. */
export const movedShop = {
  old: former,
  pairs,
  renamed: formerly(shop('b', { shelves: ['1', '2'], city: 'Ulm' }, { sequence: 2 }), pairs),
  gone: formerly(deletionOf(former), pairs),
};
