import type { EntityChange, RawEvent } from '../../schemas/types.ts';
import type { StreamError } from '../errors.ts';
import type { Naming } from '../naming.ts';
import { keyPart, type Table } from '../table.ts';
import type { KnownView, Transform } from '../transform.ts';
import { Derivation, type EventPlace, type ReceivedEvent } from './derivation.ts';
import { TransformRun } from './run-transforms.ts';

/** What became of one raw event. */
export type Applied =
  | {
      readonly kind: 'derived' | 'unchanged';
      readonly changes: readonly EntityChange[];
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
  readonly apply: (event: RawEvent, received: ReceivedEvent) => Applied;
  readonly end: () => void;
}

/** What a deriver is made of. */
export interface DeriverOptions {
  /** Builds the transforms on the view of what is known. */
  readonly transforms: (known: KnownView) => readonly Transform[];
  readonly naming: Naming;
  /** Configured producers; what others had said holds no root and is not known. @default every producer counts */
  readonly producers?: ReadonlySet<string>;
}

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
  #current: Derivation | undefined;

  constructor({ transforms, naming, producers }: DeriverOptions) {
    const view: KnownView = { asset: (ref) => this.#current?.lookUp(ref) };
    this.#transforms = new TransformRun(transforms(view));
    this.#naming = naming;
    const configured = producers === undefined ? undefined : new Set([...producers].map(keyPart));
    this.#speaks = (producer) => configured?.has(producer) ?? true;
  }

  /** Begins to derive within a transaction. What it returns is not to be used after it, nor after its `end`, which writes what is to be remembered. */
  begin(table: Table): Deriving {
    const derivation = new Derivation({
      table,
      transforms: this.#transforms,
      naming: this.#naming,
      speaks: this.#speaks,
    });
    const apply = (event: RawEvent, received: ReceivedEvent): Applied => {
      this.#current = derivation;
      try {
        return derivation.apply(event, received);
      } finally {
        this.#current = undefined;
      }
    };
    return { apply, end: () => derivation.flush() };
  }
}
