/** Classifications on stored entities: adding, changing, removing, and what spreads along relationships. */
import { AtlasError, AtlasFault, invalidParameters } from '../atlas-error.ts';
import {
  isObject,
  javaText,
  jsonObject,
  type JsonObject,
  type JsonValue,
  own,
  ownList,
  ownObject,
  ownText,
} from '../json.ts';
import type { StoredClassification, StoredEntity } from '../model.ts';
import type { ClassificationType } from '../types/registry.ts';
import type { UnitOfWork } from '../unit-of-work.ts';
import { readAttributes } from '../values.ts';
import { javaTypes, wrongType } from '../wrong-type.ts';
import { propagatedTo } from './propagation.ts';
import { entityByGuid } from './read.ts';
import { readBareness, readValidity } from './sections.ts';
import { allClassifications, showClassification } from './show.ts';

/** Reads a list of classifications. @throws AtlasError 400-00-01A when it is empty */
export function readClassificationList(body: JsonValue): JsonObject[] {
  if (!Array.isArray(body)) throw wrongType(javaTypes.classifications, body);
  if (body.length === 0) throw invalidParameters('classifications(s) not specified');
  return body.map((item) => {
    if (!isObject(item)) throw new AtlasFault('a classification that is not an object');
    return item;
  });
}

function typeOf(unit: UnitOfWork, name: string | undefined): ClassificationType {
  const type = name === undefined ? undefined : unit.registry.classificationType(name);
  if (type === undefined) throw new AtlasError('CLASSIFICATION_NOT_FOUND', name ?? 'null');
  return type;
}

/** A classification type named in a path. @throws AtlasError 400-00-014 */
function typeInPath(unit: UnitOfWork, name: string): ClassificationType {
  const type = unit.registry.classificationType(name);
  if (type === undefined) throw new AtlasError('TYPE_NAME_INVALID', 'CLASSIFICATION', name);
  return type;
}

function checkApplies(unit: UnitOfWork, entity: StoredEntity, type: ClassificationType): void {
  if (type.entityTypes.length === 0) return;
  if (type.entityTypes.some((name) => unit.isA(entity.typeName, name))) return;
  throw new AtlasError('CLASSIFICATION_NOT_APPLICABLE', entity.guid, entity.typeName, type.name);
}

function readAttributesOf(
  unit: UnitOfWork,
  type: ClassificationType,
  raw: JsonObject,
  mandatory: boolean,
): JsonObject {
  return readAttributes(type.attributes, ownObject(raw, 'attributes') ?? jsonObject(), {
    path: type.name,
    mandatory,
    context: {
      registry: unit.registry,
      reference: () => null,
      problem: (message) => invalidParameters(message),
    },
  });
}

function attached(entity: StoredEntity, typeName: string): StoredClassification | undefined {
  return entity.classifications.find((classification) => classification.typeName === typeName);
}

/**
 * Adds classifications to entities.
 * @throws AtlasError 404-00-008 for an unknown one, 400-00-055 where it does not apply, 400-00-01A when it is there already
 */
export function addClassifications(
  unit: UnitOfWork,
  entities: readonly StoredEntity[],
  given: readonly JsonObject[],
): void {
  for (const entity of entities) {
    for (const raw of given) {
      const type = typeOf(unit, ownText(raw, 'typeName'));
      checkApplies(unit, entity, type);
      if (attached(entity, type.name) !== undefined) {
        throw invalidParameters(
          `entity: ${entity.guid}, already associated with classification: ${type.name}`,
        );
      }
      entity.classifications.push({
        typeName: type.name,
        attributes: readAttributesOf(unit, type, raw, true),
        propagate: own(raw, 'propagate') !== false,
        removePropagationsOnEntityDelete: own(raw, 'removePropagationsOnEntityDelete') === true,
        ...readBareness(raw),
        ...readValidity(raw),
      });
    }
    unit.touchEntity(entity);
  }
}

