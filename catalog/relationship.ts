/** Relationships as such: `/v2/relationship`. */
import type { PropagateTags } from '../pipeline/atlas/wire.ts';
import { AtlasError, AtlasFault } from './atlas-error.ts';
import { entityTypeOf, findByUnique, readReference } from './entity/references.ts';
import { endEdge } from './entity/edges.ts';
import { showEdgeAttributes, showHeader, showObjectId } from './entity/show.ts';
import {
  isObject,
  javaText,
  jsonObject,
  type JsonObject,
  type JsonValue,
  own,
  ownObject,
  ownText,
} from './json.ts';
import type { StoredEdge, StoredEntity } from './model.ts';
import type { StoredRelationshipDef } from './types/stored-type.ts';
import type { UnitOfWork } from './unit-of-work.ts';
import { readAttributes } from './values.ts';

const flipped: Readonly<Record<PropagateTags, PropagateTags>> = {
  NONE: 'NONE',
  BOTH: 'BOTH',
  ONE_TO_TWO: 'TWO_TO_ONE',
  TWO_TO_ONE: 'ONE_TO_TWO',
};

/** The label that Atlas gives an edge: legacy attributes have one of their own. */
function labelOf(def: StoredRelationshipDef): string {
  for (const end of [def.endDef1, def.endDef2]) if (end.isLegacyAttribute) return `__${end.type}.${end.name}`;
  return `r:${def.name}`;
}

/** One relationship as Atlas shows it. */
function showRelationship(unit: UnitOfWork, edge: StoredEdge): JsonObject {
  const def = unit.registry.relationship(edge.typeName);
  const { guid, status, createdBy, updatedBy, createTime, updateTime, version } = edge;
  const isPlain = def === undefined || def.attributeDefs.length === 0;
  return jsonObject({
    typeName: edge.typeName,
    attributes: isPlain ? undefined : showEdgeAttributes(unit, edge),
    guid,
    provenanceType: 0,
    end1: showObjectId(unit, edge.end1),
    end2: showObjectId(unit, edge.end2),
    label: def === undefined ? undefined : labelOf(def),
    propagateTags: edge.propagateTags,
    status,
    createdBy,
    updatedBy,
    createTime,
    updateTime,
    version,
    propagatedClassifications: [],
    blockedPropagatedClassifications: [],
  });
}

function endEntity(unit: UnitOfWork, body: JsonObject, key: 'end1' | 'end2', expected: string): StoredEntity {
  const value = own(body, key);
  if (value === undefined || value === null) throw new AtlasFault(`a relationship without ${key}`);
  const reference = readReference(value);
  const found =
    reference.kind === 'guid'
      ? unit.entity(reference.guid)
      : findByUnique(unit, entityTypeOf(unit.registry, reference.typeName), reference.attributes);
  if (found === undefined) throw new AtlasError('INVALID_RELATIONSHIP_END', expected, 'NULL');
  return found;
}

function readEdgeAttributes(unit: UnitOfWork, def: StoredRelationshipDef, body: JsonObject): JsonObject {
  return readAttributes(unit.registry.structAttributes(def), ownObject(body, 'attributes') ?? jsonObject(), {
    path: def.name,
    mandatory: true,
    context: {
      registry: unit.registry,
      reference: () => null,
      problem: (message) => new AtlasError('RELATIONSHIP_CRUD_INVALID_PARAMS', message),
    },
  });
}

/**
 * Creates a relationship. A single end may get a second one this way (seen on Atlas 2.4.0).
 * @throws AtlasError 400-00-028, 400-00-036, 400-00-07D, 409-00-004
 */
export function createRelationship(unit: UnitOfWork, body: JsonValue): JsonObject {
  if (!isObject(body)) throw new AtlasFault('a relationship that is not an object');
  const typeName = ownText(body, 'typeName');
  const def = typeName === undefined ? undefined : unit.registry.relationship(typeName);
  if (def === undefined)
    throw new AtlasError('INVALID_VALUE', `unknown relationship type'${typeName ?? 'null'}'`);
  const end1 = endEntity(unit, body, 'end1', def.endDef1.type);
  const end2 = endEntity(unit, body, 'end2', def.endDef2.type);
  const fits = (a: StoredEntity, b: StoredEntity): boolean =>
    unit.isA(a.typeName, def.endDef1.type) && unit.isA(b.typeName, def.endDef2.type);
  const isStraight = fits(end1, end2);
  if (!isStraight && !fits(end2, end1)) {
    throw new AtlasError('INVALID_RELATIONSHIP_END_TYPE', def.name, end2.typeName, end1.typeName);
  }
  const attributes = readEdgeAttributes(unit, def, body);
  const isThere = unit
    .edgesOf(end1.guid)
    .some(
      (edge) =>
        edge.typeName === def.name &&
        edge.status === 'ACTIVE' &&
        edge.end1 === end1.guid &&
        edge.end2 === end2.guid,
    );
  if (isThere) throw new AtlasError('RELATIONSHIP_ALREADY_EXISTS', def.name, end1.guid, end2.guid);
  const propagateTags = isStraight ? def.propagateTags : flipped[def.propagateTags];
  const edge = unit.createEdge({
    typeName: def.name,
    end1: end1.guid,
    end2: end2.guid,
    propagateTags,
    attributes,
  });
  for (const entity of [end1, end2]) unit.touchEntity(entity);
  return showRelationship(unit, edge);
}

function edgeByGuid(unit: UnitOfWork, guid: string): StoredEdge {
  const edge = unit.edge(guid);
  if (edge === undefined) throw new AtlasError('RELATIONSHIP_GUID_NOT_FOUND', guid);
  return edge;
}

/** `GET /relationship/guid/{guid}`. @throws AtlasError 404-00-00C */
export function readRelationship(unit: UnitOfWork, guid: string, isExtended: boolean): JsonObject {
  const edge = edgeByGuid(unit, guid);
  const answer = jsonObject({ relationship: showRelationship(unit, edge) });
  if (!isExtended) return answer;
  const referred = jsonObject();
  for (const end of [edge.end1, edge.end2]) {
    const entity = unit.entity(end);
    if (entity !== undefined) referred[end] = showHeader(unit, entity, { withClassifications: false });
  }
  answer['referredEntities'] = referred;
  return answer;
}

/** `PUT /relationship`: the attributes. Without ends Atlas runs into a fault. @throws AtlasError 404-00-00C */
export function updateRelationship(unit: UnitOfWork, body: JsonValue): JsonObject {
  if (!isObject(body)) throw new AtlasFault('a relationship that is not an object');
  const sent = own(body, 'guid');
  const guid = sent === undefined || sent === null ? `-${process.hrtime.bigint()}` : javaText(sent);
  const edge = edgeByGuid(unit, guid);
  const def = unit.registry.relationship(edge.typeName);
  if (def === undefined || ownObject(body, 'end1') === undefined || ownObject(body, 'end2') === undefined) {
    throw new AtlasFault('a relationship update without its ends');
  }
  edge.attributes = jsonObject({ ...edge.attributes, ...readEdgeAttributes(unit, def, body) });
  edge.version += 1;
  unit.touchEdge(edge);
  return showRelationship(unit, edge);
}

/** `DELETE /relationship/guid/{guid}`. @throws AtlasError 404-00-00C, 404-00-00F */
export function deleteRelationship(unit: UnitOfWork, guid: string): void {
  const edge = edgeByGuid(unit, guid);
  if (edge.status === 'DELETED') throw new AtlasError('RELATIONSHIP_ALREADY_DELETED', guid);
  endEdge(unit, edge);
}
