/**
 * The events as TypeScript sees them: one interface for each Avro record in `schemas/avro`, field by field. The
 * `.avsc` files carry the meaning of every field; a test holds both against each other.
 */
import type { ColumnMapping, TypedName } from './job-parts.ts';
import type { Annotations, Attributes, EntityBody, EntityRef, Reference, Renamed } from './entity-types.ts';

export type { ColumnMapping, TypedName } from './job-parts.ts';
export type * from './entity-types.ts';

/** How far into its source a producer was. Compares only within one producer and one incarnation of its source. */
export interface SourcePosition {
  readonly incarnation: string;
  readonly sequence: number;
}

/** Something a person should look at; the rest of the event stands. */
export interface Warning {
  /** Stable kebab-case name of the kind of warning. */
  readonly code: string;
  /** Where in the source: a JSON path, or file and line. */
  readonly location: string;
  /** One sentence for a person. */
  readonly message: string;
}

/** Levels of a database's hierarchy, outermost first. */
export const databaseLevels = [
  'server',
  'database',
  'container',
  'schema',
  'table',
  'view',
  'column',
  'routine',
] as const;
/** One level of a database's hierarchy. */
export type DatabaseLevel = (typeof databaseLevels)[number];

/** One level of a hierarchical name, the name as the source spells it. */
export interface NamePart {
  readonly level: DatabaseLevel;
  readonly name: string;
}

/** A key of the source that has no field here, with its value as JSON text. */
export interface Additional {
  readonly key: string;
  readonly json: string;
}

/** What every event about an object carries. */
export interface ObjectEvent {
  readonly producer: string;
  readonly objectId: string;
  readonly position: SourcePosition;
}

interface DescribedEvent extends ObjectEvent {
  readonly warnings: readonly Warning[];
  readonly additional: readonly Additional[];
}

/** The column that a foreign key points at. */
export interface ColumnReference {
  readonly path: readonly NamePart[];
  readonly column: string;
}

/** One column of a table or view. */
export interface Column {
  readonly name: string;
  readonly ordinal: number;
  readonly dataType: string;
  readonly description: string | null;
  readonly nullable: boolean | null;
  readonly length: number | null;
  readonly scale: number | null;
  readonly defaultExpression: string | null;
  readonly primaryKey: boolean;
  readonly unique: boolean;
  readonly references: ColumnReference | null;
  readonly additional: readonly Additional[];
}

/** A column (or table) that a view is made from, as the source itself records it. */
export interface ColumnDependency {
  readonly source: readonly NamePart[];
  /** Null when only the table as a whole is read. */
  readonly sourceColumn: string | null;
  /** Null when the column only filters, joins or sorts. */
  readonly targetColumn: string | null;
  readonly transformed: boolean;
}

/** A name that an object had before. */
export interface Formerly {
  readonly objectId: string;
  /** Of the last event that was published of it under that id. */
  readonly sequence: number;
  readonly path: readonly NamePart[];
  readonly columns: readonly { readonly from: string; readonly to: string }[];
}

/** One object of a database. */
export interface DatabaseObject extends DescribedEvent {
  readonly system: string;
  readonly path: readonly NamePart[];
  readonly description: string | null;
  readonly owner: string | null;
  readonly columns: readonly Column[] | null;
  readonly definition: string | null;
  readonly dependencies: readonly ColumnDependency[];
  readonly parts: readonly string[];
  /** The latest first. @default none */
  readonly formerly?: readonly Formerly[];
}

/** The text of something that moves data inside a database. */
export interface Routine extends DescribedEvent {
  readonly system: string;
  readonly path: readonly NamePart[];
  readonly kind: 'PROCEDURE' | 'FUNCTION' | 'SCRIPT';
  readonly language: string;
  readonly text: string;
  readonly description: string | null;
  readonly file: string | null;
}

/** One table or column that flowed into another, as the source itself recorded it. */
export interface ObservedFlow {
  /** Without the server. */
  readonly source: readonly NamePart[];
  /** Null when only the table is known. */
  readonly sourceColumn: string | null;
  readonly target: readonly NamePart[];
  readonly targetColumn: string | null;
}

/** One SQL statement that a database has run, aggregated over its executions. */
export interface ObservedStatement extends DescribedEvent {
  readonly system: string;
  /** Where it ran: the server, then the current database and schema as far as they are known. */
  readonly path: readonly NamePart[];
  readonly dialect: string;
  readonly searchPath: readonly string[];
  readonly text: string;
  readonly users: readonly string[];
  readonly executions: number | null;
  /** Day (UTC, YYYY-MM-DD). */
  readonly firstSeen: string | null;
  readonly lastSeen: string | null;
  /** Null where the source records no lineage. */
  readonly flows: readonly ObservedFlow[] | null;
}

/** A dataset as an ETL tool names it. */
export interface DatasetName {
  readonly type: string;
  readonly name: string;
  readonly path: string | null;
  readonly additional: readonly Additional[];
}

/** One job of an ETL tool as its API tells it. */
export interface Job extends DescribedEvent {
  readonly tool: string;
  readonly name: string;
  readonly description: string | null;
  readonly lastRun: string | null;
  readonly inputs: readonly DatasetName[];
  readonly outputs: readonly DatasetName[];
}

