import { of } from 'rxjs';
import type { ObjectEventType, RawEvent, TypedEvent } from '../../schemas/types.ts';
import { StreamError, toStreamError } from '../errors.ts';
import type { Derivation, ObjectRawEvent, Transform } from '../transform.ts';

/** Runs every transform on one event; transforms are synchronous, so the results are there when it returns. Throws a StreamError that names the event. */
export function runTransforms(
  transforms: readonly Transform[],
  event: ObjectRawEvent,
): readonly Derivation[] {
  const derivations: Derivation[] = [];
  try {
    for (const transform of transforms) derivations.push(...runOne(transform, event));
  } catch (thrown) {
    throw toStreamError(thrown, 'TRANSFORM_FAILED', describeEvent(event));
  }
  return derivations;
}

/** An event in a few words, for messages. */
export function describeEvent({ type, value }: TypedEvent<ObjectEventType | 'removal'>): string {
  return `${type} ${value.objectId} of ${value.producer}`;
}

function runOne(transform: Transform, event: ObjectRawEvent): readonly Derivation[] {
  const derivations: Derivation[] = [];
  let failure: { readonly thrown: unknown } | undefined;
  let completed = false;
  of<RawEvent>(event)
    .pipe(transform)
    .subscribe({
      next: (derivation) => derivations.push(derivation),
      error: (thrown: unknown) => {
        failure = { thrown };
      },
      complete: () => {
        completed = true;
      },
    });
  if (failure !== undefined) throw failure.thrown;
  if (!completed)
    throw new StreamError('TRANSFORM_FAILED', 'A transform did not complete: transforms are synchronous.');
  return derivations;
}
