import type { EntityChange, Renamed } from '../../schemas/types.ts';

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
