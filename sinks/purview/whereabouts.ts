import type { StateStore } from '../../pipeline/state.ts';
import type { EntityChange, EntityRef, Renamed } from '../../schemas/types.ts';
import { type Applied, readApplied } from './applied.ts';

/**
 * What has become of something that was renamed: it is `there` under a newer name; it is `gone` under all of them; it has its old name `back`; or it is
 * still to come, under the name that is given.
 */
export type Whereabouts = 'there' | 'gone' | 'back' | EntityRef;

/** Whose rename it is, where that is known: sequences compare only within one incarnation of a producer. */
type By = Pick<EntityChange, 'producer' | 'position'>;

/**
 * Follows a name to those that came after it, as far as was applied. Names in between may never be there: what is said of them within one batch, or
 * in a replay into an empty catalogue, comes to no more than their deletions.
 */
export async function whereabouts(
  state: StateStore,
  { typeName, from, to, until }: Renamed,
  by?: By,
): Promise<Whereabouts> {
  const names = new Set<string>();
  for (let qualifiedName = to; !names.has(qualifiedName); ) {
    if (qualifiedName === from) return 'back';
    names.add(qualifiedName);
    const record = await readApplied(state, { typeName, qualifiedName });
    if (record?.deleted === false) return 'there';
    if (record === undefined || !isDeletedAfter(record, until, by)) return { typeName, qualifiedName };
    if (record.becomes === undefined) return 'gone';
    qualifiedName = record.becomes;
  }
  return 'gone';
}

function isDeletedAfter({ speakers }: Applied, until: number, by: By | undefined): boolean {
  return speakers.some(
    ({ producer, position: { incarnation, sequence } }) =>
      sequence > until &&
      (by === undefined || (producer === by.producer && incarnation === by.position.incarnation)),
  );
}
