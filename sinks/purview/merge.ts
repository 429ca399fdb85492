import { spokenBody } from '../../pipeline/content-hash.ts';
import { refKey } from '../../pipeline/derive/keys.ts';
import type { Precedence } from '../../pipeline/precedence.ts';
import { uniqueRefs } from '../../pipeline/process.ts';
import { joinAnnotations } from './merge-annotations.ts';
import type { AttributeValue, EntityBody, EntityRef, Reference } from '../../schemas/types.ts';

/**
 * Joins what several say of the same entities. Each attribute and single reference is that of the first who gives it a
 * value; null clears only when nobody has a value. References to many are joined. Entities keep the order in which they first come.
 */
export function mergeBodies(lists: readonly (readonly EntityBody[])[]): readonly EntityBody[] {
  const merged = new Map<string, EntityBody>();
  for (const body of lists.flat()) {
    const key = refKey(body);
    const known = merged.get(key);
    const spoken = spokenBody(body);
    merged.set(key, known === undefined ? spoken : join(known, spoken));
  }
  return [...merged.values()];
}

/** What one producer says. */
export interface Said {
  readonly producer: string;
  readonly entities: readonly EntityBody[];
}

/** Joins what producers say: each attribute and single reference is that of the first, in the order of precedence, who gives it a value. */
export function mergeSaid(said: readonly Said[], precedence: Precedence): readonly EntityBody[] {
  const merge = (attribute?: string): readonly EntityBody[] =>
    mergeBodies(precedence.sorted(said, attribute).map(({ entities }) => entities));
  const bodies = merge();
  if (said.length < 2) return bodies;
  return precedence.attributes.reduce((merged, attribute) => {
    const own = new Map(merge(attribute).map((body) => [refKey(body), body]));
    return merged.map((body) => withAttribute(body, own.get(refKey(body)), attribute));
  }, bodies);
}

function withAttribute(body: EntityBody, from: EntityBody | undefined, attribute: string): EntityBody {
  const value = from?.attributes[attribute];
  const reference = from?.references.find((one) => one.attribute === attribute);
  return {
    ...body,
    ...(value === undefined ? {} : { attributes: { ...body.attributes, [attribute]: value } }),
    ...(reference === undefined
      ? {}
      : { references: body.references.map((one) => (one.attribute === attribute ? reference : one)) }),
  };
}

function join(a: EntityBody, b: EntityBody): EntityBody {
  const attributes = new Map<string, AttributeValue>(Object.entries(a.attributes));
  for (const [name, value] of Object.entries(b.attributes)) {
    if ((attributes.get(name) ?? null) === null) attributes.set(name, value);
  }
  const references = new Map<string, Reference>(
    a.references.map((reference) => [reference.attribute, reference]),
  );
  for (const reference of b.references) {
    const known = references.get(reference.attribute);
    references.set(reference.attribute, known === undefined ? reference : joinReferences(known, reference));
  }
  const annotations = joinAnnotations(a.annotations ?? undefined, b.annotations ?? undefined);
  return {
    typeName: a.typeName,
    qualifiedName: a.qualifiedName,
    attributes: Object.fromEntries(attributes),
    references: [...references.values()],
    ...(annotations === undefined ? {} : { annotations }),
  };
}

function joinReferences(a: Reference, b: Reference): Reference {
  if (a.many) return { ...a, targets: uniqueRefs([...a.targets, ...b.targets]) };
  return a.targets.length > 0 ? a : b;
}

/** What is in one list of references and not in another, by type and name. */
export function without(refs: readonly EntityRef[], others: readonly EntityRef[]): readonly EntityRef[] {
  const keys = new Set(others.map(refKey));
  return refs.filter((ref) => !keys.has(refKey(ref)));
}
