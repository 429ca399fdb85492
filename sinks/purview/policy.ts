import { type ErrorCode, StreamError } from '../../pipeline/errors.ts';
import type { Outcome } from '../../pipeline/sink.ts';
import type { EntityChange, EntityRef } from '../../schemas/types.ts';
import type { ErrorRules } from './options.ts';
import { named } from './outcomes.ts';
import { wantedBy } from './wanted.ts';

type ErrorClass = keyof ErrorRules;

/** Which class the codes are of that stand for an answer of the catalogue. */
const classes: Partial<Record<ErrorCode, ErrorClass>> = {
  CATALOG_BAD_ENTITY: 'badEntity',
  CATALOG_MISSING_REFERENT: 'missingReferent',
  CATALOG_MISSING_TYPE: 'missingType',
  CATALOG_CONFLICT: 'conflict',
  CATALOG_FAULT: 'serverFault',
  CATALOG_THROTTLED: 'throttled',
  CATALOG_UNAVAILABLE: 'unavailable',
  CATALOG_UNEXPECTED: 'unavailable',
  CATALOG_FORBIDDEN: 'forbidden',
  CATALOG_REFUSED: 'refused',
};

/** How long it is waited until credentials that were refused are tried again, in milliseconds. */
const refusedPauseMs = 60_000;

/** What is done about an error, by its class, once it is known what it means. */
export class ErrorPolicy {
  readonly #rules: ErrorRules;

  constructor(rules: ErrorRules) {
    this.#rules = rules;
  }

  /** The outcome of a change that failed. Throws CATALOG_STOPPED where its class is to stop the sink. */
  outcome(ref: EntityRef, change: EntityChange, thrown: StreamError): Outcome {
    const error = named(ref, thrown);
    const kind = classes[thrown.code];
    switch (kind === undefined ? undefined : this.#rules[kind]) {
      case 'stop':
        throw stopped(error, kind);
      case 'park':
        return { kind: 'missing', error, wanted: wantedBy(change, thrown) ?? { refs: [], types: [] } };
      case 'retry':
        return { kind: 'retry', error };
      case 'dead-letter':
        return { kind: 'rejected', error };
      case undefined:
        return { kind: error.retryable ? 'retry' : 'rejected', error };
    }
  }

  /** What is thrown in the place of an error that concerns the sink as a whole. */
  ofSink(thrown: unknown): unknown {
    if (!(thrown instanceof StreamError)) return thrown;
    if (thrown.code === 'CATALOG_FORBIDDEN' && this.#rules.forbidden === 'stop')
      return stopped(thrown, 'forbidden');
    if (thrown.code !== 'CATALOG_REFUSED' || this.#rules.refused === 'stop') return thrown;
    // As a right that is missing: waited for, but not where the run is to end.
    const options = { cause: thrown, retryAfterMs: thrown.retryAfterMs ?? refusedPauseMs };
    return new StreamError('CATALOG_FORBIDDEN', thrown.message, options);
  }
}

function stopped(error: StreamError, kind: ErrorClass | undefined): StreamError {
  return new StreamError('CATALOG_STOPPED', error.message, {
    cause: error,
    advice: `The sink stops, as \`sink.onError.${kind}: stop\` says. Nothing of the batch is lost: it comes again when the sink is started again.`,
  });
}
