/** What must hold of new and changed type definitions, beside each other and beside those that exist (facts: Atlas 2.4.0 as recorded). */
import { namedTypes, parseTypeName, primitiveTypes } from '../../pipeline/atlas/typedef-rules.ts';
import { AtlasError } from '../atlas-error.ts';
import { type TypeRegistry, superTypesOf } from './registry.ts';
import type { StoredAttribute, StoredEnd, StoredRelationshipDef, StoredTypeDef } from './stored-type.ts';

/** The attributes of a definition; an enum has none. */
export function attributesOf(def: StoredTypeDef): readonly StoredAttribute[] {
  return def.category === 'ENUM' ? [] : def.attributeDefs;
}

/**
 * Checks definitions in the registry that would result.
 * @param defs the definitions of the request
 * @param registry all types as they would be afterwards
 */
export function checkTypeDefs(defs: readonly StoredTypeDef[], registry: TypeRegistry): void {
  for (const def of defs) checkSubtypes(def, registry);
  for (const def of defs) {
    checkSuperTypes(def, registry);
    for (const attribute of attributesOf(def)) checkAttributeType(attribute, registry);
    if (def.category === 'ENTITY') checkInheritedNames(def, registry);
    if (def.category === 'BUSINESS_METADATA') def.attributeDefs.forEach(checkBusinessAttribute);
    if (def.category === 'RELATIONSHIP') checkRelationship(def, registry);
  }
}

/** A type that took the name of another category's type leaves that one's relationships and subtypes without it. */
function checkSubtypes(def: StoredTypeDef, registry: TypeRegistry): void {
  if (def.category !== 'ENTITY') {
    for (const relationship of registry.relationships()) {
      if (relationship.endDef1.type === def.name || relationship.endDef2.type === def.name) {
        throw new AtlasError('RELATIONSHIPDEF_INVALID_END_TYPE', relationship.name, def.name);
      }
    }
  }
  for (const child of registry.directSubtypes(def.name)) {
    if (registry.get(child)?.category !== def.category) {
      throw new AtlasError('INCOMPATIBLE_SUPERTYPE', def.name, child);
    }
  }
}

function checkSuperTypes(def: StoredTypeDef, registry: TypeRegistry): void {
  for (const name of superTypesOf(def)) {
    const parent = registry.get(name);
    if (parent === undefined) throw unknownType(name);
    if (parent.category !== def.category) throw new AtlasError('INCOMPATIBLE_SUPERTYPE', name, def.name);
    if (reaches(registry, parent, def.name)) {
      throw new AtlasError('CIRCULAR_REFERENCE', def.name, `[${superTypesOf(def).join(', ')}]`);
    }
  }
}

function reaches(
  registry: TypeRegistry,
  from: StoredTypeDef,
  target: string,
  seen = new Set<string>(),
): boolean {
  if (from.name === target) return true;
  if (seen.has(from.name)) return false;
  seen.add(from.name);
  return superTypesOf(from).some((name) => {
    const parent = registry.get(name);
    return parent !== undefined && reaches(registry, parent, target, seen);
  });
}

/** An unknown type inside a definition is a bad request (400), not the 404 of a lookup. */
function unknownType(name: string): AtlasError {
  return new AtlasError('BAD_REQUEST', `Given typename ${name} was invalid`);
}

function checkAttributeType(attribute: StoredAttribute, registry: TypeRegistry): void {
  for (const name of namedTypes(parseTypeName(attribute.typeName))) {
    if (!primitiveTypes.has(name) && registry.get(name) === undefined) throw unknownType(name);
  }
}

/** Since 2.4.0 an attribute may not repeat one of a supertype. */
function checkInheritedNames(def: StoredTypeDef, registry: TypeRegistry): void {
  for (const parent of superTypesOf(def)) {
    const inherited = registry.entityType(parent)?.attributes;
    for (const attribute of attributesOf(def)) {
      const above = inherited?.get(attribute.name);
      if (above !== undefined)
        throw new AtlasError('ATTRIBUTE_IN_PARENT', def.name, attribute.name, above.owner);
    }
  }
}

function checkBusinessAttribute(attribute: StoredAttribute): void {
  const isText = namedTypes(parseTypeName(attribute.typeName)).includes('string');
  if (isText && attribute.options?.['maxStrLength'] === undefined) {
    throw new AtlasError('MISSING_MANDATORY_ATTRIBUTE', attribute.name, 'options.maxStrLength');
  }
}

