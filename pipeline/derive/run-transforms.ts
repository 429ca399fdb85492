import { Subject } from 'rxjs';
import type { ObjectEventType, RawEvent, TypedEvent } from '../../schemas/types.ts';
import { StreamError, toStreamError } from '../errors.ts';
import type { Derivation, ObjectRawEvent, Transform } from '../transform.ts';

/**
 * Runs transforms on one event after another. Each operator is subscribed to once, and anew after an error, so that an event which
 * fails costs that event alone.
 */
export class TransformRun {
  readonly #running: readonly Running[];

  constructor(transforms: readonly Transform[]) {
    this.#running = transforms.map((transform) => new Running(transform));
  }

  /** What every transform says of an event. Throws a StreamError that names the event. */
  derive(event: ObjectRawEvent): readonly Derivation[] {
    try {
      const said: Derivation[] = [];
      for (const one of this.#running) one.next(event, said);
      return said;
    } catch (thrown) {
      throw toStreamError(thrown, 'TRANSFORM_FAILED', describeEvent(event));
    }
  }
}

/** An event in a few words, for messages. */
export function describeEvent({ type, value }: TypedEvent<ObjectEventType | 'removal'>): string {
  return `${type} ${value.objectId} of ${value.producer}`;
}

/** One operator, subscribed. Transforms are synchronous: what they say of an event is there when `next` returns. */
class Running {
  readonly #transform: Transform;
  #events: Subject<RawEvent> | undefined;
  /** What was said of the current event; undefined between events. */
  #said: Derivation[] | undefined;
  #failure: { readonly thrown: unknown } | undefined;

  constructor(transform: Transform) {
    this.#transform = transform;
  }

  /** Adds what it says of an event to `said`. */
  next(event: ObjectRawEvent, said: Derivation[]): void {
    this.#said = said;
    this.#events ??= this.#subscribe();
    this.#events.next(event);
    this.#said = undefined;
    const failure = this.#failure;
    if (failure === undefined) return;
    this.#failure = undefined;
    this.#events = undefined;
    throw failure.thrown;
  }

  #subscribe(): Subject<RawEvent> {
    const events = new Subject<RawEvent>();
    const end = (thrown: unknown): void => {
      this.#failure ??= { thrown };
    };
    events.pipe(this.#transform).subscribe({
      next: (derivation) => {
        if (this.#said === undefined) end(new StreamError('TRANSFORM_FAILED', late));
        else this.#said.push(derivation);
      },
      error: end,
      complete: () => end(new StreamError('TRANSFORM_FAILED', 'A transform ended before its events did.')),
    });
    return events;
  }
}

const late = 'A transform answered after its event was over: transforms are synchronous.';
