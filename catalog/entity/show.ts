/** Entities as Atlas answers them: the header, the whole entity, and what comes with it. */
import { jsonObject, type JsonObject, type JsonValue, own, ownObject, ownText } from '../json.ts';
import type { StoredClassification, StoredEdge, StoredEntity } from '../model.ts';
import type { EntityType, RelationEnd } from '../types/registry.ts';
import type { UnitOfWork } from '../unit-of-work.ts';
import { showAttribute } from '../values.ts';
import { endEdges, otherEnd } from './edges.ts';
import { type Propagated, propagatedTo } from './propagation.ts';

/** The name under which an entity is shown: its name, else its qualifiedName. */
export function displayText(entity: StoredEntity): string {
  return (
    ownText(entity.attributes, 'name') ??
    ownText(entity.attributes, 'displayName') ??
    ownText(entity.attributes, 'qualifiedName') ??
    entity.guid
  );
}

/** A reference as shown in attributes: guid, type and unique attributes. */
export function showObjectId(unit: UnitOfWork, guid: string): JsonObject {
  const entity = unit.entity(guid);
  if (entity === undefined) return jsonObject({ guid });
  return jsonObject({ guid, typeName: entity.typeName, uniqueAttributes: uniqueAttributes(unit, entity) });
}

function uniqueAttributes(unit: UnitOfWork, entity: StoredEntity): JsonObject {
  const shown = jsonObject();
  for (const info of unit.registry.entityType(entity.typeName)?.uniqueAttributes ?? []) {
    const value = own(entity.attributes, info.def.name);
    if (value !== undefined && value !== null) shown[info.def.name] = value;
  }
  return shown;
}

/** A classification on an entity. */
export function showClassification(
  unit: UnitOfWork,
  entity: StoredEntity,
  classification: StoredClassification,
): JsonObject {
  const attributes = jsonObject();
  const type = unit.registry.classificationType(classification.typeName);
  for (const [name, info] of type?.attributes ?? []) {
    const value = own(classification.attributes, name);
    attributes[name] =
      value === undefined && classification.isBare === true
        ? null
        : showAttribute(info, value, valueView(unit));
  }
  return jsonObject({
    typeName: classification.typeName,
    attributes,
    entityGuid: entity.guid,
    entityStatus: entity.status,
    propagate: classification.propagate,
    removePropagationsOnEntityDelete: classification.removePropagationsOnEntityDelete,
    validityPeriods: classification.validityPeriods,
  });
}

/** A classification that reaches an entity shows the attributes of its source as they are kept. */
function showReached(unit: UnitOfWork, { source, classification }: Propagated): JsonObject {
  const shown = showClassification(unit, source, classification);
  const attributes = jsonObject();
  for (const name of Object.keys(ownObject(shown, 'attributes') ?? {})) {
    attributes[name] = own(classification.attributes, name) ?? null;
  }
  shown['attributes'] = attributes;
  return shown;
}

/** The classifications of an entity as shown: its own and those that reach it. */
export function allClassifications(unit: UnitOfWork, entity: StoredEntity): JsonObject[] {
  const attached = entity.classifications.map((item) => showClassification(unit, entity, item));
  return [...attached, ...propagatedTo(unit, entity).map((item) => showReached(unit, item))];
}

function valueView(unit: UnitOfWork): Parameters<typeof showAttribute>[2] {
  return {
    registry: unit.registry,
    reference: (kept) => (typeof kept === 'string' ? showObjectId(unit, kept) : kept),
  };
}

/** The header of an entity. Attributes that are unset show as "". */
export function showHeader(
  unit: UnitOfWork,
  entity: StoredEntity,
  options: { readonly withClassifications: boolean },
): JsonObject {
  const attributes = jsonObject();
  for (const name of unit.registry.entityType(entity.typeName)?.headerAttributes ?? []) {
    attributes[name] = own(entity.attributes, name) ?? '';
  }
  const meanings = activeMeanings(unit, entity);
  const classifications = allClassifications(unit, entity);
  return jsonObject({
    typeName: entity.typeName,
    attributes,
    guid: entity.guid,
    status: entity.status,
    displayText: displayText(entity),
    classificationNames: classifications.map((item) => own(item, 'typeName') ?? null),
    classifications: options.withClassifications ? classifications : undefined,
    meaningNames: meanings.map(({ term }) => displayText(term)),
    meanings: meanings.map(({ term, edge }) =>
      jsonObject({
        termGuid: term.guid,
        relationGuid: edge.guid,
        displayText: displayText(term),
        confidence: 0,
        ...uniqueAttributes(unit, term),
      }),
    ),
    isIncomplete: entity.isIncomplete,
    labels: [...entity.labels],
  });
}

function activeMeanings(unit: UnitOfWork, entity: StoredEntity): { term: StoredEntity; edge: StoredEdge }[] {
  const end = unit.registry.entityType(entity.typeName)?.ends.get('meanings');
  if (end?.relationship.name !== 'AtlasGlossarySemanticAssignment') return [];
  // Most catalogues have no terms; then the relationships of the entity need not be read.
  if (!unit.hasInstances(end.otherType)) return [];
  return endEdges(unit, entity.guid, end).flatMap((edge) => {
    const term = unit.entity(otherEnd(edge, entity.guid));
    return term !== undefined && edge.status === 'ACTIVE' ? [{ term, edge }] : [];
  });
}

