import type {
  Annotations,
  Attributes,
  AttributeValue,
  Classification,
  Contact,
} from '../../schemas/types.ts';
import { isSameValue } from './held-annotations.ts';
import type { Given } from './said-schema.ts';

/** What is said, given or held of an entity, each part by the names of its members. */
export interface AnnotationParts {
  readonly labels: ReadonlyMap<string, true>;
  readonly terms: ReadonlyMap<string, true>;
  readonly classifications: ReadonlyMap<string, Classification>;
  /** By type and name, see {@link nested}. */
  readonly business: ReadonlyMap<string, AttributeValue>;
  readonly custom: ReadonlyMap<string, string>;
  readonly experts: ReadonlyMap<string, Given['experts'][number]>;
  readonly owners: ReadonlyMap<string, Given['owners'][number]>;
}

type Lists = Partial<
  Pick<Annotations, 'classifications' | 'labels' | 'businessAttributes' | 'customAttributes'> & {
    readonly terms: readonly string[] | null;
    readonly experts: readonly Contact[] | null;
    readonly owners: readonly Contact[] | null;
  }
>;

/** The parts of what is said, given or held; what is not said has no members. */
export function partsOf(from: Lists | undefined): AnnotationParts {
  return {
    labels: setOf(from?.labels),
    terms: setOf(from?.terms),
    classifications: byType(from?.classifications),
    business: flat(from?.businessAttributes),
    custom: new Map(Object.entries(from?.customAttributes ?? {})),
    experts: byId(from?.experts),
    owners: byId(from?.owners),
  };
}

function byType(list: readonly Classification[] | null | undefined): ReadonlyMap<string, Classification> {
  return new Map((list ?? []).map((one) => [one.typeName, one]));
}

/** An update writes only the attributes that it names: what was given and is said no more is cleared. */
export function withCleared(
  said: readonly Classification[] | null | undefined,
  before: readonly Classification[] | undefined,
): readonly Classification[] {
  const known = byType(before);
  return (said ?? []).map((one) => {
    const cleared = Object.keys(known.get(one.typeName)?.attributes ?? {}).map(
      (name) => [name, null] as const,
    );
    return { ...one, attributes: { ...Object.fromEntries(cleared), ...one.attributes } };
  });
}

/** Whether a classification is held as it is said. */
export function isSameClassification(ours: Classification, held: Classification): boolean {
  const { attributes, propagate, removePropagationsOnEntityDelete: removes, validityPeriods } = ours;
  return (
    Object.entries(attributes).every(([name, value]) => isSameValue(value, held.attributes[name])) &&
    (propagate === null || propagate === held.propagate) &&
    (removes === null || removes === held.removePropagationsOnEntityDelete) &&
    JSON.stringify(validityPeriods.map(periodText)) === JSON.stringify(held.validityPeriods.map(periodText))
  );
}

function periodText({ startTime, endTime, timeZone }: Classification['validityPeriods'][number]): string {
  return JSON.stringify([startTime, endTime, timeZone]);
}

/** Without the classes of the decoder, and in the form that the state keeps. */
export function copyOf(one: Classification): Given['classifications'][number] {
  return {
    typeName: one.typeName,
    attributes: copyAttributes(one.attributes),
    propagate: one.propagate,
    removePropagationsOnEntityDelete: one.removePropagationsOnEntityDelete,
    validityPeriods: one.validityPeriods.map(({ startTime, endTime, timeZone }) => ({
      startTime,
      endTime,
      timeZone,
    })),
  };
}

type GivenAttributes = Given['businessAttributes'][string];

function copyAttributes(attributes: Attributes): GivenAttributes {
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, copyValue(value)]));
}

/** A value without the classes of the decoder. */
export function copyValue(value: AttributeValue): GivenAttributes[string] {
  if (value === null || typeof value !== 'object') return value;
  return 'json' in value ? { json: value.json } : [...value];
}

type Business = Readonly<Record<string, Attributes>>;

/** Values by type and name, out of a flat list of them. */
export function nested<T, R>(
  values: ReadonlyMap<string, T>,
  valueOf: (value: T) => R,
): Record<string, Record<string, R>> {
  const types: Record<string, Record<string, R>> = {};
  for (const [key, value] of values) {
    const at = key.indexOf('\n');
    (types[key.slice(0, at)] ??= {})[key.slice(at + 1)] = valueOf(value);
  }
  return types;
}

/** Business attributes by type and name; null is as good as not said. */
function flat(attributes: Business | null | undefined): ReadonlyMap<string, AttributeValue> {
  return new Map(
    Object.entries(attributes ?? {}).flatMap(([type, own]) =>
      Object.entries(own).flatMap(([name, value]) =>
        value === null ? [] : [[`${type}\n${name}`, value] as const],
      ),
    ),
  );
}

function byId(
  list: readonly Contact[] | null | undefined,
): ReadonlyMap<string, { id: string; info: string | null }> {
  return new Map((list ?? []).map(({ id, info }) => [id, { id, info }]));
}

/** Whether a contact is held as it is said. */
export function isSameContact(ours: Contact, held: Contact): boolean {
  return (ours.info ?? '') === (held.info ?? '');
}

function setOf(list: readonly string[] | null | undefined): ReadonlyMap<string, true> {
  return new Map((list ?? []).map((one) => [one, true]));
}
