/** Relationships of an entity: finding, making and ending them. */
import { AtlasError } from '../atlas-error.ts';
import { jsonObject, type JsonObject } from '../json.ts';
import type { StoredEdge, StoredEntity } from '../model.ts';
import type { RelationEnd } from '../types/registry.ts';
import type { UnitOfWork } from '../unit-of-work.ts';
import type { MutationLog } from './changes.ts';

/** The guid at the other side of a relationship; for one of an entity with itself, its own. */
export function otherEnd(edge: StoredEdge, guid: string): string {
  return edge.end1 === guid ? edge.end2 : edge.end1;
}

/** The relationships at one end of an entity, oldest first, live and deleted. */
export function endEdges(unit: UnitOfWork, guid: string, end: RelationEnd): StoredEdge[] {
  return unit.edgesOf(guid).filter((edge) => {
    if (edge.typeName !== end.relationship.name) return false;
    if (end.isSymmetric) return true;
    return (end.at === 1 ? edge.end1 : edge.end2) === guid;
  });
}

/** The live relationships at one end of an entity. */
export function activeEdges(unit: UnitOfWork, guid: string, end: RelationEnd): StoredEdge[] {
  return endEdges(unit, guid, end).filter((edge) => edge.status === 'ACTIVE');
}

/** Ends a relationship softly. */
export function endEdge(unit: UnitOfWork, edge: StoredEdge): void {
  edge.status = 'DELETED';
  unit.touchEdge(edge);
}

/** What {@link connect} needs beside the two entities. */
export interface ConnectContext {
  readonly unit: UnitOfWork;
  readonly log: MutationLog;
  readonly end: RelationEnd;
}

/**
 * Makes a relationship from an entity to another one. Where the other end holds a single entity, its former relationship ends.
 * @throws AtlasError 400-00-036 when the other entity is of a type that the end does not take
 */
export function connect(
  context: ConnectContext,
  entity: StoredEntity,
  other: StoredEntity,
  attributes: JsonObject | undefined,
): StoredEdge {
  const { unit, log, end } = context;
  const { relationship } = end;
  if (!unit.isA(other.typeName, end.otherType)) {
    throw new AtlasError(
      'INVALID_RELATIONSHIP_END_TYPE',
      relationship.name,
      relationship.endDef2.type,
      other.typeName,
    );
  }
  if (end.otherIsSingle) releaseOther(context, entity, other);
  const [end1, end2] = end.at === 1 ? [entity.guid, other.guid] : [other.guid, entity.guid];
  log.touched(other);
  return unit.createEdge({
    typeName: relationship.name,
    end1,
    end2,
    propagateTags: relationship.propagateTags,
    attributes: attributes ?? jsonObject(),
  });
}

/** Ends what holds a single end of `other`, and notes the entity that lost it. */
function releaseOther({ unit, log, end }: ConnectContext, entity: StoredEntity, other: StoredEntity): void {
  const { relationship } = end;
  for (const edge of unit.edgesOf(other.guid)) {
    if (edge.typeName !== relationship.name || edge.status !== 'ACTIVE') continue;
    const holder = end.at === 1 ? edge.end1 : edge.end2;
    const held = end.at === 1 ? edge.end2 : edge.end1;
    if (held !== other.guid || holder === entity.guid) continue;
    endEdge(unit, edge);
    const former = unit.entity(holder);
    if (former !== undefined) log.touched(former);
  }
}
