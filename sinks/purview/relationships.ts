import { relatedObjectSchema } from '../../pipeline/atlas/replies.ts';
import { StreamError } from '../../pipeline/errors.ts';
import { refKey } from '../../pipeline/derive/keys.ts';
import type { StateStore } from '../../pipeline/state.ts';
import type { EntityRef, Reference } from '../../schemas/types.ts';
import { type Applied, type AppliedSpeaker, saidBy, scanApplied } from './applied.ts';
import type { CatalogClient } from './client.ts';
import { mergeSaid, without } from './merge.ts';
import { nowCalled } from './renames.ts';
import { bulkRequest } from './request.ts';
import type { TypeLearner } from './type-learner.ts';
import type { Precedence } from '../../pipeline/precedence.ts';
import type { TypeModel } from '../../pipeline/type-model.ts';
import type { ReferencePlan } from './reference-plan.ts';

/** What the repair of relationships works with. */
export interface RelationshipContext {
  readonly client: CatalogClient;
  readonly types: TypeModel;
  readonly signal: AbortSignal;
  /** Where it is remembered what was renamed; without it nothing was. */
  readonly state?: StateStore;
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
  const { source, attribute, wanted, known, isDoubted, carried } = plan;
  if (wasCreated) return known === undefined ? 0 : relateAll(context, plan, wanted);
  let lacking = known?.add;
  if (lacking === undefined || isDoubted) {
    const held = await heldTargets(context, source, attribute);
    lacking = wanted.filter((target) => !held.some((one) => isTarget(one, target)));
  }
  const added = await relateAll(context, plan, lacking);
  return added + (await unrelateAll(context, plan, [...carried, ...(await goneTargets(context, plan))]));
}

/** What a reference is to lose, also by names that it got since. */
async function goneTargets(
  { state }: RelationshipContext,
  { known, wanted }: ReferencePlan,
): Promise<readonly EntityRef[]> {
  const remove = known?.remove ?? [];
  if (state === undefined) return remove;
  return [...remove, ...without(await nowCalledAll(state, remove), wanted)];
}

async function nowCalledAll(state: StateStore, refs: readonly EntityRef[]): Promise<readonly EntityRef[]> {
  const names = await Promise.all(refs.map((ref) => nowCalled(state, ref)));
  return names.flat();
}

async function relateAll(
  { client, types, signal }: RelationshipContext,
  { source, attribute }: Pick<ReferencePlan, 'source' | 'attribute'>,
  targets: readonly EntityRef[],
): Promise<number> {
  if (targets.length === 0) return 0;
  const relation = types.relation(source.typeName, attribute);
  if (relation === undefined) {
    throw new StreamError(
      'CATALOG_MISSING_TYPE',
      `Neither a declaration nor the catalogue says what relationship ${attribute} of ${source.typeName} stands for.`,
    );
  }
  for (const target of targets) {
    await client.relate({ typeName: relation.name, ...types.ends(relation, source, target) }, signal);
  }
  return targets.length;
}

async function unrelateAll(
  context: RelationshipContext,
  { source, attribute }: Pick<ReferencePlan, 'source' | 'attribute'>,
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

/** What the tying of entities works with that were made anew. */
export interface RestoreContext extends RelationshipContext {
  readonly state: StateStore;
  readonly learner: TypeLearner;
  readonly precedence: Precedence;
}

/**
 * Ties entities that were deleted and made anew to those that still refer to them: Atlas gives the new one a new guid and
 * restores no relationship. A tie by a name that was left by a rename has gone on with what was renamed, and is taken from that.
 */
export async function restoreReferences(
  context: RestoreContext,
  revived: readonly EntityRef[],
): Promise<void> {
  if (revived.length === 0) return;
  const keys = new Set(revived.map(refKey));
  for await (const record of scanApplied(context.state)) {
    if (record.deleted) continue;
    for (const { source, attribute, targets } of record.speakers.flatMap((speaker) => speaker.references)) {
      const lost = targets.filter((target) => keys.has(refKey(target)));
      if (lost.length > 0 && !keys.has(refKey(source)))
        await restore(context, { source, attribute, targets: lost }, record);
    }
  }
}

async function restore(
  context: RestoreContext,
  { source, attribute, targets }: AppliedSpeaker['references'][number],
  record: Applied,
): Promise<void> {
  const { learner, types, signal } = context;
  try {
    await learner.learn([{ typeName: source.typeName, attribute }], signal);
    if (types.isPlain(source.typeName, attribute)) await sayAgain(context, source, record);
    else {
      await relateAll(context, { source, attribute }, targets);
      const moved = await nowCalledAll(context.state, targets);
      await unrelateAll(
        context,
        { source, attribute },
        without(moved, saidTargets(record, source, attribute)),
      );
    }
  } catch (thrown) {
    // The entity that refers, or its type, was taken out of the catalogue by somebody else: its own next write brings both back.
    const isGone = thrown instanceof StreamError && goneCodes.has(thrown.code);
    if (!isGone) throw thrown;
  }
}

/**
 * Makes sure of an entity's ties to some that were made anew while it was in flight: that it has those that it says now, and not those that it
 * has given up.
 */
export async function settleTies(
  context: RestoreContext,
  { after, given }: { readonly after: Applied; readonly given: readonly ReferencePlan[] },
  revived: ReadonlyMap<string, EntityRef>,
): Promise<void> {
  const among = (refs: readonly EntityRef[]): readonly EntityRef[] =>
    refs.filter((ref) => revived.has(refKey(ref)));
  for (const { source, attribute, targets } of after.speakers.flatMap((speaker) => speaker.references)) {
    const lost = among(targets);
    if (lost.length > 0) await restore(context, { source, attribute, targets: [...lost] }, after);
  }
  for (const plan of given)
    await unrelateAll(context, plan, among([...plan.carried, ...(plan.known?.remove ?? [])]));
}

function saidTargets({ speakers }: Applied, source: EntityRef, attribute: string): readonly EntityRef[] {
  return speakers
    .flatMap(({ references }) => references)
    .filter((one) => one.attribute === attribute && refKey(one.source) === refKey(source))
    .flatMap(({ targets }) => targets);
}

const goneCodes: ReadonlySet<string> = new Set(['CATALOG_MISSING_REFERENT', 'CATALOG_MISSING_TYPE']);

/** Writes an entity with the references that no relationship makes, without those that go through relationships. */
async function sayAgain(
  { client, types, precedence, signal }: RestoreContext,
  source: EntityRef,
  { speakers }: Applied,
): Promise<void> {
  const said = speakers.map((one) => ({ producer: one.producer, entities: saidBy(one) }));
  const body = mergeSaid(said, precedence).find((one) => refKey(one) === refKey(source));
  const isThere = body !== undefined && (await client.read(source, signal))?.status === 'ACTIVE';
  if (!isThere) return; // its own next write brings both back
  const isPlain = (one: Reference): boolean => types.isPlain(source.typeName, one.attribute);
  const others = body.references.filter((one) => one.many && !isPlain(one));
  const plain = new Set(body.references.filter(isPlain).map((one) => one.attribute));
  const omit = new Set(others.map((one) => one.attribute));
  await client.upsert(bulkRequest([{ body, omit, plain }]).body, signal);
}