/** SQL that a step runs for the rows that it takes. */
export interface JobQuery {
  readonly text: string;
  readonly system: string;
  readonly path: readonly NamePart[];
}

/** One step of a job file. */
export interface JobNode {
  readonly id: string;
  readonly kind: string;
  readonly line: number;
  readonly inputs: readonly TypedName[];
  readonly columns: readonly ColumnMapping[];
  readonly output: TypedName | null;
  readonly dependsOn: readonly string[];
  /** @default null */
  readonly query?: JobQuery | null;
}

/** One job of an ETL tool as its job file tells it. */
export interface JobFile extends DescribedEvent {
  readonly tool: string;
  readonly name: string;
  readonly jobId: string;
  readonly file: string;
  readonly nodes: readonly JobNode[];
  /** @default none */
  readonly calls?: readonly string[];
}

/** One entity of a catalogue as a source says it straight, of any type. */
export interface Entity extends DescribedEvent, EntityRef, Annotations {
  readonly attributes: Attributes;
  readonly references: readonly Reference[];
  /** Each by its qualifiedName TERM@GLOSSARY. */
  readonly terms: readonly string[] | null;
}

/** An object that a completed, error-free scan no longer found, or of which the source told that it is gone. */
export interface Removal extends ObjectEvent {
  readonly removedType: string;
  /** What it is called now, where it was only renamed. @default empty: it is gone */
  readonly becomes?: readonly NamePart[];
}

/** A producer began to read its whole source. */
export interface ScanStarted {
  readonly producer: string;
  readonly scanId: string;
  readonly position: SourcePosition;
}

/** A producer read its whole source to the end. */
export interface ScanCompleted extends ScanStarted {
  readonly objects: number;
  readonly rejected: number;
  readonly removed: number;
}

/** One root entity with what it owns, to be upserted or deleted. */
export interface EntityChange extends EntityRef, ObjectEvent {
  readonly operation: 'UPSERT' | 'DELETE';
  /** The root first, then what it owns; empty on DELETE. */
  readonly entities: readonly EntityBody[];
  /** Relationship attributes of the root whose owned children are listed here completely. */
  readonly complete: readonly string[];
  readonly placeholder: boolean;
  /** Which entities had other names before: its own, or such as it refers to. Of a deletion: what they are called now. @default none */
  readonly renamed?: readonly Renamed[];
}

/** Where an event failed. */
export type DeadLetterStage = 'PRODUCE' | 'DECODE' | 'TRANSFORM' | 'SINK';

/** An event that could not be settled otherwise, with the bytes that it was. */
export interface DeadLetter {
  readonly id: string;
  readonly stage: DeadLetterStage;
  readonly code: string;
  readonly message: string;
  readonly time: string;
  readonly attempts: number;
  readonly topic: string | null;
  readonly partition: number | null;
  readonly offset: number | null;
  readonly producer: string | null;
  readonly key: string | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly value: Uint8Array | null;
}

/** A root entity that an object of a source speaks of. */
export interface SpokenRoot extends EntityRef {
  readonly placeholder: boolean;
  readonly hash: string;
}

/** What the transform stage remembers of an asset's shape; see `KnownAsset` of pipeline/transform.ts. */
export interface RememberedAsset extends EntityRef {
  readonly columns: readonly string[];
  readonly standsFor: EntityRef | null;
  readonly routine: {
    readonly dialect: string;
    readonly text: string;
    readonly place: readonly NamePart[];
  } | null;
}

/** What the transform stage remembers of one object of a source. */
export interface DerivedObject extends ObjectEvent {
  readonly objectType: string;
  readonly partition: number;
  readonly offset: number;
  readonly event: Uint8Array | null;
  readonly asked: readonly EntityRef[];
  readonly known: readonly RememberedAsset[];
  readonly roots: readonly SpokenRoot[];
  readonly processes: number;
  readonly lineageEdges: number;
  readonly columnEdges: number;
  readonly warnings: readonly string[];
}

/** Every event by the name of its schema. */
export interface EventTypes {
  readonly 'database-object': DatabaseObject;
  readonly routine: Routine;
  readonly job: Job;
  readonly 'job-file': JobFile;
  readonly 'observed-statement': ObservedStatement;
  readonly entity: Entity;
  readonly removal: Removal;
  readonly 'scan-started': ScanStarted;
  readonly 'scan-completed': ScanCompleted;
  readonly 'entity-change': EntityChange;
  readonly 'dead-letter': DeadLetter;
  readonly 'derived-object': DerivedObject;
}

/** The name of an event's schema. */
export type EventType = keyof EventTypes;
/** An event with the name of its schema, as a discriminated union over the given names. */
export type TypedEvent<T extends EventType> = {
  [K in T]: { readonly type: K; readonly value: EventTypes[K] };
}[T];
/** Names of the events that describe one object of a source. */
export const objectEventTypes = [
  'database-object',
  'routine',
  'job',
  'job-file',
  'observed-statement',
  'entity',
] as const;
/** The name of an event that describes one object of a source. */
export type ObjectEventType = (typeof objectEventTypes)[number];
/** An event on `metadata.raw`. */
export type RawEvent = TypedEvent<ObjectEventType | 'removal' | 'scan-started' | 'scan-completed'>;
