import { refKey } from '../../pipeline/derive/keys.ts';
import type { TypeModel } from '../../pipeline/type-model.ts';
import type { EntityBody, EntityRef, Reference } from '../../schemas/types.ts';
import { type Applied, type AppliedSpeaker, speakersOf } from './applied.ts';
import { without } from './merge.ts';
import type { EntityWrite } from './request.ts';

/** How a reference of many reaches the catalogue after the bulk request. */
export interface ReferencePlan {
  readonly source: EntityRef;
  readonly attribute: string;
  /** All that the reference must have in the end. */
  readonly wanted: readonly EntityRef[];
  /** Whether the catalogue may have lost what it was given: then it is looked at. */
  readonly isDoubted: boolean;
  /** What it must not have: it was renamed, and is meant by its old name still; or a write without an end may have brought it. */
  readonly carried: readonly EntityRef[];
  /** Undefined when nothing is known of what the catalogue has: then the list is in the request itself. */
  readonly known: { readonly add: readonly EntityRef[]; readonly remove: readonly EntityRef[] } | undefined;
}

/** What the catalogue was given before of each reference of many, by entity and attribute. */
export function knownTargets(before: Applied | undefined): ReadonlyMap<string, readonly EntityRef[]> {
  return targetsOf(speakersOf(before));
}

/** What it may have been given beside that, by the same. */
export function begunTargets(before: Applied | undefined): ReadonlyMap<string, readonly EntityRef[]> {
  return targetsOf(before?.begun ?? []);
}

function targetsOf(speakers: readonly AppliedSpeaker[]): ReadonlyMap<string, readonly EntityRef[]> {
  const known = new Map<string, readonly EntityRef[]>();
  for (const { source, attribute, targets } of speakers.flatMap((speaker) => speaker.references)) {
    const key = referenceKey(source, attribute);
    known.set(key, [...(known.get(key) ?? []), ...targets]);
  }
  return known;
}

/**
 * Plans how the references of an entity reach the catalogue: those of many through relationships, where it is known what the
 * catalogue has of them, all others in the request. Pure.
 *
 * @param context `known`: see {@link knownTargets}; `begun`: see {@link begunTargets}; `isDoubted`: whether the catalogue may have lost what it was given
 */
export function planReferences(
  body: EntityBody,
  { known, begun, isDoubted, types, stale }: ReferenceContext,
): { readonly plans: readonly ReferencePlan[]; readonly write: EntityWrite } {
  const attributes = body.references.map(({ attribute }) => attribute);
  const plain = new Set(attributes.filter((attribute) => types.isPlain(body.typeName, attribute)));
  const byGuid = new Set((body.annotations?.guidReferences ?? []).map(({ attribute }) => attribute));
  const plans = body.references
    // Those stand in the request whole.
    .filter(({ many, attribute }) => many && !byGuid.has(attribute) && !plain.has(attribute))
    .map((reference) => ({
      ...planReference(body, reference, known.get(referenceKey(body, reference.attribute))),
      isDoubted: isDoubted || stale.size > 0,
      carried: without(
        [
          ...reference.targets.flatMap((target) => stale.get(refKey(target)) ?? []),
          ...(begun.get(referenceKey(body, reference.attribute)) ?? []),
        ],
        reference.targets,
      ),
    }));
  const omitted = plans.filter((plan) => plan.known !== undefined).map(({ attribute }) => attribute);
  return { plans, write: { body, omit: new Set(omitted), plain } };
}

interface ReferenceContext {
  readonly known: ReadonlyMap<string, readonly EntityRef[]>;
  readonly begun: ReadonlyMap<string, readonly EntityRef[]>;
  readonly isDoubted: boolean;
  readonly types: TypeModel;
  /** What has another name now than the one by which it is referred to, by {@link refKey} of that. */
  readonly stale: ReadonlyMap<string, EntityRef>;
}

function planReference(
  source: EntityRef,
  { attribute, targets: wanted }: Reference,
  known: readonly EntityRef[] | undefined,
): Omit<ReferencePlan, 'isDoubted' | 'carried'> {
  const { typeName, qualifiedName } = source;
  const at = { source: { typeName, qualifiedName }, attribute, wanted };
  if (known === undefined) return { ...at, known: undefined };
  return { ...at, known: { add: without(wanted, known), remove: without(known, wanted) } };
}

function referenceKey(source: EntityRef, attribute: string): string {
  return `${refKey(source)}\n${attribute}`;
}
