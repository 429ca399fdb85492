/**
 * The JSON of the Apache Atlas v2 REST interface as TypeScript types. Microsoft Purview's Data Map speaks the same with a few
 * additions. The shapes are those of Atlas's `intg` model classes; fields that Atlas leaves out when they are null are
 * optional here. Times are milliseconds since 1970 in UTC.
 */

/** Anything JSON can say. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** Whether an entity or a relationship is live. A soft delete only changes this. */
type AtlasStatus = 'ACTIVE' | 'DELETED' | 'PURGED';

/** The kinds of type definitions. */
export type TypeCategory =
  | 'ENUM'
  | 'STRUCT'
  | 'CLASSIFICATION'
  | 'ENTITY'
  | 'RELATIONSHIP'
  | 'BUSINESS_METADATA';

/** A value of a struct type, and the attributes of a relationship. */
interface AtlasStruct {
  readonly typeName: string;
  readonly attributes?: Readonly<Record<string, Json>>;
}

/** A classification on an entity. */
interface AtlasClassification extends AtlasStruct {
  readonly entityGuid?: string;
  readonly entityStatus?: AtlasStatus;
  readonly propagate?: boolean;
  readonly removePropagationsOnEntityDelete?: boolean;
  readonly validityPeriods?: readonly Json[];
}

/** One entity, as sent and as read. */
export interface AtlasEntity {
  readonly typeName: string;
  readonly guid?: string;
  readonly attributes: Readonly<Record<string, Json>>;
  readonly relationshipAttributes?: Readonly<Record<string, Json>>;
  readonly classifications?: readonly AtlasClassification[];
  readonly labels?: readonly string[];
  readonly customAttributes?: Readonly<Record<string, string>>;
  readonly businessAttributes?: Readonly<Record<string, Readonly<Record<string, Json>>>>;
  /** Only Microsoft Purview has them. */
  readonly contacts?: Readonly<
    Record<'Expert' | 'Owner', readonly { readonly id: string; readonly info?: string }[]>
  >;
  readonly status?: AtlasStatus;
  readonly isIncomplete?: boolean;
  readonly createdBy?: string;
  readonly updatedBy?: string;
  readonly createTime?: number;
  readonly updateTime?: number;
  readonly version?: number;
}

/** Body of `POST /entity/bulk` and of its GET. */
export interface AtlasEntitiesWithExtInfo {
  readonly entities: readonly AtlasEntity[];
  readonly referredEntities?: Readonly<Record<string, AtlasEntity>>;
}

/** What a write did to an entity. */
export type EntityOperation = 'CREATE' | 'UPDATE' | 'PARTIAL_UPDATE' | 'DELETE' | 'PURGE';

/** Which way lineage is asked for. */
export type LineageDirection = 'INPUT' | 'OUTPUT' | 'BOTH';

/** How many values an attribute holds. LIST and SET need an `array<…>` type. */
export type Cardinality = 'SINGLE' | 'LIST' | 'SET';

/** Along which ends of a relationship classifications spread. */
export type PropagateTags = 'NONE' | 'ONE_TO_TWO' | 'TWO_TO_ONE' | 'BOTH';

/** One attribute of a type. */
export interface AttributeDef {
  readonly name: string;
  readonly typeName: string;
  readonly isOptional?: boolean;
  readonly cardinality?: Cardinality;
  readonly valuesMinCount?: number;
  readonly valuesMaxCount?: number;
  readonly isUnique?: boolean;
  readonly isIndexable?: boolean;
  readonly includeInNotification?: boolean;
  readonly searchWeight?: number;
  readonly indexType?: string;
  readonly defaultValue?: string;
  readonly description?: string;
  readonly displayName?: string;
  readonly options?: Readonly<Record<string, string>>;
  readonly constraints?: readonly Json[];
}

/** What all type definitions have. */
interface BaseTypeDef {
  readonly category?: TypeCategory;
  readonly guid?: string;
  readonly name: string;
  readonly description?: string;
  readonly typeVersion?: string;
  readonly serviceType?: string;
  readonly options?: Readonly<Record<string, string>>;
  readonly createdBy?: string;
  readonly updatedBy?: string;
  readonly createTime?: number;
  readonly updateTime?: number;
  readonly version?: number;
}

/** An enum type. */
interface EnumDef extends BaseTypeDef {
  readonly elementDefs: readonly {
    readonly value: string;
    readonly ordinal?: number;
    readonly description?: string;
  }[];
  readonly defaultValue?: string;
}

/** A struct type; also the shape of a business metadata type. */
interface StructDef extends BaseTypeDef {
  readonly attributeDefs?: readonly AttributeDef[];
}

/** A classification type. */
interface ClassificationDef extends StructDef {
  readonly superTypes?: readonly string[];
  readonly entityTypes?: readonly string[];
}

/** An entity type. `relationshipAttributeDefs` is only in answers. */
export interface EntityDef extends StructDef {
  readonly superTypes?: readonly string[];
  readonly relationshipAttributeDefs?: readonly Json[];
}

/** One end of a relationship type: the attribute `name` that entities of `type` get. */
export interface RelationshipEndDef {
  readonly type: string;
  readonly name: string;
  readonly isContainer?: boolean;
  readonly cardinality?: Cardinality;
  readonly isLegacyAttribute?: boolean;
  readonly description?: string;
}

/** How tightly the ends of a relationship belong together; children of a COMPOSITION are deleted with their container. */
export type RelationshipCategory = 'ASSOCIATION' | 'AGGREGATION' | 'COMPOSITION';

/** A relationship type. */
export interface RelationshipDef extends StructDef {
  readonly relationshipCategory: RelationshipCategory;
  readonly propagateTags?: PropagateTags;
  readonly endDef1: RelationshipEndDef;
  readonly endDef2: RelationshipEndDef;
}

/** Body of `/types/typedefs`, sent and answered. */
export interface TypesDef {
  readonly enumDefs?: readonly EnumDef[];
  readonly structDefs?: readonly StructDef[];
  readonly classificationDefs?: readonly ClassificationDef[];
  readonly entityDefs?: readonly EntityDef[];
  readonly relationshipDefs?: readonly RelationshipDef[];
  readonly businessMetadataDefs?: readonly StructDef[];
}
