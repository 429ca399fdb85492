import type { Annotations, Attributes, Classification, Contact, GuidReference } from '../../schemas/types.ts';

/** Joins what two say of an entity beside its attributes: lists are joined, single values are those of the first who gives one. */
export function joinAnnotations(
  a: Annotations | undefined,
  b: Annotations | undefined,
): Annotations | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return {
    classifications: joinBoth(a.classifications, b.classifications, joinClassifications),
    labels: joinBoth(a.labels, b.labels, (ours, theirs) => [...new Set([...ours, ...theirs])].sort()),
    businessAttributes: joinBoth(a.businessAttributes, b.businessAttributes, joinBusiness),
    customAttributes: joinBoth(a.customAttributes, b.customAttributes, (ours, theirs) => ({
      ...theirs,
      ...ours,
    })),
    contacts: joinBoth(a.contacts, b.contacts, (ours, theirs) => ({
      experts: joinBoth(ours.experts, theirs.experts, joinContacts),
      owners: joinBoth(ours.owners, theirs.owners, joinContacts),
    })),
    collection: a.collection ?? b.collection,
    guidReferences: joinGuids(a.guidReferences, b.guidReferences),
  };
}

function joinBoth<T>(a: T | null, b: T | null, join: (a: T, b: T) => T): T | null {
  return a === null || b === null ? (a ?? b) : join(a, b);
}

/** Attributes of the first; those that it does not give, or clears, of the second. */
function joinAttributes(a: Attributes, b: Attributes): Attributes {
  const given = Object.entries(a).filter(([name, value]) => value !== null || !Object.hasOwn(b, name));
  return { ...b, ...Object.fromEntries(given) };
}

function joinBusiness(
  a: Readonly<Record<string, Attributes>>,
  b: Readonly<Record<string, Attributes>>,
): Readonly<Record<string, Attributes>> {
  const joined = Object.entries(a).map(([type, own]) => [type, joinAttributes(own, b[type] ?? {})] as const);
  return { ...b, ...Object.fromEntries(joined) };
}

function joinClassifications(
  a: readonly Classification[],
  b: readonly Classification[],
): readonly Classification[] {
  const joined = new Map(b.map((one) => [one.typeName, one]));
  for (const one of a) {
    const other = joined.get(one.typeName);
    const attributes =
      other === undefined ? one.attributes : joinAttributes(one.attributes, other.attributes);
    joined.set(one.typeName, { ...one, attributes });
  }
  return [...joined.values()].sort((x, y) => (x.typeName < y.typeName ? -1 : 1));
}

function joinContacts(a: readonly Contact[], b: readonly Contact[]): readonly Contact[] {
  const joined = new Map([...b, ...a].map((contact) => [contact.id, contact]));
  return [...joined.values()].sort((x, y) => (x.id < y.id ? -1 : 1));
}

function joinGuids(a: readonly GuidReference[], b: readonly GuidReference[]): readonly GuidReference[] {
  const joined = new Map(b.map((reference) => [reference.attribute, reference]));
  for (const reference of a) {
    const other = joined.get(reference.attribute);
    const guids = reference.many
      ? [...new Set([...reference.guids, ...(other?.guids ?? [])])].sort()
      : reference.guids;
    joined.set(reference.attribute, { ...reference, guids });
  }
  return [...joined.values()].sort((x, y) => (x.attribute < y.attribute ? -1 : 1));
}
