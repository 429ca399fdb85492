/** References from entity to entity: what form they may have, and which entity they mean. All are resolved before anything is created. */
import { AtlasError } from '../atlas-error.ts';
import { isObject, javaText, type JsonObject, type JsonValue, own, ownObject, ownText } from '../json.ts';
import type { StoredEntity } from '../model.ts';
import type { EntityType, TypeRegistry, ValueType } from '../types/registry.ts';
import type { UnitOfWork } from '../unit-of-work.ts';
import { type Batch, endValues, type Incoming } from './incoming.ts';

/** A reference taken apart: by guid, or by type and unique attributes. */
export type Reference =
  | { readonly kind: 'guid'; readonly guid: string }
  | { readonly kind: 'unique'; readonly typeName: string; readonly attributes: JsonObject };

function objectIdText(value: JsonObject): string {
  const unique = ownObject(value, 'uniqueAttributes') ?? {};
  const attributes = Object.entries(unique).map(([key, item]) => `${key}:${javaText(item)}`);
  return `AtlasObjectId{guid='${javaText(own(value, 'guid'))}', typeName='${javaText(own(value, 'typeName'))}', uniqueAttributes={${attributes.join(', ')}}}`;
}

/** Takes a reference apart; a guid counts more than unique attributes. @throws AtlasError 400-00-021 */
export function readReference(value: JsonValue): Reference {
  if (!isObject(value)) throw new AtlasError('INVALID_OBJECT_ID', javaText(value));
  const guid = own(value, 'guid');
  if (guid !== undefined && guid !== null && guid !== '') return { kind: 'guid', guid: javaText(guid) };
  const typeName = ownText(value, 'typeName');
  const attributes = ownObject(value, 'uniqueAttributes');
  if (typeName === undefined || attributes === undefined || Object.keys(attributes).length === 0) {
    throw new AtlasError('INVALID_OBJECT_ID', objectIdText(value));
  }
  return { kind: 'unique', typeName, attributes };
}

/** Whether a guid is a client's placeholder. */
export function isPlaceholder(guid: string): boolean {
  return guid.startsWith('-');
}

/**
 * The live entity that has one of the unique attributes of a type: of exactly that type, else of a subtype; never of a supertype.
 */
export function findByUnique(
  unit: UnitOfWork,
  type: EntityType,
  attributes: JsonObject | undefined,
): StoredEntity | undefined {
  for (const info of type.uniqueAttributes) {
    const value = own(attributes, info.def.name);
    if (value === undefined || value === null) continue;
    const found = unit.byUnique(info.def.name, javaText(value));
    const exact = found.find((entity) => entity.typeName === type.name);
    if (exact !== undefined) return exact;
    const below = found.find((entity) => unit.isA(entity.typeName, type.name));
    if (below !== undefined) return below;
  }
  return undefined;
}

/** An entity type by name. @throws AtlasError 400-00-014 */
export function entityTypeOf(registry: TypeRegistry, name: string): EntityType {
  const type = registry.entityType(name);
  if (type === undefined) throw new AtlasError('TYPE_NAME_INVALID', 'ENTITY', name);
  return type;
}

/** The references of a batch: collects, checks and resolves them. */
export class ReferenceResolver {
  readonly #unit: UnitOfWork;
  readonly #batch: Batch;
  readonly #guids = new Set<string>();
  readonly #uniques: Extract<Reference, { kind: 'unique' }>[] = [];
  /** The final guid of each entity of the batch, by the guid it was sent with. */
  readonly assigned = new Map<string, string>();

  constructor(unit: UnitOfWork, batch: Batch) {
    this.#unit = unit;
    this.#batch = batch;
  }

