import { of } from 'rxjs';
import type { EntityChange, RawEvent, Removal, SourcePosition, Warning } from '../../schemas/types.ts';
import { StreamError, toStreamError } from '../errors.ts';
import type { Derivation, KnownAsset, KnownView, ObjectRawEvent, Transform } from '../transform.ts';
import { objectKey } from './keys.ts';
import { KnownAssets } from './known-assets.ts';
import { Roots, rootKey, type Speaker, type Statement } from './roots.ts';

/** What became of one raw event. */
export type Applied =
  | {
      readonly kind: 'derived' | 'unchanged';
      readonly changes: readonly EntityChange[];
      /** Every object that was derived, the event's own first. */
      readonly touched: readonly ObjectState[];
      /** Other objects that could not be derived again; what they said before stands. */
      readonly failures: readonly { readonly object: ObjectState; readonly error: StreamError }[];
    }
  | { readonly kind: 'superseded' }
  | { readonly kind: 'filtered' }
  | { readonly kind: 'failed'; readonly error: StreamError };

/** What is remembered of one object. */
export interface ObjectState {
  readonly key: string;
  readonly producer: string;
  readonly objectId: string;
  readonly type: string;
  readonly position: SourcePosition;
  /** Undefined when it was removed, or only an earlier run has seen it. */
  readonly event: ObjectRawEvent | undefined;
  readonly removed: boolean;
  readonly asked: ReadonlySet<string>;
  readonly known: readonly KnownAsset[];
  /** Keys of the roots that it speaks of; true for placeholders. */
  readonly roots: ReadonlyMap<string, boolean>;
  readonly derivations: readonly Derivation[];
  readonly warnings: readonly Warning[];
}

/**
 * Turns raw events into entity changes such that the order of arrival does not show in the end (invariant 3): of each object the
 * newest event counts, what an event looked up is remembered, and the event is derived again when the answer changes.
 * Synchronous; one instance for all partitions of a process.
 */
export class Deriver {
  readonly #known = new KnownAssets();
  readonly #roots = new Roots();
  readonly #objects = new Map<string, ObjectState>();
  readonly #transforms: readonly Transform[];

  /** `make` builds the transforms on the view of what is known. */
  constructor(make: (known: KnownView) => readonly Transform[]) {
    this.#transforms = make(this.#known.view);
  }

