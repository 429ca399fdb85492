import { type ErrorCode, StreamError } from '../../pipeline/errors.ts';

/** Codes that concern the sink as a whole: nothing of the batch can be settled. */
const fatal: ReadonlySet<ErrorCode> = new Set([
  'CATALOG_REFUSED',
  'CATALOG_FORBIDDEN',
  'CATALOG_STOPPED',
  'CONFIG_INVALID',
  'STATE_UNAVAILABLE',
  'TYPE_CONFLICT',
]);
/** Codes that may be the fault of one entity among many. */
export const isolated: ReadonlySet<ErrorCode> = new Set([
  'CATALOG_BAD_ENTITY',
  'CATALOG_MISSING_REFERENT',
  'CATALOG_MISSING_TYPE',
  'CATALOG_FAULT',
  'CATALOG_CONFLICT',
]);

/** Returns what was thrown when it concerns some changes only; throws it when it concerns all. */
export function ofOneChange(thrown: unknown, signal: AbortSignal): StreamError {
  if (signal.aborted) throw signal.reason;
  if (!(thrown instanceof StreamError) || fatal.has(thrown.code)) throw thrown;
  return thrown;
}
