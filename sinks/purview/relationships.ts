import { relatedObjectSchema } from '../../pipeline/atlas/replies.ts';
import { StreamError } from '../../pipeline/errors.ts';
import { refKey } from '../../pipeline/derive/keys.ts';
import type { StateStore } from '../../pipeline/state.ts';
import type { EntityRef } from '../../schemas/types.ts';
import { scanApplied } from './applied.ts';
import type { CatalogClient } from './client.ts';
import type { TypeModel } from '../../pipeline/type-model.ts';
import type { ReferencePlan } from './unit.ts';

/** What the repair of relationships works with. */
export interface RelationshipContext {
  readonly client: CatalogClient;
  readonly types: TypeModel;
  readonly signal: AbortSignal;
}

/**
 * Makes a reference of many what it must be, after its entity was written. With soft deletes Atlas can lose a
 * reference that is put back into a set by a full update, and answers 200 all the same (seen on 2.1.0 and 2.4.0): so what comes and
 * goes is written as relationships, and a list that went with the request to an entity that was there before is read back.
 *
 * @param wasCreated whether the request created the entity
 * @returns how many relationships were made or deleted
 */
export async function settleReference(
  context: RelationshipContext,
  plan: ReferencePlan,
  wasCreated: boolean,
): Promise<number> {
  const { source, attribute, wanted, known, isDoubted } = plan;
  if (wasCreated) return known === undefined ? 0 : relateAll(context, plan, wanted);
  let lacking = known?.add;
  if (lacking === undefined || isDoubted) {
    const held = await heldTargets(context, source, attribute);
    lacking = wanted.filter((target) => !held.some((one) => isTarget(one, target)));
  }
  const added = await relateAll(context, plan, lacking);
  return added + (await unrelateAll(context, plan, known?.remove ?? []));
}

async function relateAll(
  { client, types, signal }: RelationshipContext,
  { source, attribute }: Pick<ReferencePlan, 'source' | 'attribute'>,
  targets: readonly EntityRef[],
): Promise<number> {
  const relation = types.relation(source.typeName, attribute);
  if (relation === undefined) return 0;
  for (const target of targets) {
    await client.relate({ typeName: relation.name, ...types.ends(relation, source, target) }, signal);
  }
  return targets.length;
}

async function unrelateAll(
  context: RelationshipContext,
  { source, attribute }: ReferencePlan,
  targets: readonly EntityRef[],
): Promise<number> {
  if (targets.length === 0) return 0;
  const { client, signal } = context;
  const held = await heldTargets(context, source, attribute);
  let removed = 0;
  for (const target of targets) {
    // Before 2.4 Atlas does not name what a relationship leads to: then its guid decides.
    const guid = held.some((one) => one.qualifiedName === undefined)
      ? (await client.read(target, signal))?.guid
      : undefined;
    const edges = held.filter((one) =>
      one.qualifiedName === undefined ? one.guid === guid : isTarget(one, target),
    );
    for (const { relationshipGuid } of edges) {
      if (relationshipGuid === undefined) continue;
      await client.unrelate(relationshipGuid, signal);
      removed += 1;
    }
  }
  return removed;
}

interface HeldTarget {
  readonly typeName: string | undefined;
  readonly guid: string;
  readonly relationshipGuid: string | undefined;
  readonly qualifiedName: string | undefined;
}

/** One name may exist once for each type: a placeholder of a table, and the view that it turns out to be. */
function isTarget(held: HeldTarget, target: EntityRef): boolean {
  return (
    held.qualifiedName === target.qualifiedName && (held.typeName ?? target.typeName) === target.typeName
  );
}

/** What a reference really holds; removed relationships stay in the answer with a status of their own. */
async function heldTargets(
  { client, signal }: RelationshipContext,
  source: EntityRef,
  attribute: string,
): Promise<readonly HeldTarget[]> {
  const entity = await client.read(source, signal);
  const list = entity?.relationshipAttributes?.[attribute];
  if (!Array.isArray(list)) return [];
  return list.flatMap((value: unknown): HeldTarget[] => {
    const parsed = relatedObjectSchema.safeParse(value);
    if (!parsed.success) return [];
    const { typeName, guid, relationshipGuid, relationshipStatus, entityStatus } = parsed.data;
    if (relationshipStatus === 'DELETED' || entityStatus === 'DELETED') return [];
    const name = parsed.data['qualifiedName'];
    return [{ typeName, guid, relationshipGuid, qualifiedName: typeof name === 'string' ? name : undefined }];
  });
}

/**
 * Ties entities that were deleted and made anew to those that still refer to them: Atlas gives the new one a new guid and
 * restores no relationship.
 */
export async function restoreReferences(
  context: RelationshipContext,
  state: StateStore,
  revived: readonly EntityRef[],
): Promise<void> {
  if (revived.length === 0) return;
  const keys = new Set(revived.map(refKey));
  for await (const record of scanApplied(state)) {
    if (record.deleted) continue;
    for (const { source, attribute, targets } of record.speakers.flatMap((speaker) => speaker.references)) {
      const lost = targets.filter((target) => keys.has(refKey(target)));
      if (!keys.has(refKey(source))) await restore(context, { source, attribute }, lost);
    }
  }
}

async function restore(
  context: RelationshipContext,
  at: Pick<ReferencePlan, 'source' | 'attribute'>,
  targets: readonly EntityRef[],
): Promise<void> {
  try {
    await relateAll(context, at, targets);
  } catch (thrown) {
    // The entity that refers was taken out of the catalogue by somebody else: its own next write brings both back.
    if (!(thrown instanceof StreamError && thrown.code === 'CATALOG_MISSING_REFERENT')) throw thrown;
  }
}
