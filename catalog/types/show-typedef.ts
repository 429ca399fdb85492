/** Type definitions as Atlas answers them: the definition and what follows from other types. */
import { isObject, jsonObject, type JsonObject, type JsonValue } from '../json.ts';
import type { EntityType, RelationEnd, TypeRegistry } from './registry.ts';
import type { StoredAttribute, StoredTypeDef } from './stored-type.ts';

function toJsonValue(value: unknown): JsonValue {
  if (Array.isArray(value)) return value.map(toJsonValue);
  if (typeof value === 'object' && value !== null) {
    return jsonObject(
      Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toJsonValue(item)])),
    );
  }
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
}

/** One definition as JSON. */
export function showTypeDef(def: StoredTypeDef, registry: TypeRegistry): JsonObject {
  const shown = toJsonValue(def);
  if (!isObject(shown)) return jsonObject();
  delete shown['seq'];
  if (def.category === 'CLASSIFICATION' || def.category === 'ENTITY') {
    shown['subTypes'] = [...registry.directSubtypes(def.name)];
  }
  const type = registry.entityType(def.name);
  if (type !== undefined) {
    shown['relationshipAttributeDefs'] = [...type.ends.values()].map((end) => showEnd(end, type));
    shown['businessAttributeDefs'] = showBusinessAttributes(type, registry);
  }
  return shown;
}

function showEnd(end: RelationEnd, type: EntityType): JsonObject {
  const declared = end.isLegacy ? type.attributes.get(end.name)?.def : undefined;
  return jsonObject({
    name: end.name,
    typeName: end.isSet ? `array<${end.otherType}>` : end.otherType,
    isOptional: !end.isOwned,
    cardinality: end.isSet ? 'SET' : 'SINGLE',
    valuesMinCount: declared?.valuesMinCount ?? -1,
    valuesMaxCount: declared?.valuesMaxCount ?? -1,
    isUnique: false,
    isIndexable: false,
    includeInNotification: false,
    searchWeight: -1,
    constraints: end.owns ? [jsonObject({ type: 'ownedRef' })] : undefined,
    relationshipTypeName: end.relationship.name,
    isLegacyAttribute: end.isLegacy,
  });
}

/** The entity types that a business attribute names as applicable (a JSON list in its options). */
export function applicableTypes(attribute: StoredAttribute): readonly string[] {
  const text = attribute.options?.['applicableEntityTypes'];
  if (text === undefined) return [];
  try {
    const names: unknown = JSON.parse(text);
    return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : [];
  } catch {
    // An option that is not JSON names no type: the attribute then applies to none.
    return [];
  }
}

function showBusinessAttributes(type: EntityType, registry: TypeRegistry): JsonObject {
  const shown = jsonObject();
  for (const def of registry.all()) {
    if (def.category !== 'BUSINESS_METADATA') continue;
    const fitting = def.attributeDefs.filter((attribute) =>
      applicableTypes(attribute).some((name) => type.lineage.has(name)),
    );
    if (fitting.length > 0) shown[def.name] = fitting.map(toJsonValue);
  }
  return shown;
}
