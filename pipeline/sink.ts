/** The contract of a sink: it delivers entity changes to a catalogue. */
import type { EntityChange, EntityRef } from '../schemas/types.ts';
import type { ReplayScope } from './delivery/replayed.ts';
import type { TypeDifference } from './typedef-diff.ts';
import type { StreamError } from './errors.ts';

/** An entity change with what the sink needs to order it. */
export interface Delivery {
  readonly change: EntityChange;
  /** Offset in its partition: decides between changes of one source position. Of a change that was a dead letter, the one that it had at first. */
  readonly offset: number;
  /** Its number among what the transforms have derived: of two of one writer the higher one counts, whatever their offsets. See `Sequence`. */
  readonly sequence?: string | undefined;
  /** Trace of the event that it came of (W3C Trace Context, version 00); a sink hands it on to the catalogue. */
  readonly traceparent?: string;
  /** Whether it was a dead letter: then whatever stands behind its offset and was applied is newer, also at the same position. @default false */
  readonly isLate?: boolean;
  /** Whether it may have been delivered already, whole or in part, by a process that did not come to say so. @default false */
  readonly isUncertain?: boolean;
  /** Whether it was put aside as `missing`, and has waited for what it wants as long as anything does. @default false */
  readonly hasWaited?: boolean;
  /** Present when a replay says it again: the catalogue may have lost it, whatever was applied. An older position still changes nothing. */
  readonly replayed?: ReplayScope;
}

/** How many entities of a change were what in the catalogue. */
export interface AppliedCounts {
  readonly created: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly deleted: number;
}

/** Assets and types of a catalogue, by name. */
export interface Wanted {
  readonly refs: readonly EntityRef[];
  readonly types: readonly string[];
}

/** An entity that is not in the catalogue as it was delivered. */
export interface Drift extends EntityRef {
  /** The asset that it belongs to. */
  readonly root: EntityRef;
  readonly what: 'gone' | 'changed';
  /** Names of the attributes and references that are not as they were delivered, and of what else was given and is gone (`label gold`). */
  readonly attributes: readonly string[];
}

/**
 * What became of one change. `retry` asks for the same change again, for a transient fault that outlived the sink's own
 * retries. `missing` asks to put it aside until the catalogue has what it names; where `wanted` is empty, nobody knows what
 * that is. All others settle it.
 */
export type Outcome =
  | { readonly kind: 'delivered'; readonly counts: AppliedCounts }
  | { readonly kind: 'unchanged'; readonly counts: AppliedCounts }
  | { readonly kind: 'superseded' }
  | { readonly kind: 'rejected'; readonly error: StreamError }
  | { readonly kind: 'missing'; readonly error: StreamError; readonly wanted: Wanted }
  | { readonly kind: 'retry'; readonly error: StreamError };

/** The turn of a batch among those of its lane. */
export interface BatchTurn {
  /** Whether it has come already: then there is no time to plan in. */
  readonly hasCome: boolean;
  /** Resolves when the batches before it have nothing left to ask of the catalogue. Rejects when it is not to be begun any more. */
  come(): Promise<void>;
  /** Says that it has nothing left to ask itself, though what became of it is not recorded yet: all of it was accepted. */
  pass(): void;
}

/** Delivers entity changes. One batch is in flight for a key at any time. */
export interface Sink {
  /** Whether {@link deliver} may be called with the next batch of a lane while one is in flight. @default false */
  readonly plansAhead?: boolean;
  /** Connects and creates missing types; called once before the first delivery. Rejects with what a person must mend. */
  open(signal: AbortSignal): Promise<void>;
  /**
   * Delivers one batch. Resolves with one outcome for each delivery, in order; one bad change costs only itself. Rejects
   * only when `signal` fired, the catalogue refuses the credentials or has lost what it held, or its state has a fault: nothing of the
   * batch is settled then, and where the error is retryable (a full disk), the same batch comes again.
   *
   * @param turn present where batches before this one may not have ended. Those have no key of it, and neither they nor it have deletions
   * or renames. The sink may plan it, but changes and asks nothing of what it delivers before its turn has come
   */
  deliver(batch: readonly Delivery[], signal: AbortSignal, turn?: BatchTurn): Promise<readonly Outcome[]>;
  /**
   * Of changes whose keys have nothing in flight, the outcome of those that need nothing of the catalogue, since it has what they
   * say; undefined for those to be delivered, in order. Makes no request, and what it resolves with is durable. Without it
   * unchanged ones take a place in a batch.
   */
  known?(changes: readonly Delivery[]): Promise<readonly (Outcome | undefined)[]>;
  /**
   * Of what changes wait for, that which the catalogue has now, in as few requests as it takes. Rejects like the requests of
   * {@link deliver} fail. A sink without it gets what waits again and again.
   */
  find?(wanted: Wanted, signal: AbortSignal): Promise<Wanted>;
  /** Whether an asset of that type can be written with nothing but its name. A sink without it takes no placeholders. */
  canPlace?(typeName: string): boolean;
  /**
   * Reads back everything that was delivered, and yields what is gone or changed; with `repair`, what is not as it was delivered is
   * written again with its next change, or by a replay. A sink without it cannot read back.
   */
  reconcile?(repair: boolean, signal: AbortSignal): AsyncIterable<Drift>;
  /** What is different between the declared types and the catalogue's. Writes nothing. A sink without it has no types. */
  planTypes?(signal: AbortSignal): Promise<readonly TypeDifference[]>;
  /** Makes what {@link planTypes} calls `create` and `safe`; types with anything `unsafe` stay as they are. */
  applyTypes?(signal: AbortSignal): Promise<void>;
  /** Flushes and disconnects. May be called twice. */
  close(): Promise<void>;
}
