/** Our declarations of types in the form of Apache Atlas's type definitions. */
import type { AttributeDef, EntityDef, RelationshipDef, RelationshipEndDef } from './atlas/wire.ts';
import type { AttributeType, EntityType, RelationshipEnd, RelationshipType } from './types.ts';

/** An entity type in Atlas's form, with the attributes that no supertype of it has. */
export function entityDef(
  type: EntityType,
  attributes: readonly (readonly [string, AttributeType])[],
): EntityDef {
  return {
    category: 'ENTITY',
    name: type.name,
    description: type.description,
    typeVersion: '1.0',
    superTypes: type.superTypes,
    attributeDefs: attributes.map(([name, attribute]) => attributeDef(name, attribute)),
    ...(type.options === undefined ? {} : { options: type.options }),
  };
}

/** An attribute in Atlas's form; neither unique nor indexed. */
export function attributeDef(name: string, { typeName, description, required }: AttributeType): AttributeDef {
  const isList = typeName.startsWith('array<');
  return {
    name,
    typeName,
    description,
    isOptional: required !== true,
    cardinality: isList ? 'LIST' : 'SINGLE',
    valuesMinCount: required === true ? 1 : 0,
    valuesMaxCount: isList ? 2_147_483_647 : 1,
    isUnique: false,
    isIndexable: false,
    includeInNotification: false,
  };
}

/** A relationship type in Atlas's form; classifications do not spread along it. */
export function relationshipDef(type: RelationshipType): RelationshipDef {
  const isContainer = type.category !== 'ASSOCIATION';
  return {
    category: 'RELATIONSHIP',
    name: type.name,
    description: type.description,
    typeVersion: '1.0',
    relationshipCategory: type.category,
    propagateTags: 'NONE',
    endDef1: endDef(type.end1, isContainer),
    endDef2: endDef(type.end2, false),
    attributeDefs: [],
  };
}

function endDef(end: RelationshipEnd, isContainer: boolean): RelationshipEndDef {
  return {
    type: end.typeName,
    name: end.attribute,
    isContainer,
    cardinality: end.many ? 'SET' : 'SINGLE',
    isLegacyAttribute: false,
  };
}
