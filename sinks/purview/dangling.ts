import { relatedObjectSchema } from '../../pipeline/atlas/replies.ts';
import { refKey } from '../../pipeline/derive/keys.ts';
import type { StateStore } from '../../pipeline/state.ts';
import type { Telemetry } from '../../pipeline/telemetry.ts';
import type { Relation, TypeModel } from '../../pipeline/type-model.ts';
import type { EntityChange, EntityRef } from '../../schemas/types.ts';
import { readEveryApplied, saidBy } from './applied.ts';
import type { CatalogClient, ReadEntity } from './client.ts';
import { readHeld } from './held.ts';

/** What {@link Removals} work with. */
interface RemovalsContext {
  readonly client: CatalogClient;
  readonly types: TypeModel;
  readonly signal: AbortSignal;
  /** Without it nothing is looked for. */
  readonly telemetry: Pick<Telemetry, 'emit'> | undefined;
}

/** Says what refers to assets that are about to be removed, before they are: one read for all removals of a batch. */
export class Removals {
  readonly #context: RemovalsContext;
  readonly #roots: readonly EntityRef[];
  #held: Promise<ReadonlyMap<string, ReadEntity>> | undefined;

  /** @param roots all that is removed together */
  constructor(context: RemovalsContext, roots: readonly EntityRef[]) {
    this.#context = context;
    this.#roots = roots;
  }

  /** Says it of one of them. Rejects as the requests of the client do. */
  async report(root: EntityRef, { producer }: Pick<EntityChange, 'producer'>): Promise<void> {
    const { client, types, signal, telemetry } = this.#context;
    if (telemetry === undefined) return;
    this.#held ??= readHeld(client, this.#roots, signal);
    const held = (await this.#held).get(refKey(root));
    if (held === undefined) return;
    const gone = new Set(this.#roots.map(refKey));
    const referring = referringTo(held, types).filter((ref) => !gone.has(refKey(ref)));
    if (referring.length > 0) telemetry.emit('removalDangles', { producer, root, referring });
  }
}

/** What stays and refers to an entity, by what the catalogue tells of it. */
function referringTo(
  { typeName, relationshipAttributes }: ReadEntity,
  types: TypeModel,
): readonly EntityRef[] {
  const found = new Map<string, EntityRef>();
  for (const [attribute, value] of Object.entries(relationshipAttributes ?? {})) {
    const relation = types.relation(typeName, attribute);
    if (relation === undefined || !leavesOther(relation)) continue;
    for (const one of Array.isArray(value) ? value : [value]) {
      const { data } = relatedObjectSchema.safeParse(one);
      if (data === undefined || data.relationshipStatus === 'DELETED' || data.entityStatus === 'DELETED')
        continue;
      const name = data['qualifiedName'];
      const ref = {
        typeName: data.typeName ?? relation.other.typeName,
        // Before 2.4 Atlas does not name what a relationship leads to.
        qualifiedName: typeof name === 'string' ? name : (data.displayText ?? data.guid),
      };
      found.set(refKey(ref), ref);
    }
  }
  return [...found.values()];
}

/** Parts go along with their whole, and neither a container nor a dataset misses what is taken out of it. */
function leavesOther({ category, end, other, name }: Relation): boolean {
  if (category === 'COMPOSITION') return false;
  if (other.typeName === 'Process') return true;
  return (
    category === 'ASSOCIATION' ||
    (end === 1 && !/^(?:dataset_process_inputs|process_dataset_outputs)$/u.test(name))
  );
}

/**
 * What would still name the assets of some objects if these were removed, by object, as far as it was delivered from here. Reads all
 * that was applied, twice.
 */
export async function namedBy(
  state: StateStore,
  producer: string,
  objectIds: ReadonlySet<string>,
): Promise<ReadonlyMap<string, readonly EntityRef[]>> {
  const objects = new Map<string, string>();
  for await (const { root, record } of readEveryApplied(state)) {
    const own = record.deleted ? undefined : record.speakers.find((one) => one.producer === producer);
    if (own === undefined || record.speakers.length > 1 || !objectIds.has(own.objectId)) continue;
    for (const ref of [root, ...saidBy(own)]) objects.set(refKey(ref), own.objectId);
  }
  const found = new Map<string, Map<string, EntityRef>>();
  for await (const { root, record } of readEveryApplied(state)) {
    if (record.deleted || objects.has(refKey(root))) continue;
    for (const target of record.speakers.flatMap(({ references }) =>
      references.flatMap(({ targets }) => targets),
    )) {
      const objectId = objects.get(refKey(target));
      if (objectId === undefined) continue;
      const refs = found.get(objectId) ?? new Map<string, EntityRef>();
      found.set(objectId, refs.set(refKey(root), root));
    }
  }
  return new Map([...found].map(([objectId, refs]) => [objectId, [...refs.values()]]));
}
