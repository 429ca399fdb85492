import { StreamError } from '../pipeline/errors.ts';

/** Throws when the signal has fired: a scan that is left before its end is not complete, and says so. */
export function throwIfStopped(signal: AbortSignal): void {
  if (signal.aborted) throw new StreamError('SOURCE_UNAVAILABLE', 'The scan was stopped before its end.');
}
