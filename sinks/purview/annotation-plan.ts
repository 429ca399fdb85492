import { canonicalJson } from '../../pipeline/canonical-json.ts';
import { refKey } from '../../pipeline/derive/keys.ts';
import type { Annotations, EntityBody, EntityRef, Reference } from '../../schemas/types.ts';
import type { Applied } from './applied.ts';
import type { Given } from './said-schema.ts';

/** What an entity is to have beside its attributes and references. */
export interface AnnotationPlan {
  readonly entity: EntityRef;
  /** All that is said of it now; undefined when nothing is. */
  readonly wanted: (Annotations & { readonly terms: readonly string[] | null }) | undefined;
  /** What was given to it before. */
  readonly given: Given | undefined;
  /** The same, with what may have been given by a write that did not come to its end. */
  readonly ours: Given | undefined;
  /** Whether the catalogue may have lost what it was given: then it gets it again. */
  readonly isDoubted: boolean;
}

/**
 * The plans of entities of which something is said beside attributes and references, or was given before; without those of which the same
 * is said as the catalogue has confirmed. Pure.
 */
export function planAnnotations(
  bodies: readonly EntityBody[],
  {
    before,
    confirmed,
    isDoubted,
  }: {
    readonly before: Pick<Applied, 'given' | 'claimed'> | undefined;
    readonly confirmed: ReadonlyMap<string, EntityBody>;
    readonly isDoubted: boolean;
  },
): readonly AnnotationPlan[] {
  return bodies.flatMap((body): AnnotationPlan[] => {
    const { typeName, qualifiedName } = body;
    const wanted = wantedOf(body);
    const own = (list: readonly Given[] = []): readonly Given[] =>
      list.filter(({ entity }) => refKey(entity) === refKey(body));
    const [given] = own(before?.given);
    const ours = own(before?.claimed).reduce(joinGiven, given);
    const known = confirmed.get(refKey(body));
    const isSaid = known !== undefined && canonicalJson(wantedOf(known)) === canonicalJson(wanted);
    if (isSaid || (wanted === undefined && ours === undefined)) return [];
    return [{ entity: { typeName, qualifiedName }, wanted, given, ours, isDoubted }];
  });
}

/** An entity without its glossary terms, which are no plain list: others may have given it some. */
export function withoutTerms(body: EntityBody): EntityBody {
  if (!body.references.some(isTerms)) return body;
  return { ...body, references: body.references.filter((reference) => !isTerms(reference)) };
}

function isTerms({ attribute, many }: Reference): boolean {
  return attribute === 'meanings' && many;
}

function wantedOf({ annotations, references }: EntityBody): AnnotationPlan['wanted'] {
  const terms = references.find(isTerms)?.targets.map(({ qualifiedName }) => qualifiedName) ?? null;
  if (annotations !== undefined && annotations !== null) return { ...annotations, terms };
  return terms === null ? undefined : { ...nothing, terms };
}

const nothing: Annotations = {
  classifications: null,
  labels: null,
  businessAttributes: null,
  customAttributes: null,
  contacts: null,
  collection: null,
  guidReferences: [],
};

/** What was given, with what a write that was cut off was about to give: where both have a value, the catalogue may still hold the first. */
export function joinGiven(a: Given | undefined, b: Given): Given {
  if (a === undefined) return b;
  const lists = <T>(ours: readonly T[], theirs: readonly T[], keyOf: (one: T) => string): T[] => [
    ...new Map([...theirs, ...ours].map((one) => [keyOf(one), one])).values(),
  ];
  const types = new Set([...Object.keys(a.businessAttributes), ...Object.keys(b.businessAttributes)]);
  const business = Array.from(types, (type) => [
    type,
    { ...b.businessAttributes[type], ...a.businessAttributes[type] },
  ]);
  return {
    entity: a.entity,
    classifications: lists(a.classifications, b.classifications, ({ typeName }) => typeName),
    labels: lists(a.labels, b.labels, (label) => label),
    terms: lists(a.terms, b.terms, (term) => term),
    businessAttributes: Object.fromEntries(business),
    customAttributes: { ...b.customAttributes, ...a.customAttributes },
    experts: lists(a.experts, b.experts, ({ id }) => id),
    owners: lists(a.owners, b.owners, ({ id }) => id),
    collection: a.collection ?? b.collection,
  };
}
