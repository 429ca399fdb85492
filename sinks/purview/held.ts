import { jsonOf } from '../../pipeline/attribute-value.ts';
import { relatedObjectSchema } from '../../pipeline/atlas/replies.ts';
import { refKey } from '../../pipeline/derive/keys.ts';
import type { AttributeValue, EntityBody, EntityRef, Reference } from '../../schemas/types.ts';
import type { CatalogClient, ReadEntity } from './client.ts';
import type { TypeModel } from '../../pipeline/type-model.ts';

/** What the catalogue holds of some entities, by {@link refKey}: one request for as many of one type as its address can hold. */
export async function readHeld(
  client: CatalogClient,
  refs: readonly EntityRef[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, ReadEntity>> {
  const found = new Map<string, ReadEntity>();
  for (const typeName of new Set(refs.map((ref) => ref.typeName))) {
    const names = refs.filter((ref) => ref.typeName === typeName).map(({ qualifiedName }) => qualifiedName);
    for (const [qualifiedName, entity] of await client.readAll(typeName, names, signal))
      found.set(refKey({ typeName, qualifiedName }), entity);
  }
  return found;
}

/**
 * Names of the attributes and references in which an entity is not as it was said. What is held beside that does not count. A reference
 * whose target the catalogue does not name (Atlas before 2.4) counts where `strict`.
 */
export function differences(
  body: EntityBody,
  held: ReadEntity,
  { types, strict }: { readonly types: TypeModel; readonly strict: boolean },
): readonly string[] {
  const attributes = Object.entries(body.attributes)
    .filter(([name, value]) => !isSame(value, held.attributes[name]))
    .map(([name]) => name);
  const references = body.references
    .filter(
      (reference) =>
        !refersTo(
          reference,
          held.relationshipAttributes?.[reference.attribute] ?? held.attributes[reference.attribute],
          { types, strict },
        ),
    )
    .map(({ attribute }) => attribute);
  return [...attributes, ...references];
}

/** Atlas reads what was cleared as null, as "" or as the type's zero; only null and "" are surely nothing. */
function isSame(said: AttributeValue, held: unknown): boolean {
  if (said === null || said === '') return isNothing(held);
  return isHeld(jsonOf(said), held);
}

/** A struct cannot be taken away as a whole: it is nothing when its members are, which read as null or as their type's zero. */
function isNothing(held: unknown): boolean {
  if (held === undefined || held === null || held === '') return true;
  if (typeof held !== 'object' || Array.isArray(held) || !('typeName' in held)) return false;
  const { attributes = {} } = held as { readonly attributes?: object };
  return Object.values(attributes).every((one) => one === 0 || one === false || isNothing(one));
}

/** What is held of a struct may have more members: Atlas gives those that are not set as null. */
function isHeld(said: unknown, held: unknown): boolean {
  if (Array.isArray(said))
    return (
      Array.isArray(held) &&
      said.length === held.length &&
      said.every((one, index) => isHeld(one, held[index]))
    );
  if (said === null || typeof said !== 'object') return said === held;
  if (held === null || typeof held !== 'object' || Array.isArray(held)) return false;
  // A struct reads with the name of its type, and may be said without.
  const isNamed = 'typeName' in held && 'attributes' in held && !('attributes' in said);
  const members: Readonly<Record<string, unknown>> = { ...(isNamed ? (held.attributes as object) : held) };
  return Object.entries(said).every(([name, one]) => isHeld(one, members[name]));
}

function refersTo(
  { targets, many }: Reference,
  held: unknown,
  { types, strict }: { readonly types: TypeModel; readonly strict: boolean },
): boolean {
  const list = (Array.isArray(held) ? held : [held]).flatMap((value: unknown) => {
    const parsed = relatedObjectSchema.safeParse(value);
    if (!parsed.success) return [];
    const { relationshipStatus, entityStatus } = parsed.data;
    return relationshipStatus === 'DELETED' || entityStatus === 'DELETED' ? [] : [parsed.data];
  });
  if (list.some((one) => typeof one['qualifiedName'] !== 'string')) return !strict;
  if (!many && list.length !== targets.length) return false;
  return targets.every((target) =>
    list.some(
      (one) =>
        one['qualifiedName'] === target.qualifiedName &&
        (one.typeName === undefined || types.isA(one.typeName, target.typeName)),
    ),
  );
}