function checkRelationship(def: StoredRelationshipDef, registry: TypeRegistry): void {
  const ends: readonly StoredEnd[] = [def.endDef1, def.endDef2];
  for (const end of ends) {
    const type = registry.get(end.type);
    if (type === undefined) throw unknownType(end.type);
    if (type.category !== 'ENTITY')
      throw new AtlasError('RELATIONSHIPDEF_INVALID_END_TYPE', def.name, end.type);
  }
  const containers = ends.filter((end) => end.isContainer);
  if (containers.length === 2) throw new AtlasError('RELATIONSHIPDEF_DOUBLE_CONTAINERS', def.name);
  checkContainers(def, containers[0]);
  if (ends.some((end) => end.cardinality === 'LIST'))
    throw new AtlasError('RELATIONSHIPDEF_LIST_ON_END', def.name);
}

function checkContainers(def: StoredRelationshipDef, container: StoredEnd | undefined): void {
  if (def.relationshipCategory === 'ASSOCIATION') {
    if (container !== undefined) throw new AtlasError('RELATIONSHIPDEF_ASSOCIATION_AND_CONTAINER', def.name);
    return;
  }
  if (container === undefined) {
    throw new AtlasError(
      def.relationshipCategory === 'COMPOSITION'
        ? 'RELATIONSHIPDEF_COMPOSITION_NO_CONTAINER'
        : 'RELATIONSHIPDEF_AGGREGATION_NO_CONTAINER',
      def.name,
    );
  }
  const child = container === def.endDef1 ? def.endDef2 : def.endDef1;
  if (def.relationshipCategory === 'COMPOSITION' && child.cardinality === 'SET') {
    throw new AtlasError('RELATIONSHIPDEF_COMPOSITION_MULTIPLE_PARENTS', def.name);
  }
}

function endText(end: StoredEnd): string {
  return (
    `AtlasRelationshipEndDef{type='${end.type}', name==>'${end.name}', description==>'${end.description ?? 'null'}', ` +
    `isContainer==>'${end.isContainer}', cardinality==>'${end.cardinality}', isLegacyAttribute==>'${end.isLegacyAttribute}'}`
  );
}

/** Checks what a PUT may change of a definition. Adding optional attributes, supertypes and enum elements is allowed. */
export function checkChange(old: StoredTypeDef, next: StoredTypeDef): void {
  if (old.category === 'RELATIONSHIP' && next.category === 'RELATIONSHIP') checkRelationshipChange(old, next);
  const removed = superTypesOf(old).filter((name) => !superTypesOf(next).includes(name));
  if (removed.length > 0) throw new AtlasError('SUPERTYPE_REMOVAL_NOT_SUPPORTED');
  const before = new Map(attributesOf(old).map((attribute) => [attribute.name, attribute]));
  const after = new Map(attributesOf(next).map((attribute) => [attribute.name, attribute]));
  for (const name of before.keys()) {
    if (!after.has(name)) throw new AtlasError('ATTRIBUTE_DELETION_NOT_SUPPORTED', next.name, name);
  }
  for (const [name, attribute] of after) {
    const known = before.get(name);
    if (known === undefined && !attribute.isOptional) {
      throw new AtlasError('CANNOT_ADD_MANDATORY_ATTRIBUTE', next.name, name);
    }
    if (known !== undefined && known.typeName !== attribute.typeName) {
      throw new AtlasError('BAD_REQUEST', 'Data type update for attribute is not supported');
    }
  }
}

function checkRelationshipChange(old: StoredRelationshipDef, next: StoredRelationshipDef): void {
  if (old.relationshipCategory !== next.relationshipCategory) {
    throw new AtlasError(
      'RELATIONSHIPDEF_INVALID_CATEGORY_UPDATE',
      next.name,
      next.relationshipCategory,
      old.relationshipCategory,
    );
  }
  const [new1, old1] = [endText(next.endDef1), endText(old.endDef1)];
  if (new1 !== old1) throw new AtlasError('RELATIONSHIPDEF_INVALID_END1_UPDATE', next.name, new1, old1);
  const [new2, old2] = [endText(next.endDef2), endText(old.endDef2)];
  if (new2 !== old2) throw new AtlasError('RELATIONSHIPDEF_INVALID_END2_UPDATE', next.name, new2, old2);
}
