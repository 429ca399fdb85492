/**
 * What the pipeline says of itself, as named events. Adapters listen: the log, the progress line, the summary of a
 * run. A test pins the list. Events hold names, counts and error texts, never contents of a source and never secrets.
 */
import type { EntityRef } from '../schemas/types.ts';
import type { AppliedCounts, Wanted } from './sink.ts';
import type { ErrorCode } from './errors.ts';

/** How the events of a stage were settled, counted in input events (invariant 1). */
export const settlements = [
  'delivered',
  'unchanged',
  'superseded',
  'filtered',
  'parked',
  'dead-lettered',
] as const;
/** One way in which an event is settled. */
export type Settlement = (typeof settlements)[number];
/** The stages that consume topics, in the order in which an event passes them. */
export const stageNames = ['transform', 'sink'] as const;
/** A stage that consumes a topic. */
export type StageName = (typeof stageNames)[number];

/** Every telemetry event by name. */
export interface TelemetryEvents {
  /** A producer begins to read its source. */
  readonly scanStarted: { readonly producer: string };
  /** A producer read its source to the end. */
  readonly scanCompleted: {
    readonly producer: string;
    readonly objects: number;
    readonly published: number;
    readonly rejected: number;
    readonly removed: number;
  };
  /** A producer took what its source said had changed; counts as in `scanCompleted`. */
  readonly changeCompleted: TelemetryEvents['scanCompleted'];
  /** A producer follows its source from now on, and how. */
  readonly following: { readonly producer: string; readonly how: string };
  /** Another process has the right to read a source; this one takes over when that ends. */
  readonly standsBy: { readonly producer: string };
  /** What a source keeps for its reader by now (a replication slot), said again and again while changes are followed. */
  readonly sourceBehind: { readonly producer: string; readonly what: string; readonly bytes: number };
  /** A scan ended early; it is tried again when `retryInMs` is given. */
  readonly scanFailed: {
    readonly producer: string;
    readonly code: ErrorCode;
    readonly message: string;
    readonly retryInMs: number | undefined;
  };
  /** A producer with a schedule waits for its next time, in milliseconds since 1970; undefined where there is none. Said again and again. */
  readonly scheduled: { readonly producer: string; readonly atMs: number | undefined };
  /** Removals are held back, because too many objects are missing at once. */
  readonly removalsHeldBack: { readonly producer: string; readonly missing: number; readonly known: number };
  /** Objects are missing, but may be among what the scan could not read, so nothing is removed. */
  readonly removalsUnknown: {
    readonly producer: string;
    readonly missing: number;
    readonly known: number;
    readonly rejected: number;
  };
  /** An asset is about to be removed from the catalogue, while others refer to it that stay. */
  readonly removalDangles: {
    readonly producer: string;
    readonly root: EntityRef;
    readonly referring: readonly EntityRef[];
  };
  /** The catalogue does not let an asset keep its place under its new name: it is made anew, and its former self is removed. */
  readonly renameRefused: {
    readonly producer: string;
    readonly root: EntityRef;
    /** What it was called. */
    readonly from: EntityRef;
    readonly reason: string;
  };
  /** A stage took records from a partition. */
  readonly received: { readonly stage: StageName; readonly events: number };
  /** A stage settled one event. */
  readonly settled: {
    readonly stage: StageName;
    readonly as: Settlement;
    readonly producer: string | undefined;
  };
  /** A stage gave events back unsettled, with their partition: its next owner receives them again. */
  readonly returned: { readonly stage: StageName; readonly events: number };
  /** A stage could not commit what it had settled: the partition is someone else's by now. */
  readonly commitRefused: { readonly stage: StageName };
  /**
   * A change that was settled as parked got what it waited for, or was given up: it is not counted as settled again, so what
   * is parked now is the difference of the two.
   */
  readonly unparked: {
    readonly stage: StageName;
    readonly as: Exclude<Settlement, 'parked' | 'filtered'>;
    readonly producer: string | undefined;
  };
  /** A change waits for assets or types that the catalogue does not have, for the first time. */
  readonly parked: {
    readonly producer: string;
    readonly qualifiedName: string;
    readonly wanted: Wanted;
    readonly message: string;
  };
  /** The sink told what became of the entities of one change. */
  readonly applied: { readonly producer: string; readonly counts: AppliedCounts };
  /** An event became a dead letter. */
  readonly deadLettered: {
    readonly stage: StageName | 'produce';
    readonly producer: string | undefined;
    readonly code: string;
    readonly message: string;
    readonly id: string;
  };
  /** A stage waits for its transport and tries again. */
  readonly stageWaiting: {
    readonly stage: StageName;
    readonly code: ErrorCode;
    readonly message: string;
    readonly waitMs: number;
  };
  /** A request of the sink was answered: what its gate lets through by now, and how many wait before it. */
  readonly paced: {
    /** The code of the error, where the request was refused. */
    readonly refused: ErrorCode | undefined;
    /** Requests a second at the most; infinite where nothing has set a limit. */
    readonly perSecond: number;
    /** Requests in flight at the most. */
    readonly inFlight: number;
    readonly waiting: number;
  };
  /** The sink waits and tries again. */
  readonly sinkWaiting: { readonly code: ErrorCode; readonly message: string; readonly waitMs: number };
}

/** The name of a telemetry event. */
export type TelemetryEventName = keyof TelemetryEvents;
type Listeners = { readonly [N in TelemetryEventName]: Set<(event: TelemetryEvents[N]) => void> };

/** Says things to all who listen. */
export interface Telemetry {
  /** Tells every listener of that event. */
  emit<N extends TelemetryEventName>(name: N, event: TelemetryEvents[N]): void;
  /** Adds a listener, which must not throw; returns the function that removes it. */
  on<N extends TelemetryEventName>(name: N, listener: (event: TelemetryEvents[N]) => void): () => void;
}

/** Makes a telemetry hub. */
export function createTelemetry(): Telemetry {
  const listeners: Listeners = {
    scanStarted: new Set(),
    scanCompleted: new Set(),
    changeCompleted: new Set(),
    following: new Set(),
    standsBy: new Set(),
    sourceBehind: new Set(),
    scanFailed: new Set(),
    scheduled: new Set(),
    removalsHeldBack: new Set(),
    removalsUnknown: new Set(),
    removalDangles: new Set(),
    renameRefused: new Set(),
    received: new Set(),
    settled: new Set(),
    returned: new Set(),
    commitRefused: new Set(),
    unparked: new Set(),
    parked: new Set(),
    applied: new Set(),
    deadLettered: new Set(),
    stageWaiting: new Set(),
    paced: new Set(),
    sinkWaiting: new Set(),
  };
  return {
    emit: (name, event) => {
      for (const listener of listeners[name]) listener(event);
    },
    on: (name, listener) => {
      listeners[name].add(listener);
      return () => listeners[name].delete(listener);
    },
  };
}
