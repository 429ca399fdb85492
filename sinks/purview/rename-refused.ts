import { refKey } from '../../pipeline/derive/keys.ts';
import type { Telemetry } from '../../pipeline/telemetry.ts';
import type { EntityRef } from '../../schemas/types.ts';
import type { CatalogClient } from './client.ts';
import { readHeld } from './held.ts';
import { renamedTo } from './renames.ts';
import { type PlanContext, planRoot, type RootWrite, type Unit } from './unit.ts';

/** Why a catalogue counts as refusing a rename that it has answered with success. */
export const ignored = 'it answered that all was well, and has nothing under the new name';

/** Whether a root of a unit has other names in the catalogue. */
export function hasRename(unit: Unit): boolean {
  return unit.some(({ rename }) => rename !== undefined);
}

/**
 * Written units with an entity that the catalogue does not know by its new name, although it has accepted it: no documentation of Purview says that it takes
 * one, and Atlas answers 200 and does nothing when the entity was deleted meanwhile.
 */
export async function unnamed(
  { client, signal }: { readonly client: CatalogClient; readonly signal: AbortSignal },
  units: readonly Unit[],
): Promise<readonly Unit[]> {
  const renamed = units.filter(hasRename).map((unit) => ({ unit, names: unit.flatMap(newNames) }));
  const names = renamed.flatMap((one) => one.names);
  if (names.length === 0) return [];
  const held = await readHeld(client, names, signal);
  return renamed.filter((one) => one.names.some((ref) => !held.has(refKey(ref)))).map(({ unit }) => unit);
}

function newNames({ ref, rename }: RootWrite): readonly EntityRef[] {
  return rename === undefined ? [] : [ref, ...renamedTo(rename).map(({ now }) => now)];
}

/** Units such that what had another name is made anew, after that was said; what is left of it goes when its deletion comes. */
export function withoutRename(
  context: PlanContext & { readonly telemetry: Pick<Telemetry, 'emit'> | undefined },
  units: readonly Unit[],
  reason: string,
): readonly Unit[] {
  return units.map((unit): Unit => {
    const [first, ...rest] = unit.map((root): RootWrite => {
      const { ref, items, replayed, rename } = root;
      const [item, ...others] = items;
      if (rename === undefined || item === undefined) return root;
      const { producer } = item.change;
      context.telemetry?.emit('renameRefused', { producer, root: ref, from: rename.from ?? ref, reason });
      return planRoot(ref, [item, ...others], { before: rename.instead, replayed }, context);
    });
    return first === undefined ? unit : [first, ...rest];
  });
}
