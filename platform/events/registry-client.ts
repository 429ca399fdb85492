import { StreamError } from '../../pipeline/errors.ts';
import { createHttpClient, type HttpRequest, type HttpResponse } from '../http.ts';

/** How a registry is reached. */
export interface RegistryAccess {
  readonly url: string;
  readonly timeoutMs: number;
  /** Headers with the credentials. */
  readonly authorize?: (() => Promise<Readonly<Record<string, string>>>) | undefined;
}

/** Schemas are small: what is larger than this is none. */
const maxResponseBytes = 4_000_000;

/** Calls a registry. Answers of the server's own fault, 408 and 429 reject with REGISTRY_UNAVAILABLE, 401 and 403 with REGISTRY_REFUSED; all others resolve. */
export type RegistryCall = (request: HttpRequest) => Promise<HttpResponse>;

/** Makes the calls to one registry. Throws CONFIG_INVALID for an URL that is none. */
export function createRegistryCall({ url, timeoutMs, authorize }: RegistryAccess): RegistryCall {
  const client = createHttpClient({
    baseUrl: url,
    timeoutMs,
    maxResponseBytes,
    unavailableCode: 'REGISTRY_UNAVAILABLE',
    tooLargeCode: 'REGISTRY_REFUSED',
    ...(authorize === undefined ? {} : { authorize }),
  });
  return async (request) => {
    const response = await client.request(request);
    const { status } = response;
    const what = `The registry answered ${status} to ${request.method} ${request.path}`;
    if (status === 401 || status === 403)
      throw new StreamError('REGISTRY_REFUSED', `${what}${reasonOf(response)}.`);
    if (status >= 500 || status === 408 || status === 429)
      throw new StreamError('REGISTRY_UNAVAILABLE', `${what}${reasonOf(response)}.`);
    return response;
  };
}

/** An answer that nobody expects of a registry. */
export function refusal(what: string, response: HttpResponse): StreamError {
  return new StreamError(
    'REGISTRY_REFUSED',
    `${what}: the registry answered ${response.status}${reasonOf(response)}.`,
  );
}

/** What an answer says of its reason, in a few words: `: it is so`, or nothing. */
export function reasonOf({ body }: HttpResponse): string {
  if (body.kind !== 'json' || typeof body.value !== 'object' || body.value === null) return '';
  const inner = 'error' in body.value ? body.value.error : body.value;
  if (typeof inner !== 'object' || inner === null || !('message' in inner)) return '';
  return typeof inner.message === 'string' ? `: ${inner.message.slice(0, 300).replace(/\.$/u, '')}` : '';
}
