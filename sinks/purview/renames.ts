import type { CoalescedRoot } from '../../pipeline/coalesce.ts';
import { refKey } from '../../pipeline/derive/keys.ts';
import type { Delivery } from '../../pipeline/sink.ts';
import type { StateStore, StateWrite } from '../../pipeline/state.ts';
import type { EntityChange, EntityRef, Renamed } from '../../schemas/types.ts';
import {
  type Applied,
  type AppliedSpeaker,
  appliedWrite,
  readApplied,
  lastDeletion,
  renamedRecord,
  saidBy,
} from './applied.ts';
import type { CatalogClient } from './client.ts';
import { readHeld } from './held.ts';

/** How entities of one root keep their place in the catalogue under new names. */
export interface RootRename {
  /** Guids of entities that are called otherwise in the catalogue, by {@link refKey} of their new names. */
  readonly guids: ReadonlyMap<string, string>;
  /** What these are called there, by the same. */
  readonly formers: ReadonlyMap<string, EntityRef>;
  /** The former name of the root, where it has a new one. */
  readonly from: EntityRef | undefined;
  /** What was applied under the new name: what to go by where the catalogue does not take the renaming. */
  readonly instead: Applied | undefined;
}

/** What a rename starts from. */
export interface FormerRoot {
  readonly root: EntityRef;
  readonly record: Applied;
  /** New names of its entities by {@link refKey} of their old ones. */
  readonly names: ReadonlyMap<string, EntityRef>;
}

/**
 * What was applied of a root under its former name, or of entities of it under theirs; undefined where nothing was renamed. Only what the same
 * producer alone has said of the same object, and before the rename: what is newer, or said by others too, stays where it is.
 */
export async function findFormer(
  state: StateStore,
  change: EntityChange,
  record: Applied | undefined,
): Promise<FormerRoot | undefined> {
  const { renamed = [] } = change;
  const own = renamed.filter(({ objectId }) => objectId === change.objectId);
  if (record !== undefined && !record.deleted) return formerOf(change, change, record, own);
  for (const pair of renamed) {
    if (pair.to !== change.qualifiedName || pair.typeName !== change.typeName) continue;
    const root = { typeName: pair.typeName, qualifiedName: pair.from };
    const former = await readApplied(state, root);
    if (former === undefined || former.speakers.length > 1) continue;
    const group = renamed.filter((one) => one.objectId === pair.objectId && one.until === pair.until);
    const found = formerOf(root, change, former, [...group, ...own.filter((one) => !group.includes(one))]);
    if (found?.names.get(refKey(root))?.qualifiedName === change.qualifiedName) return found;
  }
  return undefined;
}

function formerOf(
  root: EntityRef,
  change: EntityChange,
  record: Applied,
  pairs: readonly Renamed[],
): FormerRoot | undefined {
  const speaker = record.deleted
    ? undefined
    : record.speakers.find(({ producer }) => producer === change.producer);
  if (speaker === undefined || speaker.placeholder) return undefined;
  const valid = pairs.filter((pair) => isBefore(speaker, pair, change));
  if (valid.length === 0) return undefined;
  const others = new Set(
    record.speakers.filter((one) => one !== speaker).flatMap((one) => saidBy(one).map(refKey)),
  );
  const said = new Set(change.entities.map(refKey));
  const names = new Map<string, EntityRef>();
  for (const { typeName, qualifiedName } of saidBy(speaker)) {
    const now = nameAfter({ typeName, qualifiedName }, valid);
    const old = refKey({ typeName, qualifiedName });
    // A name that is said again is that of something else now: the catalogue would take both for one, since it has both under that name.
    const isFree = !said.has(old) && !others.has(old);
    if (now.qualifiedName !== qualifiedName && said.has(refKey(now)) && isFree) names.set(old, now);
  }
  return names.size === 0 ? undefined : { root, record, names };
}

/** Whether what was applied is what was renamed then. Pairs of the object that speaks now come after those of what it was before. */
function isBefore(
  { objectId, position }: AppliedSpeaker,
  pair: Renamed,
  { objectId: own, position: now }: EntityChange,
): boolean {
  if (position.incarnation !== now.incarnation) return false;
  return pair.objectId === objectId ? position.sequence <= pair.until : pair.objectId === own;
}

function nameAfter(ref: EntityRef, pairs: readonly Renamed[]): EntityRef {
  return pairs.reduce(
    (now, { typeName, from, to }) =>
      typeName === now.typeName && from === now.qualifiedName ? { typeName, qualifiedName: to } : now,
    ref,
  );
}

/** A rename as it is where nobody can be asked what the catalogue has: everything is there under its old name. */
export function renameOf(
  { root, names }: FormerRoot,
  to: EntityRef,
  instead: Applied | undefined,
): RootRename {
  const formers = new Map(
    [...names].map(([old, now]) => [
      refKey(now),
      { typeName: now.typeName, qualifiedName: old.slice(now.typeName.length + 1) },
    ]),
  );
  return { guids: new Map(), formers, from: refKey(root) === refKey(to) ? undefined : root, instead };
}

