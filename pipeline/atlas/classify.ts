/** What a client is to do about an error answer. The code decides, not the HTTP status: a failed validation is a 404. */
import { type AtlasCode, atlasCodes } from './codes.ts';

/**
 * What an error calls for.
 * - `bad-entity`: this entity (or request) is wrong and stays wrong.
 * - `missing-referent`: it names an entity that is not there yet; try again after that one exists.
 * - `missing-type`: a type is not there; create it, then try again.
 * - `auth`: credentials or rights.
 * - `conflict`: what is to be made exists, or something else holds it.
 * - `throttled`: slow down.
 * - `server-fault`: the server failed; the same request may pass later.
 * - `not-found`: what was asked for (a type, a guid, a relationship) does not exist. An answer to a read, not a fault.
 */
export type AtlasErrorClass =
  | 'bad-entity'
  | 'missing-referent'
  | 'missing-type'
  | 'auth'
  | 'conflict'
  | 'throttled'
  | 'server-fault'
  | 'not-found';

const classByCode = new Map<string, AtlasErrorClass>(
  Object.values(atlasCodes).map((entry: AtlasCode) => [entry.code, entry.class]),
);

/**
 * Says what an answer that is not 2xx calls for. The code decides where there is one that is known; otherwise the status does:
 * 401 and 403 `auth`; 408 and 429 `throttled`; 409 `conflict`; 5xx `server-fault`; 404 `not-found`; other 4xx `bad-entity`.
 * Atlas answers 500 to some mistakes of the client too, so a client must not repeat a `server-fault` for ever.
 *
 * @param status HTTP status
 * @param code `errorCode` of the body, where it has one
 */
export function classifyAtlasError(status: number, code?: string): AtlasErrorClass {
  if (status === 429 || status === 408) return 'throttled';
  const known = code === undefined ? undefined : classByCode.get(code);
  if (known !== undefined) return known;
  if (status === 401 || status === 403) return 'auth';
  if (status === 409) return 'conflict';
  if (status >= 500) return 'server-fault';
  return status === 404 ? 'not-found' : 'bad-entity';
}
