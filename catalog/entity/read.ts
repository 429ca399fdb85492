/** Lookups of entities: by guid, by unique attribute, one or many. */
import { AtlasError, AtlasFault } from '../atlas-error.ts';
import { jsonObject, type JsonObject, type JsonValue } from '../json.ts';
import type { StoredEntity } from '../model.ts';
import type { EntityType } from '../types/registry.ts';
import type { UnitOfWork } from '../unit-of-work.ts';
import { readSingleBody } from './incoming.ts';
import { entityTypeOf, findByUnique } from './references.ts';
import { type ShowOptions, showEntity, showOwned } from './show.ts';
import { updatePartially } from './write.ts';

/** An entity by guid, live or deleted. @throws AtlasError 404-00-005 */
export function entityByGuid(unit: UnitOfWork, guid: string): StoredEntity {
  const entity = unit.entity(guid);
  if (entity === undefined) throw new AtlasError('INSTANCE_GUID_NOT_FOUND', guid);
  return entity;
}

function uniqueText(attributes: ReadonlyMap<string, string>): string {
  return `{${[...attributes].map(([name, value]) => `${name}=${value}`).join(', ')}}`;
}

function checkUnique(type: EntityType, attributes: ReadonlyMap<string, string>): void {
  const names = [...attributes.keys()];
  const isUnique = (name: string): boolean => type.uniqueAttributes.some((info) => info.def.name === name);
  if (names.length === 0 || !names.every(isUnique)) {
    throw new AtlasError('ATTRIBUTE_UNIQUE_INVALID', type.name, names.find((name) => !isUnique(name)) ?? '');
  }
}

/** The live entity with a unique attribute. @throws AtlasError 400-00-014, 400-00-013, 404-00-009 */
export function entityByUnique(
  unit: UnitOfWork,
  typeName: string,
  attributes: ReadonlyMap<string, string>,
): StoredEntity {
  const type = entityTypeOf(unit.registry, typeName);
  checkUnique(type, attributes);
  const found = findByUnique(unit, type, jsonObject(Object.fromEntries(attributes)));
  if (found === undefined) {
    throw new AtlasError('INSTANCE_BY_UNIQUE_ATTRIBUTE_NOT_FOUND', type.name, uniqueText(attributes));
  }
  return found;
}

/** Answer of a single GET. */
export function showWithExtInfo(unit: UnitOfWork, entity: StoredEntity, options: ShowOptions): JsonObject {
  return jsonObject({
    referredEntities: showOwned(unit, entity, options),
    entity: showEntity(unit, entity, options),
  });
}

function showAll(unit: UnitOfWork, entities: readonly StoredEntity[], options: ShowOptions): JsonObject {
  const referred = jsonObject();
  for (const entity of entities) showOwned(unit, entity, options, referred);
  return jsonObject({
    referredEntities: referred,
    entities: entities.map((entity) => showEntity(unit, entity, options)),
  });
}

/** `GET /entity/bulk`. One unknown guid fails the whole request. @throws AtlasError 404-00-005 */
export function showBulk(unit: UnitOfWork, guids: readonly string[], options: ShowOptions): JsonObject {
  if (guids.length === 0) throw new AtlasError('INSTANCE_GUID_NOT_FOUND');
  return showAll(
    unit,
    guids.map((guid) => entityByGuid(unit, guid)),
    options,
  );
}

/** `GET /entity/bulk/uniqueAttribute/type/{type}`. What is not there is left out; without any hit the answer is empty. */
export function showBulkByUnique(
  unit: UnitOfWork,
  typeName: string,
  wanted: readonly ReadonlyMap<string, string>[],
  options: ShowOptions,
): JsonObject {
  const type = entityTypeOf(unit.registry, typeName);
  const found = wanted.flatMap((attributes) => {
    checkUnique(type, attributes);
    return findByUnique(unit, type, jsonObject(Object.fromEntries(attributes))) ?? [];
  });
  return found.length === 0 ? jsonObject() : showAll(unit, found, options);
}

/** `PUT /entity/uniqueAttribute/type/{type}`: a partial update of the entity that is found. */
export function updateByUnique(
  unit: UnitOfWork,
  typeName: string,
  attributes: ReadonlyMap<string, string>,
  body: JsonValue,
): JsonObject {
  const entity = entityByUnique(unit, typeName, attributes);
  const batch = readSingleBody(body);
  const [sent] = batch.entities;
  if (sent === undefined) throw new AtlasFault('an update without an entity');
  return updatePartially(unit, entity, sent, batch);
}
