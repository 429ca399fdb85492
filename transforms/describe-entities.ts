/**
 * Hands entities on that a source says straight, in the catalogue's own terms: each entity event becomes one change. What is said more
 * than once is said once, and in order, so that the way in which a source lists it does not count as a change.
 */
import { StreamError } from '../pipeline/errors.ts';
import { uniqueRefs } from '../pipeline/process.ts';
import { deriving, type TransformFactory } from '../pipeline/transform.ts';
import type {
  Annotations,
  Attributes,
  Classification,
  Contact,
  Entity,
  EntityBody,
  GuidReference,
  Reference,
} from '../schemas/types.ts';

/** Makes the transform. */
export const describeEntities: TransformFactory = (context) =>
  deriving((event) => {
    if (event.type !== 'entity') return undefined;
    context.settings(event.value.producer); // an event of a producer that is not configured is refused, as everywhere
    const change = { entities: [bodyOf(event.value)], complete: [], placeholder: false } as const;
    return { event, changes: [change], known: [], warnings: event.value.warnings };
  });

function bodyOf(entity: Entity): EntityBody {
  const { typeName, qualifiedName } = entity;
  if (typeName.trim() === '') throw wrong(entity, 'has no typeName');
  if (qualifiedName.trim() === '') throw wrong(entity, 'has no qualifiedName');
  checkValues(entity, entity.attributes);
  const { qualifiedName: own, ...attributes } = entity.attributes;
  if (own !== undefined && own !== qualifiedName)
    throw wrong(entity, `has another qualifiedName among its attributes: ${JSON.stringify(own)}`);
  const terms: readonly Reference[] = entity.terms === null ? [] : [termsOf(entity.terms)];
  const body = {
    typeName,
    qualifiedName,
    attributes,
    references: joined(entity, [...entity.references, ...terms]),
  };
  const annotations = annotationsOf(entity);
  return annotations === undefined ? body : { ...body, annotations };
}

/** Terms are a relationship like any other; Atlas calls its end at the entity `meanings`. */
function termsOf(terms: readonly string[]): Reference {
  const targets = terms.map((qualifiedName) => ({ typeName: 'AtlasGlossaryTerm', qualifiedName }));
  return { attribute: 'meanings', many: true, targets };
}

function joined(entity: Entity, references: readonly Reference[]): readonly Reference[] {
  const byAttribute = new Map<string, Reference>();
  for (const { attribute, many, targets } of references) {
    const known = byAttribute.get(attribute);
    if (known !== undefined && known.many !== many)
      throw wrong(entity, `has ${attribute} both as a list and as a single reference`);
    const all = uniqueRefs([...(known?.targets ?? []), ...targets]);
    if (!many && all.length > 1)
      throw wrong(entity, `has ${all.length} targets of ${attribute}, which takes one`);
    byAttribute.set(attribute, { attribute, many, targets: all });
  }
  return [...byAttribute.values()].sort((a, b) => (a.attribute < b.attribute ? -1 : 1));
}

/** What is said beside attributes and references; undefined for nothing. */
function annotationsOf(entity: Entity): Annotations | undefined {
  const { labels, businessAttributes, customAttributes, contacts, collection } = entity;
  for (const attributes of Object.values(businessAttributes ?? {})) checkValues(entity, attributes);
  const said = {
    classifications: entity.classifications && classificationsOf(entity, entity.classifications),
    labels: labels && [...new Set(labels)].sort(),
    businessAttributes,
    customAttributes,
    contacts: contacts && {
      experts: contacts.experts && contactsOf(contacts.experts),
      owners: contacts.owners && contactsOf(contacts.owners),
    },
    collection,
  };
  const guidReferences = guidReferencesOf(entity.guidReferences);
  const isSilent = guidReferences.length === 0 && Object.values(said).every((part) => part === null);
  return isSilent ? undefined : { ...said, guidReferences };
}

function classificationsOf(entity: Entity, given: readonly Classification[]): readonly Classification[] {
  const byType = new Map<string, Classification>();
  for (const one of given) {
    checkValues(entity, one.attributes);
    const known = byType.get(one.typeName);
    if (known !== undefined && JSON.stringify(known) !== JSON.stringify(one))
      throw wrong(entity, `has the classification ${one.typeName} twice, with different values`);
    byType.set(one.typeName, one);
  }
  return [...byType.values()].sort((a, b) => (a.typeName < b.typeName ? -1 : 1));
}

/** Of one person the last word counts. */
function contactsOf(contacts: readonly Contact[]): readonly Contact[] {
  const byId = new Map(contacts.map((contact) => [contact.id, contact]));
  return [...byId.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

function guidReferencesOf(references: readonly GuidReference[]): readonly GuidReference[] {
  const sorted = references.map(({ attribute, many, guids }) => ({
    attribute,
    many,
    guids: [...new Set(guids)].sort(),
  }));
  return sorted.sort((a, b) => (a.attribute < b.attribute ? -1 : 1));
}

function checkValues(entity: Entity, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || typeof value !== 'object' || !('json' in value)) continue;
    try {
      JSON.parse(value.json);
    } catch (thrown) {
      throw new StreamError('EVENT_INVALID', wrong(entity, `has no JSON in ${name}`).message, {
        cause: thrown,
      });
    }
  }
}

function wrong({ typeName, qualifiedName, objectId }: Entity, what: string): StreamError {
  return new StreamError('EVENT_INVALID', `The entity ${typeName} ${qualifiedName} (${objectId}) ${what}.`);
}
