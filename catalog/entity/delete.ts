/** Soft deletes and purges. */
import { AtlasError, invalidParameters } from '../atlas-error.ts';
import { javaText, type JsonObject, own } from '../json.ts';
import type { StoredEntity } from '../model.ts';
import type { UnitOfWork } from '../unit-of-work.ts';
import { MutationLog } from './changes.ts';
import { activeEdges, endEdge, otherEnd } from './edges.ts';

/** An entity and all that belongs to it and is live; children come before their container. */
function withOwned(unit: UnitOfWork, entity: StoredEntity, found: Map<string, StoredEntity>): void {
  if (entity.status !== 'ACTIVE' || found.has(entity.guid)) return;
  found.set(entity.guid, entity);
  for (const end of unit.registry.entityType(entity.typeName)?.ends.values() ?? []) {
    if (!end.owns) continue;
    for (const edge of activeEdges(unit, entity.guid, end)) {
      const child = unit.entity(otherEnd(edge, entity.guid));
      if (child !== undefined) withOwned(unit, child, found);
    }
  }
}

/**
 * Deletes live entities softly, with what belongs to them. Their relationships end too; the entities at the other side are not
 * listed as changed (seen on Atlas 2.4.0). A Process whose only output goes stays.
 */
export function deleteSoftly(unit: UnitOfWork, log: MutationLog, entities: Iterable<StoredEntity>): void {
  const doomed = new Map<string, StoredEntity>();
  for (const entity of entities) withOwned(unit, entity, doomed);
  for (const entity of doomed.values()) log.removed('DELETE', entity);
  for (const entity of doomed.values()) {
    for (const edge of unit.edgesOf(entity.guid)) if (edge.status === 'ACTIVE') endEdge(unit, edge);
    forgetNames(unit, entity);
    entity.status = 'DELETED';
    unit.touchEntity(entity);
  }
}

/** Takes an entity out of the index of unique attributes, so that its names are free again. */
function forgetNames(unit: UnitOfWork, entity: StoredEntity): void {
  for (const info of unit.registry.entityType(entity.typeName)?.uniqueAttributes ?? []) {
    const value = own(entity.attributes, info.def.name);
    if (value !== undefined && value !== null) unit.removeUnique(info.def.name, javaText(value), entity.guid);
  }
}

/** Deletes by guid. Unknown and deleted ones are skipped without an error. @throws AtlasError 400-00-01A for an empty list */
export function deleteByGuids(unit: UnitOfWork, guids: readonly string[]): JsonObject {
  if (guids.length === 0) throw invalidParameters('Guid(s) not specified');
  const log = new MutationLog(unit);
  deleteSoftly(
    unit,
    log,
    guids.flatMap((guid) => unit.entity(guid) ?? []),
  );
  return log.show();
}

const purgeLimit = 1000;

/** Removes deleted entities for good; live and unknown ones are skipped. @throws AtlasError 400-00-01A, 400-00-109 */
export function purgeByGuids(unit: UnitOfWork, guids: readonly string[]): JsonObject {
  if (guids.length === 0) throw invalidParameters('Guid(s) not specified');
  if (guids.length > purgeLimit) throw new AtlasError('PURGE_TOO_MANY', String(purgeLimit));
  const log = new MutationLog(unit);
  for (const guid of guids) {
    const entity = unit.entity(guid);
    if (entity?.status !== 'DELETED') continue;
    log.removed('PURGE', entity);
    unit.purgeEntity(guid);
  }
  return log.show();
}
