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

/** The catalogue does not hold any more what was planned with, or what it has accepted: all of it comes again. */
export class Lost extends StreamError {
  constructor() {
    const message =
      'The catalogue had lost types, and what it held of them: what was about to be written is planned anew.';
    super('CATALOG_UNAVAILABLE', message);
  }
}

/** Returns what was thrown when it concerns some changes only; throws it when it concerns all. */
export function ofOneChange(thrown: unknown, signal: AbortSignal): StreamError {
  if (signal.aborted) throw signal.reason;
  if (!(thrown instanceof StreamError) || thrown instanceof Lost || fatal.has(thrown.code)) throw thrown;
  return thrown;
}