/** The attributes of a relationship as shown. Without attributes in its type the section is left out. */
export function showEdgeAttributes(unit: UnitOfWork, edge: StoredEdge): JsonObject | undefined {
  const def = unit.registry.relationship(edge.typeName);
  if (def === undefined || def.attributeDefs.length === 0) return undefined;
  const shown = jsonObject();
  for (const [name, info] of unit.registry.structAttributes(def)) {
    const kept = own(edge.attributes, name) ?? null;
    // Unlike on entities, what is unset is null whatever its type (seen on Atlas 2.4.0).
    shown[name] = kept === null ? null : showAttribute(info, kept, valueView(unit));
  }
  return shown;
}

/** One relationship of an entity as shown under its `relationshipAttributes`. */
export function showRelated(unit: UnitOfWork, edge: StoredEdge, guid: string): JsonValue {
  const other = unit.entity(otherEnd(edge, guid));
  if (other === undefined) return null;
  const related = jsonObject({
    guid: other.guid,
    typeName: other.typeName,
    entityStatus: other.status,
    displayText: displayText(other),
    relationshipType: edge.typeName,
    relationshipGuid: edge.guid,
    relationshipStatus: edge.status,
    relationshipAttributes: jsonObject({
      typeName: edge.typeName,
      attributes: showEdgeAttributes(unit, edge),
    }),
  });
  // Atlas puts the unique attributes beside the other fields.
  return jsonObject({ ...related, ...uniqueAttributes(unit, other) });
}

/** The edge that a single end shows: the live one, else the one that was deleted last. */
function shownEdge(edges: readonly StoredEdge[]): StoredEdge | undefined {
  return edges.find((edge) => edge.status === 'ACTIVE') ?? edges.at(-1);
}

function showEnd(unit: UnitOfWork, guid: string, end: RelationEnd): JsonValue {
  const edges = endEdges(unit, guid, end);
  if (end.isSet) return edges.map((edge) => showRelated(unit, edge, guid));
  const edge = shownEdge(edges);
  return edge === undefined ? null : showRelated(unit, edge, guid);
}

/** The value of a legacy end under `attributes`: the referents of all edges, also of deleted ones, without any mark. */
function showLegacyEnd(unit: UnitOfWork, guid: string, end: RelationEnd): JsonValue {
  const ids = endEdges(unit, guid, end).map((edge) => showObjectId(unit, otherEnd(edge, guid)));
  return end.isSet ? ids : (ids.at(-1) ?? null);
}

function showAttributes(unit: UnitOfWork, entity: StoredEntity, type: EntityType): JsonObject {
  const shown = jsonObject();
  const view = valueView(unit);
  for (const [name, info] of type.attributes) {
    const end = type.ends.get(name);
    if (end === undefined) shown[name] = showAttribute(info, own(entity.attributes, name), view);
    else if (end.isLegacy) shown[name] = showLegacyEnd(unit, entity.guid, end);
  }
  return shown;
}

/** How much of an entity is shown. */
export interface ShowOptions {
  readonly ignoreRelationships: boolean;
  /** Entities that come along show only their names. */
  readonly minExtInfo: boolean;
}

/** One entity as a whole. */
export function showEntity(unit: UnitOfWork, entity: StoredEntity, options: ShowOptions): JsonObject {
  const type = unit.registry.entityType(entity.typeName);
  const relations = jsonObject();
  for (const [name, end] of type?.ends ?? []) relations[name] = showEnd(unit, entity.guid, end);
  return jsonObject({
    typeName: entity.typeName,
    attributes: type === undefined ? jsonObject() : showAttributes(unit, entity, type),
    ...showStanding(entity),
    relationshipAttributes: options.ignoreRelationships ? undefined : relations,
    classifications:
      entity.classifications.length === 0
        ? undefined
        : entity.classifications.map((classification) => showClassification(unit, entity, classification)),
    customAttributes: entity.customAttributes,
    businessAttributes: entity.businessAttributes,
    labels: [...entity.labels],
    ...(unit.isPurview ? showPurviewParts(entity) : {}),
  });
}

/** Every asset is in a collection: at first in that which is named as the account. */
function showPurviewParts({ contacts, collectionId = rootCollection }: StoredEntity): JsonObject {
  return jsonObject({ contacts, collectionId });
}

const rootCollection = 'local';

function showStanding(entity: StoredEntity): JsonObject {
  const { guid, isIncomplete, status, createdBy, updatedBy, createTime, updateTime, version } = entity;
  return jsonObject({ guid, isIncomplete, status, createdBy, updatedBy, createTime, updateTime, version });
}

function showNamesOnly(unit: UnitOfWork, entity: StoredEntity): JsonObject {
  const attributes = jsonObject();
  for (const name of unit.registry.entityType(entity.typeName)?.headerAttributes ?? []) {
    const value = own(entity.attributes, name);
    if (value !== undefined && value !== null) attributes[name] = value;
  }
  return jsonObject({
    typeName: entity.typeName,
    attributes,
    ...showStanding(entity),
    labels: [...entity.labels],
  });
}

/** The entities that belong to one (its columns, say), with all that belongs to those, deleted ones too. */
export function showOwned(
  unit: UnitOfWork,
  entity: StoredEntity,
  options: ShowOptions,
  found: JsonObject = jsonObject(),
): JsonObject {
  if (options.ignoreRelationships) return found;
  for (const end of unit.registry.entityType(entity.typeName)?.ends.values() ?? []) {
    if (!end.owns) continue;
    for (const edge of endEdges(unit, entity.guid, end)) {
      const child = unit.entity(otherEnd(edge, entity.guid));
      if (child === undefined || Object.hasOwn(found, child.guid)) continue;
      found[child.guid] = options.minExtInfo ? showNamesOnly(unit, child) : showEntity(unit, child, options);
      showOwned(unit, child, options, found);
    }
  }
  return found;
}
