/**
 * Types as code: what a source's entities look like in the catalogue. A producer's file exports its
 * {@link SourceTypes}; the registry hands them to the naming service, the transforms and the sink, which creates in the
 * catalogue what is missing.
 */
import type { Attributes, Column, DatabaseLevel, DatabaseObject } from '../schemas/types.ts';

/** Base types of attributes (Atlas built-in types) that our types use. */
export type AttributeTypeName = 'string' | 'boolean' | 'int' | 'long' | 'double' | 'date' | 'array<string>';

/** One attribute of an entity type; optional and single unless said otherwise. */
export interface AttributeType {
  readonly typeName: AttributeTypeName;
  readonly description: string;
  /** True when every entity must have it. @default false */
  readonly required?: boolean;
}

/** One entity type. */
export interface EntityType {
  readonly name: string;
  readonly description: string;
  /** Usually DataSet, Process or Asset. */
  readonly superTypes: readonly string[];
  readonly attributes: Readonly<Record<string, AttributeType>>;
  /**
   * Pattern of the qualifiedName: literals and parameters, `customdb://{server}/{table}#{column}`. `{name}` is escaped
   * where it holds a delimiter of the pattern; `{name+}` stands as it is and must come last or alone.
   */
  readonly qualifiedName: string;
  /** Options of the type in the catalogue, such as schemaElementsAttribute (facts: Purview's schema tab). */
  readonly options?: Readonly<Record<string, string>>;
  /**
   * True for types that Microsoft Purview has built in: the sink takes the account's definition as it is, and creates
   * ours only where there is none (Apache Atlas, the local catalogue). @default false
   */
  readonly builtIn?: boolean;
}

/** One end of a relationship. */
export interface RelationshipEnd {
  readonly typeName: string;
  /** Attribute by which entities of `typeName` see the other end. */
  readonly attribute: string;
  readonly many: boolean;
}

/** A relationship; in a COMPOSITION or AGGREGATION `container` is the end that contains the other. */
export interface RelationshipType {
  readonly name: string;
  readonly description: string;
  readonly category: 'ASSOCIATION' | 'AGGREGATION' | 'COMPOSITION';
  /** The container, where there is one: it sees its children by its attribute. */
  readonly end1: RelationshipEnd;
  readonly end2: RelationshipEnd;
  /** As on {@link EntityType}. @default false */
  readonly builtIn?: boolean;
}

/** How one level of a database becomes an entity. `F` is what the source says at that level. */
export interface LevelType<F> {
  readonly typeName: string;
  /** Reference from this entity to the next level above; absent at the top. */
  readonly container?: { readonly attribute: string; readonly level: DatabaseLevel };
  /** Attributes beside name and qualifiedName; pure. */
  readonly attributes: (facts: F) => Attributes;
}

/** How the objects of one kind of database become entities. A level that is absent has no entity of its own. */
export interface DatabaseTypes {
  readonly levels: Partial<Record<Exclude<DatabaseLevel, 'column' | 'routine'>, LevelType<DatabaseObject>>>;
  /** Columns of a table, and of a view where that differs; `attribute` is the table's list of them. */
  readonly columns: {
    readonly table: LevelType<Column> & { readonly attribute: string };
    readonly view: LevelType<Column> & { readonly attribute: string };
  };
  /** Process that carries the lineage of a view. */
  readonly viewLineage: { readonly typeName: string };
  /** Process of a routine; absent when routines are not described. */
  readonly routine?: {
    readonly typeName: string;
    readonly container?: { readonly attribute: string; readonly level: DatabaseLevel };
  };
}

/** How the jobs of an ETL tool become processes. */
export interface JobTypes {
  /** The tool itself, that its jobs hang on. */
  readonly pipeline: { readonly typeName: string };
  /** A job; a Process subtype. `attribute` refers to the pipeline. */
  readonly job: { readonly typeName: string; readonly attribute: string };
  /** A step of a job; a Process subtype. `attribute` refers to the job. */
  readonly activity: { readonly typeName: string; readonly attribute: string };
  /** The rows between two steps, where steps are kept. `attribute` refers to the job. */
  readonly intermediate: { readonly typeName: string; readonly attribute: string };
}

/** Everything that a source declares about its entities. */
export interface SourceTypes {
  readonly entityTypes: readonly EntityType[];
  readonly relationshipTypes: readonly RelationshipType[];
  readonly database?: DatabaseTypes;
  readonly jobs?: JobTypes;
}
