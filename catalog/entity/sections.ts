/** The sections of an entity beside its attributes: labels, custom and business attributes, and classifications given at creation. */
import { AtlasError, AtlasFault, invalidParameters } from '../atlas-error.ts';
import { isObject, jsonObject, type JsonObject, own, ownList, ownObject, ownText } from '../json.ts';
import type { StoredClassification, StoredEntity } from '../model.ts';
import type { UnitOfWork } from '../unit-of-work.ts';
import type { Incoming } from './incoming.ts';

const maxLength = 50;
const allowed = /^[\u2E80-\uA4CF\uAC00-\uD7AFa-zA-Z0-9_-]*$/u;

/** Checks labels. @throws AtlasError 400-00-08F, 400-00-090 */
export function checkLabels(labels: readonly string[]): void {
  for (const label of labels) {
    if (label.length > maxLength) throw new AtlasError('LABEL_TOO_LONG', label, String(maxLength));
    if (!allowed.test(label)) throw new AtlasError('LABEL_CHARACTERS', label);
  }
}

/** Checks the keys of custom attributes; a bulk write does not check the values. @throws AtlasError 400-00-08C, 400-00-08D */
export function checkCustomAttributes(custom: JsonObject | undefined): void {
  for (const key of Object.keys(custom ?? {})) {
    if (key.length > maxLength) throw new AtlasError('CUSTOM_ATTRIBUTE_KEY_TOO_LONG', key, String(maxLength));
    if (!allowed.test(key)) throw new AtlasError('CUSTOM_ATTRIBUTE_KEY_CHARACTERS', key);
  }
}

/** Whether a classification is given without any attribute (seen on Atlas 2.1.0). */
export function readBareness(raw: JsonObject): { isBare?: true } {
  return Object.keys(ownObject(raw, 'attributes') ?? {}).length === 0 ? { isBare: true } : {};
}

/** The times in which a classification holds, where they are given. */
export function readValidity(raw: JsonObject): { validityPeriods?: JsonObject[] } {
  const periods = ownList(raw, 'validityPeriods').filter(isObject);
  return periods.length === 0 ? {} : { validityPeriods: periods };
}

const maxContacts = 20;

/** Checks contacts: Purview takes so many of a kind (Data Map reference, AtlasEntity.contacts). @throws AtlasError 400-00-01A */
export function checkContacts(contacts: JsonObject | undefined): void {
  for (const kind of ['Expert', 'Owner']) {
    if (ownList(contacts, kind).length > maxContacts)
      throw invalidParameters(`contacts: more than ${maxContacts} of the kind ${kind}`);
  }
}

/**
 * Reads classifications that come with a new entity. Atlas checks neither their attributes nor whether they apply; an unknown
 * one is a fault (500), a doubled one counts once.
 */
export function readCreateClassifications(
  unit: UnitOfWork,
  given: readonly JsonObject[],
): StoredClassification[] {
  const read = new Map<string, StoredClassification>();
  for (const raw of given) {
    const typeName = ownText(raw, 'typeName');
    const type = typeName === undefined ? undefined : unit.registry.classificationType(typeName);
    if (type === undefined) throw new AtlasFault('an unknown classification in a new entity');
    if (read.has(type.name)) continue;
    const sent = ownObject(raw, 'attributes');
    const attributes = jsonObject();
    for (const name of type.attributes.keys()) {
      const value = own(sent, name);
      if (value !== undefined && value !== null) attributes[name] = value;
    }
    read.set(type.name, {
      typeName: type.name,
      attributes,
      propagate: own(raw, 'propagate') !== false,
      removePropagationsOnEntityDelete: own(raw, 'removePropagationsOnEntityDelete') === true,
      ...readBareness(raw),
      ...readValidity(raw),
    });
  }
  return [...read.values()];
}

/** Takes over the sections that a new entity may bring; classifications are attached after its header was made. */
export function takeCreateSections(entity: StoredEntity, incoming: Incoming): void {
  if (incoming.labels !== undefined) entity.labels = [...new Set(incoming.labels)];
  if (incoming.customAttributes !== undefined) entity.customAttributes = incoming.customAttributes;
  if (incoming.businessAttributes !== undefined) entity.businessAttributes = incoming.businessAttributes;
}
