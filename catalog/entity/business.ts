/** Labels and business metadata of stored entities. */
import { AtlasFault, invalidInstance } from '../atlas-error.ts';
import { isObject, javaText, jsonObject, type JsonObject, type JsonValue, own, ownObject } from '../json.ts';
import type { StoredEntity } from '../model.ts';
import type { AttributeInfo } from '../types/registry.ts';
import { applicableTypes } from '../types/show-typedef.ts';
import type { UnitOfWork } from '../unit-of-work.ts';
import { readValue } from '../values.ts';
import { checkLabels } from './sections.ts';

/** How a list of labels is applied. */
export type LabelChange = 'set' | 'add' | 'remove';

/** Changes the labels of an entity. @throws AtlasError 400-00-08F, 400-00-090 */
export function changeLabels(
  unit: UnitOfWork,
  entity: StoredEntity,
  body: JsonValue,
  change: LabelChange,
): void {
  if (!Array.isArray(body)) throw new AtlasFault('labels that are not a list');
  const labels = body.map(javaText);
  if (change === 'remove') entity.labels = entity.labels.filter((label) => !labels.includes(label));
  else {
    checkLabels(labels);
    entity.labels = [...new Set(change === 'set' ? labels : [...entity.labels, ...labels])];
  }
  unit.touchEntity(entity);
}

/** The attributes of a business metadata type that apply to an entity. @throws AtlasError 404-00-007 when there are none */
function applicable(
  unit: UnitOfWork,
  entity: StoredEntity,
  name: string,
): ReadonlyMap<string, AttributeInfo> {
  const def = unit.registry.get(name);
  const fitting = new Map<string, AttributeInfo>();
  if (def?.category === 'BUSINESS_METADATA') {
    for (const [key, info] of unit.registry.structAttributes(def)) {
      if (applicableTypes(info.def).some((type) => unit.isA(entity.typeName, type))) fitting.set(key, info);
    }
  }
  if (fitting.size === 0) {
    throw invalidInstance(`${name}: invalid business-metadata for entity type ${entity.typeName}`);
  }
  return fitting;
}

function readBusinessValue(unit: UnitOfWork, info: AttributeInfo, value: JsonValue, path: string): JsonValue {
  const read = readValue(info.type, value, path, {
    registry: unit.registry,
    reference: () => null,
    problem: invalidInstance,
  });
  const limit = Number(info.def.options?.['maxStrLength'] ?? Infinity);
  if (
    typeof read === 'string' &&
    info.type.kind === 'primitive' &&
    info.type.name === 'string' &&
    read.length > limit
  ) {
    throw invalidInstance(`${path}:  Business attribute-value exceeds maximum length limit`);
  }
  return read;
}

/**
 * Sets business attributes; unknown ones of a known type are dropped.
 * @param isOverwrite whether what is stored and not given goes
 * @throws AtlasError 404-00-007
 */
export function setBusinessAttributes(
  unit: UnitOfWork,
  entity: StoredEntity,
  body: JsonValue,
  isOverwrite: boolean,
): void {
  if (!isObject(body)) throw new AtlasFault('business metadata that is not an object');
  const next = isOverwrite ? jsonObject() : jsonObject({ ...entity.businessAttributes });
  for (const [name, given] of Object.entries(body)) {
    const fitting = applicable(unit, entity, name);
    const values: JsonObject = jsonObject({ ...ownObject(next, name) });
    for (const [key, value] of Object.entries(isObject(given) ? given : {})) {
      const info = fitting.get(key);
      if (info === undefined || value === undefined) continue;
      const path = `${entity.typeName}.${name}.${key}`;
      if (value === null) delete values[key];
      else values[key] = readBusinessValue(unit, info, value, path);
    }
    next[name] = values;
  }
  entity.businessAttributes = next;
  unit.touchEntity(entity);
}

/** Removes the named business attributes, or a whole business metadata that is given without attributes. */
export function removeBusinessAttributes(unit: UnitOfWork, entity: StoredEntity, body: JsonValue): void {
  if (!isObject(body)) throw new AtlasFault('business metadata that is not an object');
  const next = jsonObject({ ...entity.businessAttributes });
  for (const [name, given] of Object.entries(body)) {
    const values = jsonObject({ ...ownObject(next, name) });
    const keys = isObject(given) ? Object.keys(given) : [];
    for (const key of keys.length === 0 ? Object.keys(values) : keys) delete values[key];
    if (Object.keys(values).length === 0) delete next[name];
    else next[name] = values;
  }
  entity.businessAttributes = next;
  unit.touchEntity(entity);
}

/** The value of one business metadata in the body of the request that names it in its path. */
export function underName(name: string, body: JsonValue): JsonObject {
  return jsonObject({ [name]: body === null ? jsonObject() : own(jsonObject({ body }), 'body') });
}