/**
 * How what was renamed is to be written: the entities keep their guids, as far as the catalogue has them under their old names and nothing
 * under the new ones. Undefined where it has nothing to keep.
 *
 * @param instead what was applied of the root under its new name
 */
export async function planRename(
  { client, signal }: { readonly client: CatalogClient; readonly signal: AbortSignal },
  { root, record, names }: FormerRoot,
  instead: Applied | undefined,
): Promise<{ readonly before: Applied; readonly rename: RootRename } | undefined> {
  const pairs = [...names].map(([old, now]): { readonly old: EntityRef; readonly now: EntityRef } => ({
    old: { typeName: now.typeName, qualifiedName: old.slice(now.typeName.length + 1) },
    now,
  }));
  const held = await readHeld(
    client,
    pairs.flatMap(({ old, now }) => [old, now]),
    signal,
  );
  const moved = new Map<string, EntityRef>();
  const guids = new Map<string, string>();
  const formers = new Map<string, EntityRef>();
  for (const { old, now } of pairs) {
    const is = held.get(refKey(now));
    const was = held.get(refKey(old));
    if ((is === undefined) === (was === undefined)) continue; // nothing to keep, or both are there
    moved.set(refKey(old), now);
    if (was === undefined) continue; // renamed already
    guids.set(refKey(now), was.guid);
    formers.set(refKey(now), old);
  }
  const now = moved.get(refKey(root));
  const isOther = names.has(refKey(root));
  if (moved.size === 0 || (isOther && now === undefined)) return undefined;
  return {
    before: { ...renamedRecord(record, moved), ...lastDeletion(instead?.deletedAt) },
    rename: { guids, formers, from: isOther ? root : undefined, instead },
  };
}

/** The names by which a change refers to something, and that are old ones now: its ties in the catalogue have moved on with it. */
export function stalePairs({ operation, entities, renamed = [] }: EntityChange): readonly Renamed[] {
  if (operation === 'DELETE' || renamed.length === 0) return [];
  const own = new Set(entities.map(refKey));
  const targets = new Set(
    entities.flatMap(({ references }) => references.flatMap((one) => one.targets.map(refKey))),
  );
  return renamed.filter(
    ({ typeName, from, to }) =>
      targets.has(refKey({ typeName, qualifiedName: from })) &&
      !own.has(refKey({ typeName, qualifiedName: to })),
  );
}

/** What these are called now, by {@link refKey} of their old names. */
export function staleTargets(change: EntityChange): ReadonlyMap<string, EntityRef> {
  return new Map(
    stalePairs(change).map(({ typeName, from, to }) => [
      refKey({ typeName, qualifiedName: from }),
      { typeName, qualifiedName: to },
    ]),
  );
}

const prefix = 'renamed/';

/** Entities that have other names in the catalogue, by both names. */
export function renamedTo({
  formers,
}: Pick<RootRename, 'formers'>): readonly { readonly old: EntityRef; readonly now: EntityRef }[] {
  return [...formers].map(([key, old]) => {
    const { typeName } = old;
    return { old, now: { typeName, qualifiedName: key.slice(typeName.length + 1) } };
  });
}

/** The writes that say that nothing is under the old names, and remember what entities were renamed to: others may still have been tied to them by their old names. */
export function renameWrites(rename: RootRename): readonly StateWrite[] {
  const names = renamedTo(rename).map(({ old, now }) => ({
    key: `${prefix}${refKey(old)}`,
    value: now.qualifiedName,
  }));
  const { from } = rename;
  return from === undefined ? names : [...names, appliedWrite(from, { deleted: true, speakers: [] })];
}

/** What was called so once, over any number of renames. */
export async function nowCalled(state: StateStore, ref: EntityRef): Promise<readonly EntityRef[]> {
  const found = new Map<string, EntityRef>();
  for (let at = ref; ; ) {
    const to = await state.get(`${prefix}${refKey(at)}`);
    if (typeof to !== 'string') break;
    at = { typeName: ref.typeName, qualifiedName: to };
    if (found.has(refKey(at)) || refKey(at) === refKey(ref)) break;
    found.set(refKey(at), at);
  }
  return [...found.values()];
}

/** What takes over the place of another root of the batch comes after that, one by one: what is planned must be what is there. */
export function inTurn<T extends Delivery>(
  roots: readonly CoalescedRoot<T>[],
): readonly (readonly CoalescedRoot<T>[])[] {
  const names = new Set(roots.map(refKey));
  const follows = (root: CoalescedRoot<T>): boolean =>
    root.upserts.some(({ change: { renamed = [] } }) =>
      renamed.some(
        ({ typeName, from, to }) =>
          to === root.qualifiedName && names.has(refKey({ typeName, qualifiedName: from })),
      ),
    );
  const later = roots.filter(follows);
  if (later.length === 0) return [roots];
  return [roots.filter((root) => !later.includes(root)), ...later.map((root) => [root])];
}
