/** Type definitions as they are kept: complete, with every default filled in. */
import type {
  AttributeDef,
  Cardinality,
  PropagateTags,
  RelationshipCategory,
  TypeCategory,
} from '../../pipeline/atlas/wire.ts';
import type { Audited } from '../model.ts';

/** An attribute with all its flags. */
export interface StoredAttribute extends AttributeDef {
  readonly isOptional: boolean;
  readonly cardinality: Cardinality;
  readonly valuesMinCount: number;
  readonly valuesMaxCount: number;
  readonly isUnique: boolean;
  readonly isIndexable: boolean;
  readonly includeInNotification: boolean;
  readonly searchWeight: number;
}

/** One end of a relationship type. */
export interface StoredEnd {
  readonly type: string;
  readonly name: string;
  readonly isContainer: boolean;
  readonly cardinality: Cardinality;
  readonly isLegacyAttribute: boolean;
  readonly description?: string;
}

interface StoredBase extends Audited {
  readonly guid: string;
  readonly name: string;
  readonly seq: number;
  readonly description: string;
  readonly typeVersion: string;
  readonly serviceType?: string;
  readonly options?: Readonly<Record<string, string>>;
}

/** An enum type. */
export interface StoredEnum extends StoredBase {
  readonly category: 'ENUM';
  readonly elementDefs: readonly {
    readonly value: string;
    readonly ordinal?: number;
    readonly description?: string;
  }[];
  readonly defaultValue?: string;
}

/** A struct or business metadata type. */
export interface StoredStruct extends StoredBase {
  readonly category: 'STRUCT' | 'BUSINESS_METADATA';
  readonly attributeDefs: readonly StoredAttribute[];
}

/** A classification type. */
export interface StoredClassificationDef extends StoredBase {
  readonly category: 'CLASSIFICATION';
  readonly attributeDefs: readonly StoredAttribute[];
  readonly superTypes: readonly string[];
  readonly entityTypes: readonly string[];
}

/** An entity type. */
export interface StoredEntityDef extends StoredBase {
  readonly category: 'ENTITY';
  readonly attributeDefs: readonly StoredAttribute[];
  readonly superTypes: readonly string[];
}

/** A relationship type. */
export interface StoredRelationshipDef extends StoredBase {
  readonly category: 'RELATIONSHIP';
  readonly attributeDefs: readonly StoredAttribute[];
  readonly relationshipCategory: RelationshipCategory;
  readonly propagateTags: PropagateTags;
  readonly endDef1: StoredEnd;
  readonly endDef2: StoredEnd;
}

/** Any type definition. */
export type StoredTypeDef =
  | StoredEnum
  | StoredStruct
  | StoredClassificationDef
  | StoredEntityDef
  | StoredRelationshipDef;

/** The list of `/types/typedefs` that holds definitions of a category. */
export const listOfCategory = {
  ENUM: 'enumDefs',
  STRUCT: 'structDefs',
  CLASSIFICATION: 'classificationDefs',
  ENTITY: 'entityDefs',
  RELATIONSHIP: 'relationshipDefs',
  BUSINESS_METADATA: 'businessMetadataDefs',
} as const satisfies Record<TypeCategory, string>;

/** The categories in the order in which Atlas handles and lists them. */
export const categories = [
  'ENUM',
  'STRUCT',
  'CLASSIFICATION',
  'ENTITY',
  'RELATIONSHIP',
  'BUSINESS_METADATA',
] as const satisfies readonly TypeCategory[];
