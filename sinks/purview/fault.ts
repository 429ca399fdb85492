import { classifyAtlasError } from '../../pipeline/atlas/classify.ts';
import { errorBodySchema, gatewayErrorSchema } from '../../pipeline/atlas/replies.ts';
import { atlasCodes } from '../../pipeline/atlas/codes.ts';
import { type ErrorCode, StreamError, type StreamErrorOptions } from '../../pipeline/errors.ts';
import type { HttpBody, HttpResponse } from '../../platform/http.ts';
import { redactText } from '../../platform/redact.ts';
import { parseRetryAfter } from '../../platform/retry-after.ts';

/** An answer of the catalogue that is no success. */
export class CatalogFault extends StreamError {
  readonly status: number;
  /** Atlas's own code, where the answer has one. */
  readonly atlasCode: string | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    answer: StreamErrorOptions & { readonly status: number; readonly atlasCode?: string | undefined },
  ) {
    super(code, message, answer);
    this.status = answer.status;
    this.atlasCode = answer.atlasCode;
  }
}

const longestText = 600;
/** A role that is given takes some minutes to show. */
const forbiddenPauseMs = 60_000;

/**
 * Turns an answer that is not 2xx into an error. Atlas's code decides, not the HTTP status: a failed validation is a 404
 * (facts of Atlas 2.4.0).
 *
 * @param what method and path, for the message
 * @param time `nowMs`: milliseconds since 1970, for a Retry-After that is a date; `capMs`: what a Retry-After is taken for at the most
 */
export function faultOf(
  response: HttpResponse,
  what: string,
  { nowMs, capMs }: { readonly nowMs: number; readonly capMs: number },
): CatalogFault {
  const { status } = response;
  const { atlasCode, text } = readError(response.body);
  const code = errorCode(status, atlasCode);
  const asked = parseRetryAfter(response.headers.get('retry-after'), nowMs, capMs);
  const retryAfterMs = code === 'CATALOG_FORBIDDEN' ? (asked ?? forbiddenPauseMs) : asked;
  const advice = adviceFor(code, response);
  return new CatalogFault(
    code,
    `${what} was answered ${status}${atlasCode === undefined ? '' : ` ${atlasCode}`}: ${text}`,
    {
      status,
      atlasCode,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      ...(advice === undefined ? {} : { advice }),
    },
  );
}

/** An answer 2xx without the body that belongs to it. */
export function unexpected(response: HttpResponse, what: string, why: string): CatalogFault {
  const { text } = readError(response.body);
  return new CatalogFault(
    'CATALOG_UNEXPECTED',
    `${what} was answered ${response.status}, but ${why}: ${text}`,
    {
      status: response.status,
      advice: 'Check that the url leads to the catalogue itself, and not to a proxy or a sign-in page.',
    },
  );
}

function errorCode(status: number, atlasCode: string | undefined): ErrorCode {
  if (status < 400) return 'CATALOG_REFUSED'; // a redirect: Atlas sends those who are not signed in to /login.jsp
  // Said of a relationship's end that is named but does not exist (seen on Atlas 2.4.0).
  if (atlasCode === atlasCodes.INVALID_RELATIONSHIP_END.code) return 'CATALOG_MISSING_REFERENT';
  switch (classifyAtlasError(status, atlasCode)) {
    case 'bad-entity':
      return 'CATALOG_BAD_ENTITY';
    case 'missing-referent':
      return 'CATALOG_MISSING_REFERENT';
    case 'missing-type':
      return 'CATALOG_MISSING_TYPE';
    case 'auth':
      return status === 403 ? 'CATALOG_FORBIDDEN' : 'CATALOG_REFUSED';
    case 'conflict':
      return 'CATALOG_CONFLICT';
    case 'throttled':
      return 'CATALOG_THROTTLED';
    case 'server-fault':
      return status === 500 ? 'CATALOG_FAULT' : 'CATALOG_UNAVAILABLE';
    case 'not-found':
      // Without a code of Atlas a 404 comes from something in between: a wrong path or a gateway.
      return atlasCode === undefined ? 'CATALOG_UNAVAILABLE' : 'CATALOG_BAD_ENTITY';
  }
}

function adviceFor(code: ErrorCode, response: HttpResponse): string | undefined {
  if (code === 'CATALOG_FORBIDDEN') {
    return 'Give the identity the right to write: in Purview the role Data Curator on the collection (for types on the root collection), in Atlas a policy that lets it create and update. It is tried again every minute; a role takes some minutes to show.';
  }
  if (code !== 'CATALOG_REFUSED') return undefined;
  return response.status < 400
    ? `It redirects to ${locationOf(response)}: check url, user and password.`
    : 'Check user and password, or the identity that the token is for.';
}

function locationOf(response: HttpResponse): string {
  const location = response.headers.get('location') ?? '';
  return location.split('?', 1)[0] ?? '';
}

function readError(body: HttpBody): { readonly atlasCode: string | undefined; readonly text: string } {
  if (body.kind === 'text')
    return { atlasCode: undefined, text: shorten(body.text.replaceAll(/\s+/g, ' ').trim()) };
  const atlas = errorBodySchema.safeParse(body.value);
  if (atlas.success) return { atlasCode: atlas.data.errorCode, text: shorten(atlas.data.errorMessage) };
  const gateway = gatewayErrorSchema.safeParse(body.value);
  if (gateway.success) {
    return {
      atlasCode: undefined,
      text: shorten(`${gateway.data.error.code}: ${gateway.data.error.message}`),
    };
  }
  return { atlasCode: undefined, text: shorten(JSON.stringify(body.value)) };
}

function shorten(whole: string): string {
  const text = redactText(whole);
  if (text === '') return '(no text)';
  return text.length > longestText ? `${text.slice(0, longestText)} …` : text;
}

/** Whether an answer says that the request was too much at once: too large (413), or too slow for the server (408, 504). */
export function isTooMuch(thrown: unknown): thrown is CatalogFault {
  return thrown instanceof CatalogFault && [408, 413, 504].includes(thrown.status);
}

/** Whether an error is an answer with one of Atlas's codes. */
export function hasCode(thrown: unknown, code: string): boolean {
  return thrown instanceof CatalogFault && thrown.atlasCode === code;
}

/** What is not there, or of a type that is not there, reads as undefined. */
export async function absent<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (thrown) {
    const codes = [
      atlasCodes.INSTANCE_BY_UNIQUE_ATTRIBUTE_NOT_FOUND.code,
      atlasCodes.INSTANCE_GUID_NOT_FOUND.code,
      atlasCodes.TYPE_NAME_INVALID.code,
      atlasCodes.TYPE_NAME_NOT_FOUND.code,
    ];
    if (codes.some((code) => hasCode(thrown, code))) return undefined;
    throw thrown;
  }
}

/** A type that is not there reads as undefined. */
export async function absentType<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (thrown) {
    if (thrown instanceof CatalogFault && thrown.status === 404 && thrown.atlasCode !== undefined)
      return undefined;
    throw thrown;
  }
}
