import type { EntityChange, RawEvent } from '../../schemas/types.ts';
import type { StreamError } from '../errors.ts';
import type { Naming } from '../naming.ts';
import { keyPart, type Table, type TableView } from '../table.ts';
import type { KnownView, ObjectRawEvent, Transform } from '../transform.ts';
import { Derivation, type DerivedAhead } from './derivation.ts';
import { type Derived, deriveEvent, type EventPlace, Questions, type ReceivedEvent } from './derived.ts';
import { packChange } from './encode-change.ts';
import { KnownAssets } from './known-assets.ts';
import { NameRecords } from './name-records.ts';
import { ObjectRecords } from './object-records.ts';
import { TransformRun } from './run-transforms.ts';

/** What became of one raw event. */
export type Applied =
  | {
      readonly kind: 'derived' | 'unchanged';
      readonly changes: readonly EntityChange[];
      /**
       * Those of `changes` that the event's own object says: they come again whenever the event does. The others follow from what was known until then,
       * and come once.
       */
      readonly own: ReadonlySet<EntityChange>;
      /** Other objects that could not be derived again; what they said before stands. */
      readonly failures: readonly DerivationFailure[];
    }
  | { readonly kind: 'superseded' }
  | { readonly kind: 'filtered' }
  | { readonly kind: 'failed'; readonly error: StreamError };

/** An object that could not be derived again. */
export interface DerivationFailure {
  readonly producer: string;
  readonly key: string;
  /** Its own event, as it stands on the raw topic: what has to be tried again. */
  readonly event: EventPlace & { readonly key: string; readonly value: Uint8Array };
  readonly error: StreamError;
}

/** Derives the events of one transaction. */
export interface Deriving {
  /** Applies an event, with what was derived ahead of it where that is there. */
  readonly apply: (event: RawEvent, received: ReceivedEvent, ahead?: DerivedAhead) => Applied;
  readonly end: () => void;
}

/** What a deriver is made of. */
export interface DeriverOptions {
  /** Builds the transforms on the view of what is known. */
  readonly transforms: (known: KnownView) => readonly Transform[];
  readonly naming: Naming;
  /** Configured producers; what others had said holds no root and is not known. @default every producer counts */
  readonly producers?: ReadonlySet<string>;
  /** What takes this long, in milliseconds, is not derived again when its partition was lost meanwhile. @default 1000 */
  readonly slowMs?: number;
}

/** Events that are remembered since they took long. */
const mostSlow = 4;

/**
 * Turns raw events into entity changes such that the order of arrival does not show in the end (invariant 3): of each object the
 * newest event counts, what an event looked up is remembered, and the event is derived again when the answer changes. All
 * that is remembered stands in a table and is read and written within one transaction, so any number of processes may share the
 * work: what one of them changes, the next transaction of another one sees.
 */
export class Deriver {
  readonly #transforms: TransformRun;
  readonly #naming: Naming;
  readonly #speaks: (producer: string) => boolean;
  readonly #slowMs: number;
  #questions: Questions | undefined;
  /** Events that took long, by where they stand, and what came of them: whoever lost its partition meanwhile must not begin anew with each try. */
  readonly #slow = new Map<string, { readonly encoded: Uint8Array; readonly derived: DerivedAhead }>();

  constructor({ transforms, naming, producers, slowMs = 1000 }: DeriverOptions) {
    this.#slowMs = slowMs;
    const view: KnownView = { asset: (ref) => this.#questions?.lookUp(ref) };
    this.#transforms = new TransformRun(transforms(view));
    this.#naming = naming;
    const configured = producers === undefined ? undefined : new Set([...producers].map(keyPart));
    this.#speaks = (producer) => configured?.has(producer) ?? true;
  }

  /**
   * Derives an event by itself before its transaction, which holds up every other one: most of the work, and none of the effect.
   * Undefined where nothing can be derived ahead, or not without an error, which comes again in the transaction.
   */
  ahead(table: TableView): (event: RawEvent, received: ReceivedEvent) => DerivedAhead | undefined {
    const records = new ObjectRecords(table);
    const known = new KnownAssets(table, new NameRecords(table), records, this.#speaks);
    return (event, received) => {
      if (event.type === 'removal' || event.type === 'scan-started' || event.type === 'scan-completed')
        return undefined;
      const before = this.#slow.get(placeOf(received));
      if (before !== undefined && Buffer.compare(before.encoded, received.encoded) === 0)
        return before.derived;
      const questions = new Questions((ref) => known.asset(ref));
      const started = performance.now();
      try {
        const whole = this.#derive(event, received, questions);
        const said = new Map<string, EntityChange>();
        for (const [root, change] of whole.said) said.set(root, packChange(change));
        const derived = { after: whole.after, record: whole.record, said, answers: questions.answers };
        if (performance.now() - started >= this.#slowMs) this.#remember(received, derived);
        return derived;
      } catch {
        return undefined;
      }
    };
  }

  #remember(received: ReceivedEvent, derived: DerivedAhead): void {
    const [oldest] = this.#slow.keys();
    if (this.#slow.size >= mostSlow && oldest !== undefined) this.#slow.delete(oldest);
    this.#slow.set(placeOf(received), { encoded: received.encoded, derived });
  }

  /** Begins to derive within a transaction. What it returns is not to be used after it, nor after its `end`, which writes what is to be remembered. */
  begin(table: Table): Deriving {
    const derivation = new Derivation({
      table,
      derive: (event, received, questions) => this.#derive(event, received, questions),
      speaks: this.#speaks,
    });
    return {
      apply: (event, received, ahead) => derivation.apply(event, received, ahead),
      end: () => derivation.flush(),
    };
  }

  #derive(event: ObjectRawEvent, received: ReceivedEvent, questions: Questions): Derived {
    const transforms = this.#transforms;
    this.#questions = questions;
    try {
      return deriveEvent({ transforms, naming: this.#naming }, event, received, questions);
    } finally {
      this.#questions = undefined;
    }
  }
}

function placeOf({ partition, offset }: EventPlace): string {
  return `${partition}/${offset}`;
}
