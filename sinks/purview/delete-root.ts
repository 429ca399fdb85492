import type { StateWrite } from '../../pipeline/state.ts';
import type { StateStore } from '../../pipeline/state.ts';
import { refKey } from '../../pipeline/derive/keys.ts';
import type { EntityChange, EntityRef } from '../../schemas/types.ts';
import { type Applied, appliedWrite, readApplied, saidBy, speakersOf, goneWith } from './applied.ts';
import type { CatalogClient } from './client.ts';
import { readHeld } from './held.ts';

/** What a deletion works with. */
export interface DeleteContext {
  readonly client: CatalogClient;
  readonly state: StateStore;
  readonly signal: AbortSignal;
}

/** What a deletion did. */
export interface Deleted {
  /** Entities that were deleted, the children of a COMPOSITION included. */
  readonly deleted: number;
}

/**
 * Deletes an entity, and purges it where that is configured; one that is not there is a success. What the catalogue deleted along with it is recorded as deleted too, so that
 * it is written again when its own change comes.
 */
export async function deleteRoot(
  { client, state, signal }: DeleteContext,
  root: EntityRef,
): Promise<Deleted> {
  const answer = await client.deleteEntity(root, signal);
  const headers = answer?.mutatedEntities?.DELETE ?? [];
  const guids = headers.map(({ guid }) => guid);
  await client.purge(guids, signal);
  const writes: StateWrite[] = [];
  for (const { typeName, attributes } of headers) {
    const qualifiedName = attributes?.['qualifiedName'];
    if (typeof qualifiedName !== 'string') continue;
    const ref = { typeName, qualifiedName };
    if (refKey(ref) === refKey(root)) continue;
    const record = await readApplied(state, ref);
    if (record !== undefined) writes.push(appliedWrite(ref, goneWith(record)));
  }
  if (writes.length > 0) await state.write(writes);
  return { deleted: headers.length };
}

/**
 * Deletes what is left under the old names of a root that was renamed: an earlier change of it may have been written while it was renamed,
 * and what it owns then hangs under the root's new name.
 */
export async function deleteStrays(
  context: DeleteContext,
  root: EntityRef,
  { renamed = [] }: EntityChange,
  before: Applied | undefined,
): Promise<void> {
  const { client, signal } = context;
  const said = speakersOf(before).flatMap(saidBy);
  const old = new Map<string, EntityRef>();
  for (const { typeName, from } of renamed) {
    const ref = { typeName, qualifiedName: from };
    old.set(refKey(ref), ref);
  }
  for (const { typeName, qualifiedName } of said) {
    const ref = { typeName, qualifiedName };
    old.set(refKey(ref), ref);
  }
  old.delete(refKey(root));
  const held = await readHeld(client, [...old.values()], signal);
  for (const [key, ref] of old) if (held.has(key)) await deleteRoot(context, ref);
}
