import type { FoundObject } from '../../pipeline/producer.ts';
import type { Attributes, Entity, GuidReference, Reference } from '../../schemas/types.ts';
import type { Draft, DraftContact } from './draft.ts';

/** An entity of a workbook, as a raw event says it. */
export type WorkbookEntity = Extract<FoundObject, { readonly type: 'entity' }>['value'];

/** Makes the event of an entity. What no row tells is left open: an empty cell takes nothing away. */
export function entityOf(draft: Draft): WorkbookEntity {
  const references: Reference[] = [];
  const guidReferences: GuidReference[] = [];
  for (const [attribute, { many, targets, guids }] of draft.references) {
    if (guids.length > 0) guidReferences.push({ attribute, many, guids });
    // An empty list says that there are none; it stands where the workbook takes them away.
    if (targets.length > 0 || (guids.length === 0 && many)) references.push({ attribute, many, targets });
  }
  const { collectionId } = Object.fromEntries(draft.root);
  return {
    typeName: draft.typeName,
    qualifiedName: draft.qualifiedName,
    attributes: Object.fromEntries(draft.attributes),
    references,
    classifications: orNull([...draft.classifications], classification),
    labels: orNull([...draft.labels], (label) => label),
    businessAttributes: draft.business.size === 0 ? null : businessOf(draft),
    customAttributes: draft.custom.size === 0 ? null : Object.fromEntries(draft.custom),
    terms: orNull([...draft.terms], (term) => term),
    contacts: contactsOf(draft),
    collection: typeof collectionId === 'string' ? collectionId : null,
    guidReferences,
    warnings: [],
    additional: [...draft.root]
      .filter(([name]) => name !== 'collectionId')
      .map(([key, value]) => ({ key, json: JSON.stringify(value) })),
  };
}

function orNull<T, U>(list: readonly T[], make: (one: T) => U): readonly U[] | null {
  return list.length === 0 ? null : list.map(make);
}

function classification(typeName: string): NonNullable<Entity['classifications']>[number] {
  return {
    typeName,
    attributes: {},
    propagate: null,
    removePropagationsOnEntityDelete: null,
    validityPeriods: [],
  };
}

function businessOf(draft: Draft): Readonly<Record<string, Attributes>> {
  return Object.fromEntries(
    [...draft.business].map(([type, attributes]) => [type, Object.fromEntries(attributes)]),
  );
}

/** Each of the two lists only where the workbook tells it: experts alone leave the owners as they are. */
function contactsOf({ experts, owners }: Draft): Entity['contacts'] {
  if (experts.size === 0 && owners.size === 0) return null;
  const list = (contacts: ReadonlyMap<string, DraftContact>) => orNull([...contacts.values()], (one) => one);
  return { experts: list(experts), owners: list(owners) };
}