  /** Takes up what an earlier run had derived of an object: its roots are held until it is seen again or removed, and what it made known is known. */
  restore(state: Pick<ObjectState, 'producer' | 'objectId' | 'type' | 'roots' | 'known'>): void {
    const key = objectKey(state, state.type);
    const { roots, known } = state;
    this.#objects.set(key, { ...empty(key, state.type, state), roots, known });
    this.#known.setKnown(key, [], known);
    for (const [root, placeholder] of roots) {
      this.#roots.hold(key, root, {
        producer: state.producer,
        objectId: state.objectId,
        position: unseen,
        placeholder,
      });
    }
  }

  /** Applies one event. Never throws: a transform that throws is a `failed` event, and what was known before stays. */
  apply(event: RawEvent): Applied {
    if (event.type === 'scan-started' || event.type === 'scan-completed') return { kind: 'filtered' };
    if (event.type === 'removal') return this.#remove(event.value);
    const key = objectKey(event.value, event.type);
    const before = this.#objects.get(key) ?? empty(key, event.type, event.value);
    if (isOlder(event.value.position, before.position)) return { kind: 'superseded' };
    try {
      return this.#settle(this.#derive(before, event), event.value);
    } catch (thrown) {
      return {
        kind: 'failed',
        error: toStreamError(
          thrown,
          'TRANSFORM_FAILED',
          `${event.type} ${event.value.objectId} of ${event.value.producer}`,
        ),
      };
    }
  }

  /** What is known of every object, for the summary of a run. */
  objects(): Iterable<ObjectState> {
    return this.#objects.values();
  }

  #remove(removal: Removal): Applied {
    const key = objectKey(removal, removal.removedType);
    const before = this.#objects.get(key) ?? empty(key, removal.removedType, removal);
    if (isOlder(removal.position, before.position)) return { kind: 'superseded' };
    const gone: ObjectState = {
      ...empty(key, removal.removedType, removal),
      position: removal.position,
      removed: true,
    };
    return this.#settle({ before, after: gone }, removal);
  }

  #derive(before: ObjectState, event: ObjectRawEvent): Step {
    const { result, asked } = this.#known.recording(() =>
      this.#transforms.flatMap((transform) => run(transform, event)),
    );
    return {
      before,
      after: {
        ...empty(before.key, event.type, event.value),
        position: event.value.position,
        event,
        asked,
        known: result.flatMap((derivation) => derivation.known),
        roots: new Map(
          result.flatMap((derivation) =>
            derivation.changes.map((change) => [rootKey(change), change.placeholder]),
          ),
        ),
        derivations: result,
        warnings: result.flatMap((derivation) => derivation.warnings),
      },
    };
  }

  /**
   * Stores a step, derives again whoever sees another answer now, and collects the changes of all roots touched. What an
   * event makes known does not depend on look-ups, so one round is enough.
   */
  #settle(step: Step, by: Speaker): Applied {
    const touchedRoots = new Set<string>();
    const touched: ObjectState[] = [];
    const failures: { readonly object: ObjectState; readonly error: StreamError }[] = [];
    const store = ({ before, after }: Step): void => {
      this.#objects.set(after.key, after);
      touched.push(after);
      this.#known.setAsked(after.key, before.asked, after.asked);
      for (const root of this.#roots.replace(after.key, before.roots.keys(), statements(after)))
        touchedRoots.add(root);
    };
    store(step);
    for (const key of this.#known.setKnown(step.after.key, step.before.known, step.after.known)) {
      const object = this.#objects.get(key);
      if (object?.event === undefined) continue;
      try {
        store(this.#derive(object, object.event));
      } catch (thrown) {
        failures.push({
          object,
          error: toStreamError(
            thrown,
            'TRANSFORM_FAILED',
            `${object.type} ${object.objectId} of ${object.producer}`,
          ),
        });
      }
    }
    const changes = [...touchedRoots].flatMap((root) => this.#roots.changes(root, by));
    return { kind: changes.length === 0 ? 'unchanged' : 'derived', changes, touched, failures };
  }
}

interface Step {
  readonly before: ObjectState;
  readonly after: ObjectState;
}

const unseen: SourcePosition = { incarnation: '', sequence: -1 };

function empty(key: string, type: string, of_: Pick<ObjectState, 'producer' | 'objectId'>): ObjectState {
  const { producer, objectId } = of_;
  const nothing = {
    event: undefined,
    removed: false,
    asked: new Set<string>(),
    known: [],
    roots: new Map<string, boolean>(),
    derivations: [],
    warnings: [],
  };
  return { key, type, producer, objectId, position: unseen, ...nothing };
}

/** Positions compare only within one incarnation; another incarnation is a new life of the source and counts. */
function isOlder(position: SourcePosition, than: SourcePosition): boolean {
  return position.incarnation === than.incarnation && position.sequence < than.sequence;
}

function statements(state: ObjectState): ReadonlyMap<string, Statement> {
  const { producer, objectId, position } = state;
  return new Map(
    state.derivations
      .flatMap((derivation) => derivation.changes)
      .map((derived) => [
        rootKey(derived),
        { producer, objectId, position, placeholder: derived.placeholder, derived },
      ]),
  );
}

/** Runs a transform on one event; transforms are synchronous, so the results are there when it returns. */
function run(transform: Transform, event: ObjectRawEvent): readonly Derivation[] {
  const derivations: Derivation[] = [];
  let failure: StreamError | undefined;
  let completed = false;
  of<RawEvent>(event)
    .pipe(transform)
    .subscribe({
      next: (derivation) => derivations.push(derivation),
      error: (thrown: unknown) => {
        failure = toStreamError(
          thrown,
          'TRANSFORM_FAILED',
          `${event.type} ${event.value.objectId} of ${event.value.producer}`,
        );
      },
      complete: () => {
        completed = true;
      },
    });
  if (failure !== undefined) throw failure;
  if (!completed)
    throw new StreamError('TRANSFORM_FAILED', 'A transform did not complete: transforms are synchronous.');
  return derivations;
}
