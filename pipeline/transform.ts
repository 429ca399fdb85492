/**
 * The contract of a transform: a pure function from raw events, and a synchronous view of what is known, to entity
 * changes. It touches no clock, no network, no file. The same events and the same view give the same changes.
 */
import { filter, map, type OperatorFunction } from 'rxjs';
import type {
  EntityBody,
  EntityRef,
  NamePart,
  RawEvent,
  TypedEvent,
  ObjectEventType,
  Warning,
} from '../schemas/types.ts';
import type { CaseRule, Naming } from './naming.ts';
import type { PostgresParser } from './postgres-parser.ts';
import type { SqlDialect } from './sql-dialects.ts';
import type { SourceTypes } from './types.ts';

/** An event that describes one object. */
export type ObjectRawEvent = TypedEvent<ObjectEventType>;

/** What is known of an asset's shape, from the events of its own source. */
export interface KnownAsset extends EntityRef {
  /** Columns as the source spells them, in order; empty where the asset has none. */
  readonly columns: readonly string[];
  /** The asset that is meant, where type and name here are only another name under which it is looked up. */
  readonly standsFor?: EntityRef;
  /** Set by the view: several objects claim this other name, so that it tells none of them. */
  readonly ambiguous?: boolean;
  /** Of a routine: what is needed to follow rows through a call of it. */
  readonly routine?: KnownRoutine;
}

/** The text of a routine as its callers need it. */
export interface KnownRoutine {
  readonly dialect: string;
  readonly text: string;
  /** Where the routine is, outermost level first: what completes the names in its text. */
  readonly place: readonly NamePart[];
}

/** Looks up assets that other events describe. Every look-up is recorded, found or not: when the answer changes, the event is derived again. */
export interface KnownView {
  /** The asset of that name and type, or undefined. */
  asset(ref: EntityRef): KnownAsset | undefined;
}

/** A root entity with what it owns; becomes an entity change. */
export interface DerivedEntity {
  /** The root first, then what it owns. */
  readonly entities: readonly [EntityBody, ...EntityBody[]];
  /** Relationship attributes of the root whose owned children are listed here completely. */
  readonly complete: readonly string[];
  /** True when the root only stands in for something named but not scanned. */
  readonly placeholder: boolean;
}

/** What one event says. */
export interface Derivation {
  readonly event: ObjectRawEvent;
  readonly changes: readonly DerivedEntity[];
  /** Assets whose shape this event makes known; from the event alone, never from what was looked up. */
  readonly known: readonly KnownAsset[];
  readonly warnings: readonly Warning[];
}

/** How a type that an ETL tool names becomes an entity of the catalogue (configuration `datasets`). */
export interface DatasetRule {
  /** Entity types, in order of preference: the first that is known wins, else the first. */
  readonly types: readonly [string, ...string[]];
  /** Pattern by which the tool's `name` is read into parameters, such as `{schema}.{table}`. */
  readonly name?: string;
  /** Pattern by which the tool's `path` is read, such as `{url+}`. */
  readonly path?: string;
  /** Parameters that are the same for every dataset of this type. */
  readonly parameters: Readonly<Record<string, string>>;
  /** What the dataset's own source does with letter case. */
  readonly caseRule: CaseRule;
}

/** What the configuration says about one producer, as far as transforms need it. */
export interface SourceSettings {
  readonly types: SourceTypes;
  readonly caseRule: CaseRule;
  /** Whether intermediate steps become activities (keep) or only the end-to-end process is made (collapse). */
  readonly steps: 'collapse' | 'keep';
  /** By the tool's own type name. */
  readonly datasets: Readonly<Record<string, DatasetRule>>;
  /** SQL dialect of the source's views and of routines in the language `sql`; undefined where the source does not tell. */
  readonly dialect?: SqlDialect;
}

/** What a transform is made with. */
export interface TransformContext {
  readonly naming: Naming;
  readonly known: KnownView;
  /** PostgreSQL's own parser; without it, its SQL is read by the tolerant grammar of the other dialects. */
  readonly postgres?: PostgresParser;
  /** Settings of a producer by name. Throws CONFIG_INVALID for one that is not configured. */
  settings(producer: string): SourceSettings;
}

/** The part of a transform that is about one event: what the event says, or undefined when it is not its business. Throws StreamError. */
export type Derive = (event: RawEvent) => Derivation | undefined;

/** A transform as an RxJS operator. An error of one event errors the stream: the stage subscribes event by event, so that it costs that event alone. */
export type Transform = OperatorFunction<RawEvent, Derivation>;

/** What a file in `transforms/` exports. */
export type TransformFactory = (context: TransformContext) => Transform;

/** Makes the operator from the part that is about one event. */
export function deriving(derive: Derive): Transform {
  return (events) =>
    events.pipe(
      map(derive),
      filter((derivation) => derivation !== undefined),
    );
}
