import { jsonOf } from '../../pipeline/attribute-value.ts';
import type { Json } from '../../pipeline/state.ts';
import type { Classification, Contact } from '../../schemas/types.ts';
import type { AnnotationPlan } from './annotation-plan.ts';
import {
  type AnnotationParts,
  copyOf,
  copyValue,
  isSameClassification,
  isSameContact,
  nested,
  partsOf,
  withCleared,
} from './annotation-parts.ts';
import { decideSet, isSame, type Rules, type Same, type SetDecision, whole } from './decide-set.ts';
import { type HeldAnnotations, isSameValue } from './held-annotations.ts';
import type { Given } from './said-schema.ts';

/** What is to be done in the catalogue, each by its own request. */
export interface AnnotationChanges {
  readonly classifications: {
    readonly add: readonly Classification[];
    readonly update: readonly Classification[];
    readonly remove: readonly string[];
  };
  readonly labels: { readonly add: readonly string[]; readonly remove: readonly string[] };
  readonly terms: { readonly add: readonly string[]; readonly remove: readonly string[] };
  readonly business: {
    readonly set: Readonly<Record<string, Readonly<Record<string, Json>>>>;
    readonly remove: Readonly<Record<string, readonly string[]>>;
  };
  /** All custom attributes that the entity must have: Atlas replaces them whole. Undefined where they are right. */
  readonly customAttributes: Readonly<Record<string, string>> | undefined;
  /** All contacts that the entity must have. Undefined where they are right. */
  readonly contacts:
    | { readonly experts: readonly Contact[]; readonly owners: readonly Contact[] }
    | undefined;
  /** The collection that it is to be moved to. */
  readonly collection: string | undefined;
  /** What is given to it once all this is done. */
  readonly given: Given;
}

/**
 * Decides what is to be done for one entity, given what the catalogue holds of it. What is said and not held is given; what was given and is
 * said no more is taken away; what somebody else has put there, or changed since, is left alone. What was given and is gone was taken away by
 * somebody: it is given again only where the catalogue may have lost it. Pure.
 *
 * @param held undefined for an entity that is new
 * @param adopts whether what is held as it is said counts as given: nothing is remembered of what this catalogue was told
 */
export function decideAnnotations(
  plan: AnnotationPlan,
  held: HeldAnnotations | undefined,
  adopts: boolean,
): AnnotationChanges {
  const now = partsOf(held);
  const decided = decideParts(plan, now, { isNew: held === undefined, adopts });
  const { labels, terms, classifications, business, custom, experts, owners } = decided;
  const { wanted, given, isDoubted } = plan;
  const collection = decideCollection(wanted?.collection ?? null, given?.collection ?? null, held, isDoubted);
  const hasContacts = !isSame(experts) || !isSame(owners);
  return {
    classifications: classificationChanges(classifications, now.classifications),
    labels: { add: [...labels.set.keys()], remove: labels.remove },
    terms: { add: [...terms.set.keys()], remove: terms.remove },
    business: { set: nested(business.set, jsonOf), remove: namesOf(business.remove) },
    customAttributes: isSame(custom) ? undefined : Object.fromEntries(whole(now.custom, custom)),
    contacts: hasContacts
      ? {
          experts: [...whole(now.experts, experts).values()],
          owners: [...whole(now.owners, owners).values()],
        }
      : undefined,
    collection: collection.moveTo,
    given: {
      entity: { typeName: plan.entity.typeName, qualifiedName: plan.entity.qualifiedName },
      classifications: [...classifications.given.values()].map(copyOf),
      labels: [...labels.given.keys()],
      terms: [...terms.given.keys()],
      businessAttributes: nested(business.given, copyValue),
      customAttributes: Object.fromEntries(custom.given),
      experts: [...experts.given.values()],
      owners: [...owners.given.values()],
      collection: collection.given,
    },
  };
}

type Decisions = { readonly [P in keyof AnnotationParts]: SetDecision<MemberOf<AnnotationParts[P]>> };
type MemberOf<M> = M extends ReadonlyMap<string, infer T> ? T : never;

function decideParts(
  plan: AnnotationPlan,
  held: AnnotationParts,
  { isNew, adopts }: { readonly isNew: boolean; readonly adopts: boolean },
): Decisions {
  const { wanted: said } = plan;
  const classifications = withCleared(said?.classifications, plan.ours?.classifications);
  const wanted = partsOf(said && { ...said, ...said.contacts, classifications });
  const [given, ours] = isNew
    ? [partsOf(undefined), partsOf(undefined)]
    : [partsOf(plan.given), partsOf(plan.ours)];
  const rules: Rules = { isLost: plan.isDoubted || isNew, adopts };
  const decide = <T>(
    part: (from: AnnotationParts) => ReadonlyMap<string, T>,
    same?: Same<T>,
  ): SetDecision<T> =>
    decideSet({ wanted: part(wanted), given: part(given), ours: part(ours), held: part(held) }, rules, same);
  return {
    labels: decide((from) => from.labels),
    terms: decide((from) => from.terms),
    classifications: decide((from) => from.classifications, isSameClassification),
    business: decide((from) => from.business, isSameValue),
    custom: decide((from) => from.custom),
    experts: decide((from) => from.experts, isSameContact),
    owners: decide((from) => from.owners, isSameContact),
  };
}

function classificationChanges(
  { set, remove }: SetDecision<Classification>,
  held: AnnotationParts['classifications'],
): AnnotationChanges['classifications'] {
  const changed = [...set.values()];
  return {
    add: changed.filter(({ typeName }) => !held.has(typeName)),
    update: changed.filter(({ typeName }) => held.has(typeName)),
    remove,
  };
}

/** Names of business attributes by their types. */
function namesOf(keys: readonly string[]): Readonly<Record<string, readonly string[]>> {
  const types = nested(new Map(keys.map((key) => [key, null])), () => null);
  return Object.fromEntries(Object.entries(types).map(([type, own]) => [type, Object.keys(own)]));
}

/** Every asset is in a collection: the first word counts, until somebody moves it. */
function decideCollection(
  wanted: string | null,
  given: string | null,
  held: HeldAnnotations | undefined,
  isDoubted: boolean,
): { readonly moveTo: string | undefined; readonly given: string | null } {
  if (wanted === null) return { moveTo: undefined, given: null };
  const now = held?.collection;
  if (now === wanted) return { moveTo: undefined, given: wanted };
  const isMoved = now !== undefined && given !== null && now !== given;
  if (isMoved) return { moveTo: undefined, given };
  const isKnown = now === undefined && held !== undefined && given === wanted && !isDoubted;
  return { moveTo: isKnown ? undefined : wanted, given: wanted };
}