  /**
   * Walks the batch and resolves every reference.
   * @returns the entities to write: those sent, and those they refer to
   * @throws AtlasError 400-00-014, 400-00-021, 404-00-00A
   */
  discover(): Incoming[] {
    const found: Incoming[] = [];
    for (const entity of this.#batch.entities) this.#guids.add(entity.guid);
    // The set grows while it is walked: entities that are only referred to are reached through it.
    for (const guid of this.#guids) {
      const entity = this.#batch.byGuid.get(guid);
      if (entity === undefined) continue;
      // A key of referredEntities that differs from the guid of its entity leaves that guid unresolved, as in Atlas.
      this.#guids.add(entity.guid);
      found.push(entity);
      this.#walk(entity);
    }
    for (const guid of this.#guids) this.#resolveGuid(guid);
    for (const reference of this.#uniques) this.resolve(reference);
    return found;
  }

  #walk(entity: Incoming): void {
    const type = entityTypeOf(this.#unit.registry, entity.typeName);
    for (const [name, info] of type.attributes) {
      const value = own(entity.attributes, name);
      if (type.ends.has(name) || value === undefined || value === null) continue;
      this.#visit(info.type, value);
    }
    for (const [name, value] of endValues(entity, type)) {
      const end = type.ends.get(name);
      if (end?.isSet !== true) {
        if (value !== null) this.#record(value);
      } else if (Array.isArray(value)) {
        for (const item of value) this.#record(item);
      }
    }
  }

  #visit(type: ValueType, value: JsonValue): void {
    if (type.kind === 'reference') this.#record(value);
    else if (type.kind === 'array' && Array.isArray(value)) {
      for (const item of value) if (item !== null) this.#visit(type.element, item);
    } else if (type.kind === 'map' && isObject(value)) {
      for (const item of Object.values(value)) {
        if (item !== null && item !== undefined) this.#visit(type.value, item);
      }
    } else if (type.kind === 'struct') this.#visitStruct(type, value);
  }

  #visitStruct(type: Extract<ValueType, { kind: 'struct' }>, value: JsonValue): void {
    if (!isObject(value)) throw new AtlasError('INVALID_STRUCT_VALUE', javaText(value));
    const attributes = ownObject(value, 'attributes') ?? value;
    for (const [name, info] of this.#unit.registry.structAttributes(type.def)) {
      const item = own(attributes, name);
      if (item !== undefined && item !== null) this.#visit(info.type, item);
    }
  }

  #record(value: JsonValue): void {
    const reference = readReference(value);
    if (reference.kind === 'guid') this.#guids.add(reference.guid);
    else {
      entityTypeOf(this.#unit.registry, reference.typeName);
      this.#uniques.push(reference);
    }
  }

  #resolveGuid(guid: string): void {
    const stored = isPlaceholder(guid) ? undefined : this.#unit.entity(guid);
    if (stored !== undefined) {
      this.assigned.set(guid, stored.guid);
      return;
    }
    const entity = this.#batch.byGuid.get(guid);
    if (entity === undefined) throw new AtlasError('REFERENCED_ENTITY_NOT_FOUND', guid);
    const type = entityTypeOf(this.#unit.registry, entity.typeName);
    const found = findByUnique(this.#unit, type, entity.attributes);
    if (found !== undefined) this.assigned.set(guid, found.guid);
    else if (!isPlaceholder(guid)) throw new AtlasError('REFERENCED_ENTITY_NOT_FOUND', guid);
  }

  /** The guid of the entity that a reference means. @throws AtlasError 404-00-00A */
  resolve(reference: Reference): string {
    if (reference.kind === 'guid') {
      const guid = this.assigned.get(reference.guid) ?? this.#unit.entity(reference.guid)?.guid;
      if (guid === undefined) throw new AtlasError('REFERENCED_ENTITY_NOT_FOUND', reference.guid);
      return guid;
    }
    const type = entityTypeOf(this.#unit.registry, reference.typeName);
    const found = findByUnique(this.#unit, type, reference.attributes);
    if (found === undefined) {
      const attributes = Object.entries(reference.attributes).map(
        ([key, item]) => `${key}:${javaText(item)}`,
      );
      throw new AtlasError(
        'REFERENCED_ENTITY_NOT_FOUND',
        `AtlasObjectId{guid='null', typeName='${reference.typeName}', uniqueAttributes={${attributes.join(', ')}}}`,
      );
    }
    return found.guid;
  }
}
