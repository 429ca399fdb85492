/** The contract of a producer: it reads one source and says what it finds, in the source's own terms. */
import type { EventTypes, ObjectEventType } from '../schemas/types.ts';
import type { StreamError } from './errors.ts';
import type { Json } from './state.ts';

/** What the producer runner adds to an object event. */
type AddedByRunner = 'producer' | 'objectId' | 'position';

/** One object that a scan found. */
export type FoundObject = {
  [K in ObjectEventType]: {
    readonly type: K;
    /** The source's own id, stable while the object lives: a path, an oid, a job id. */
    readonly objectId: string;
    /**
     * The source's own mark of the object that a rename does not change (an oid), unique within the producer. With it a
     * {@link PartialChange} can tell what was dropped, and what was renamed keeps its place in the catalogue.
     */
    readonly ref?: string;
    /** Whether its columns keep their ordinals for as long as they live, so that one with another name was renamed. @default false */
    readonly columnsKeepOrdinal?: boolean;
    /**
     * The source's own order of changes, where it has one (an LSN, a file's time in ms). The runner makes the position
     * grow with every change in any case. @default 0
     */
    readonly sequence?: number;
    readonly value: Omit<EventTypes[K], AddedByRunner>;
  };
}[ObjectEventType];

/** An object that could not be read: it costs one dead letter, and the scan goes on but derives no removals. */
export interface Rejection {
  readonly objectId: string;
  readonly error: StreamError;
  /** What was read, as far as it was; kept in the dead letter, of much the head. */
  readonly bytes?: Uint8Array;
}

/** What a producer itself remembers from scan to scan, for sources that forget: history, watermarks. */
export interface ProducerMemory {
  /** Everything that is remembered under keys that begin so, in their order. Values are parsed by the producer: they may stem from an older version. `at` is the key in the state store. */
  entries(prefix: string): AsyncIterable<{ readonly key: string; readonly at: string; readonly value: Json }>;
  /**
   * Remembers a value; undefined forgets it. Written in one step with all others of the scan, once everything that the scan yielded is
   * published and every rejection is a dead letter: a scan that fails remembers nothing.
   */
  set(key: string, value: Json | undefined): void;
}

/** What a scan may use. */
export interface ScanContext {
  /** Fires on shutdown: stop reading, the scan counts as incomplete. */
  readonly signal: AbortSignal;
  readonly memory: ProducerMemory;
  /** Reports one unreadable object. */
  reject(rejection: Rejection): void;
}

/** A column that was called otherwise. */
export interface RenamedColumn {
  readonly from: string;
  readonly to: string;
}

/** What the source says was renamed: for objects of databases without a mark that a rename does not change. */
export interface ToldRename {
  /** The id that the object had when it was found last. */
  readonly from: string;
  /** The id that it has now; the same where only columns were renamed. */
  readonly to: string;
  /** Columns that had other names then. */
  readonly columns: readonly RenamedColumn[];
}

/**
 * What changed, where the source tells it. The runner publishes what differs of `found`, removes every known object whose ref was
 * looked at or found and that is not found under its old id, and then keeps `mark`; all of that is durable when it asks for the next
 * change. The source said so itself, so no threshold holds these removals back.
 */
export interface PartialChange {
  /** What changed and what depends on it, each whole and as it is now, with its ref. Read once; when it throws, the change is told again. */
  readonly found: AsyncIterable<FoundObject>;
  /** Refs of everything that was looked at: what of it is not found is gone. */
  readonly looked: readonly string[];
  /** What of it has other names now. @default what the marks tell */
  readonly renamed?: readonly ToldRename[];
  /** How far the source is read with this change. */
  readonly mark: Json;
  /** What of the change could not be read: each is a dead letter before the next change is asked for. @default none */
  readonly rejected?: readonly Rejection[];
}

/** Something that a source keeps for its reader. */
export interface Backlog {
  /** Such as `slot purview_streams_erp`. */
  readonly what: string;
  readonly bytes: number;
  /** What a person should do about it, where something is not as it should be. */
  readonly advice?: string;
}

/** Reads one source. Made by the `open` of its component; every method may be called while another scan is not running. */
export interface Producer {
  /** True where the source only tells of changes and cannot be read whole (a webhook): what a scan does not find is not gone. @default false */
  readonly tellsOnly?: boolean;
  /** Which life of the source this is; a change means that a full scan starts over. Called before each scan. */
  incarnation(): Promise<string>;
  /**
   * Yields every object of the source, once. Ends normally only when the source was read whole: throwing (a StreamError)
   * means incomplete, then nothing is removed and the runner tries again if the error can be retried.
   */
  scan(context: ScanContext): AsyncIterable<FoundObject>;
  /**
   * Yields undefined whenever the source may have changed: the runner then scans again. A source that tells what has changed yields
   * that instead, from `mark` on, the mark of the last change that was made durable, perhaps by an earlier run. Called again with the
   * mark when a change could not be taken. Ends when `signal` fires.
   */
  changes(signal: AbortSignal, mark?: Json): AsyncIterable<PartialChange | undefined>;
  /** How changes are seen, in one sentence for a person, where there is more than one way. Rejects with a StreamError. */
  describeChanges?(): Promise<string>;
  /** What the source keeps until this reader has read it, where it does (a replication slot). Rejects with a StreamError. */
  backlog?(): Promise<readonly Backlog[]>;
  /** Releases connections and watchers. May be called twice. */
  close(): Promise<void>;
}