/** Changes the attributes of classifications that an entity has. @throws AtlasError 400-00-06D */
export function updateClassifications(
  unit: UnitOfWork,
  entity: StoredEntity,
  given: readonly JsonObject[],
): void {
  for (const raw of given) {
    const type = typeOf(unit, ownText(raw, 'typeName'));
    const known = attached(entity, type.name);
    if (known === undefined) throw new AtlasError('CLASSIFICATION_NOT_ASSOCIATED', type.name);
    known.attributes = jsonObject({ ...known.attributes, ...readAttributesOf(unit, type, raw, false) });
    if (typeof own(raw, 'propagate') === 'boolean') known.propagate = own(raw, 'propagate') === true;
    Object.assign(known, readValidity(raw));
  }
  unit.touchEntity(entity);
}

/** Removes a classification. @throws AtlasError 400-00-014, 400-00-06D, 404-00-003 */
export function removeClassification(unit: UnitOfWork, entity: StoredEntity, name: string): void {
  const type = typeInPath(unit, name);
  if (attached(entity, type.name) === undefined) {
    if (entity.classifications.length === 0 && propagatedTo(unit, entity).length > 0) {
      throw new AtlasError('NO_CLASSIFICATIONS_FOUND', entity.guid);
    }
    throw new AtlasError('CLASSIFICATION_NOT_ASSOCIATED', type.name);
  }
  entity.classifications = entity.classifications.filter(
    (classification) => classification.typeName !== type.name,
  );
  unit.touchEntity(entity);
}

/** The classifications of an entity, its own and those that reach it, as one page. */
export function showClassifications(unit: UnitOfWork, entity: StoredEntity): JsonObject {
  const list = allClassifications(unit, entity);
  return jsonObject({
    list,
    startIndex: 0,
    pageSize: list.length,
    totalCount: list.length,
    sortType: 'NONE',
  });
}

/** One classification of an entity. @throws AtlasError 400-00-014, 404-00-008 */
export function showOneClassification(unit: UnitOfWork, entity: StoredEntity, name: string): JsonObject {
  const known = attached(entity, typeInPath(unit, name).name);
  if (known === undefined) throw new AtlasError('CLASSIFICATION_NOT_FOUND', name);
  return showClassification(unit, entity, known);
}

/** `POST /entity/bulk/classification`: one classification for many entities; one unknown guid fails all. */
export function classifyMany(unit: UnitOfWork, body: JsonValue): void {
  if (!isObject(body)) throw new AtlasFault('a classification request that is not an object');
  const classification = ownObject(body, 'classification');
  if (classification === undefined) throw invalidParameters('no classification');
  const guids = ownList(body, 'entityGuids');
  if (guids.length === 0) {
    throw invalidParameters('Need either list of GUIDs or entity type and list of qualified Names');
  }
  typeOf(unit, ownText(classification, 'typeName'));
  addClassifications(
    unit,
    guids.map((guid) => entityByGuid(unit, javaText(guid))),
    [classification],
  );
}

/** `POST /entity/bulk/setClassifications`: makes the classifications of entities what is given, and says what was done. */
export function setClassifications(unit: UnitOfWork, body: JsonValue): JsonValue {
  const lines: string[] = [];
  for (const [guid, header] of Object.entries(
    ownObject(isObject(body) ? body : jsonObject(), 'guidHeaderMap') ?? {},
  )) {
    const attributes = isObject(header) ? ownObject(header, 'attributes') : undefined;
    if (!isObject(header) || attributes === undefined)
      throw new AtlasFault('a header without its unique attributes');
    const entity = entityByGuid(unit, guid);
    const label = `${guid}:${entity.typeName}:${Object.keys(attributes).join(',')}`;
    const wanted = ownList(header, 'classifications').filter(isObject);
    const names = wanted.map((raw) => typeOf(unit, ownText(raw, 'typeName')).name);
    for (const { typeName } of entity.classifications.slice()) {
      if (names.includes(typeName)) continue;
      removeClassification(unit, entity, typeName);
      lines.push(`Delete:${label} -> ${typeName}:(Done)`);
    }
    for (const raw of wanted) {
      const name = ownText(raw, 'typeName') ?? '';
      const isThere = attached(entity, name) !== undefined;
      if (isThere) updateClassifications(unit, entity, [raw]);
      else addClassifications(unit, [entity], [raw]);
      lines.push(`${isThere ? 'Update' : 'Add'}:${label} -> ${name}:(Done)`);
    }
  }
  return lines;
}
