import { z } from 'zod';
import { attributeValueOf, jsonOf } from '../../pipeline/attribute-value.ts';
import type { Json } from '../../pipeline/state.ts';
import type { Attributes, AttributeValue, Classification, Contact } from '../../schemas/types.ts';
import type { ReadEntity } from './client.ts';

/** What a catalogue holds of an entity beside its attributes and references. */
export interface HeldAnnotations {
  /** Its own: not what spreads to it. */
  readonly classifications: readonly Classification[];
  readonly labels: readonly string[];
  /** By qualifiedName; where the catalogue does not tell that (Atlas before 2.4, Purview), see {@link termName}. */
  readonly terms: readonly string[];
  readonly businessAttributes: Readonly<Record<string, Attributes>>;
  readonly customAttributes: Readonly<Record<string, string>>;
  readonly experts: readonly Contact[];
  readonly owners: readonly Contact[];
  /** Undefined where there are no collections. */
  readonly collection: string | undefined;
}

const json = z.json();
const attributes = z.record(z.string(), json).nullish();
const text = z.string().nullish();
const contacts = z.array(z.looseObject({ id: z.string(), info: text })).nullish();

/** The parts of an entity's answer that are read here. Purview leaves out, and Atlas gives as null, what is not set. */
const annotatedSchema = z.looseObject({
  guid: z.string(),
  classifications: z
    .array(
      z.looseObject({
        typeName: z.string(),
        entityGuid: text,
        attributes,
        propagate: z.boolean().nullish(),
        removePropagationsOnEntityDelete: z.boolean().nullish(),
        validityPeriods: z.array(z.looseObject({ startTime: text, endTime: text, timeZone: text })).nullish(),
      }),
    )
    .nullish(),
  labels: z.array(z.string()).nullish(),
  businessAttributes: z.record(z.string(), attributes).nullish(),
  customAttributes: z.record(z.string(), z.string()).nullish(),
  contacts: z.looseObject({ Expert: contacts, Owner: contacts }).nullish(),
  collectionId: text,
  relationshipAttributes: z
    .looseObject({
      meanings: z
        .array(
          z.looseObject({
            qualifiedName: text,
            displayText: text,
            relationshipStatus: text,
            entityStatus: text,
          }),
        )
        .nullish(),
    })
    .nullish(),
});

/** Reads what is held of an entity. Throws a ZodError when the answer is not as documented. */
export function heldAnnotations(entity: ReadEntity, terms: readonly string[]): HeldAnnotations {
  const read = annotatedSchema.parse(entity);
  return {
    classifications: (read.classifications ?? [])
      .filter(({ entityGuid }) => (entityGuid ?? read.guid) === read.guid)
      .map((one) => ({
        typeName: one.typeName,
        attributes: valuesOf(one.attributes ?? {}),
        propagate: one.propagate ?? null,
        removePropagationsOnEntityDelete: one.removePropagationsOnEntityDelete ?? null,
        validityPeriods: (one.validityPeriods ?? []).map(({ startTime, endTime, timeZone }) => ({
          startTime: startTime ?? null,
          endTime: endTime ?? null,
          timeZone: timeZone ?? null,
        })),
      })),
    labels: read.labels ?? [],
    terms: heldTerms(read.relationshipAttributes?.meanings ?? [], terms),
    businessAttributes: Object.fromEntries(
      Object.entries(read.businessAttributes ?? {}).map(([type, own]) => [type, valuesOf(own ?? {})]),
    ),
    customAttributes: read.customAttributes ?? {},
    experts: contactsOf(read.contacts?.Expert),
    owners: contactsOf(read.contacts?.Owner),
    collection: read.collectionId ?? undefined,
  };
}

/** The name of a term in its qualifiedName TERM@GLOSSARY; neither has an @ in it. */
function termName(qualifiedName: string): string {
  return qualifiedName.slice(0, qualifiedName.lastIndexOf('@'));
}

interface HeldTerm {
  readonly qualifiedName?: string | null | undefined;
  readonly displayText?: string | null | undefined;
  readonly relationshipStatus?: string | null | undefined;
  readonly entityStatus?: string | null | undefined;
}

/** Terms that are held; those without a qualifiedName are taken for the one of `terms` that has their name. */
function heldTerms(held: readonly HeldTerm[], terms: readonly string[]): readonly string[] {
  return held.flatMap(({ qualifiedName, displayText, relationshipStatus, entityStatus }) => {
    if (relationshipStatus === 'DELETED' || entityStatus === 'DELETED') return [];
    if (typeof qualifiedName === 'string') return [qualifiedName];
    return terms.filter((term) => termName(term) === displayText);
  });
}

function contactsOf(given: z.output<typeof contacts>): readonly Contact[] {
  return (given ?? []).map(({ id, info }) => ({ id, info: info ?? null }));
}

function valuesOf(given: Readonly<Record<string, Json>>): Attributes {
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, attributeValueOf(value)]));
}

/**
 * Whether a value is what is held, as far as a catalogue keeps what it is given: it may hold a number for a text of one, milliseconds for a
 * time, and null for what is empty.
 */
export function isSameValue(ours: AttributeValue, held: AttributeValue | undefined): boolean {
  return isSameJson(jsonOf(ours), held === undefined ? null : jsonOf(held));
}

function isSameJson(ours: Json, held: Json): boolean {
  if (ours === held) return true;
  if (ours === null || ours === '') return held === null || held === '';
  if (Array.isArray(ours))
    return (
      Array.isArray(held) &&
      ours.length === held.length &&
      ours.every((one, at) => isSameJson(one, held[at] ?? null))
    );
  if (typeof ours === 'object') {
    if (held === null || typeof held !== 'object' || Array.isArray(held)) return false;
    const members = held as Readonly<Record<string, Json>>;
    return Object.entries(ours).every(([name, one]) => isSameJson(one, members[name] ?? null));
  }
  if (typeof held === 'number') return Number(ours) === held || Date.parse(String(ours)) === held;
  return typeof held !== 'object' && String(ours) === String(held);
}
