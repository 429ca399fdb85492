import { type ErrorCode, StreamError, messageOf } from '../pipeline/errors.ts';
import { redacted, redactText } from './redact.ts';

/** Options of {@link createHttpClient}. */
export interface HttpClientOptions {
  /** Where the server is, with the path that every request begins with: `https://host/api/v2`. No user, query or fragment. */
  readonly baseUrl: string;
  /** Origins beside that of `baseUrl` that may be called, for servers whose paging links name another one. @default none */
  readonly allowedOrigins?: readonly string[];
  /** Limit for one request with its whole answer, in milliseconds. */
  readonly timeoutMs: number;
  /** Bytes of an answer's body (after decompression) at the most. */
  readonly maxResponseBytes: number;
  /** Headers of every request, without secrets. @default none */
  readonly headers?: Readonly<Record<string, string>>;
  /** Headers that carry the credentials; called before every request. They never show in an error. */
  readonly authorize?: () => Promise<Readonly<Record<string, string>>>;
  /** Code of the error when the server cannot be reached, breaks off or is too slow. @default SOURCE_UNAVAILABLE */
  readonly unavailableCode?: ErrorCode;
  /** Code of the error when an answer is larger than `maxResponseBytes`. @default SOURCE_LIMIT */
  readonly tooLargeCode?: ErrorCode;
}

/** One request. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Appended to the path of the base URL; or a whole URL, as servers give them for the next page. */
  readonly path: string;
  /** Values are percent-encoded; a list repeats its name. Added to what `path` has. */
  readonly query?: Readonly<Record<string, string | readonly string[]>>;
  /** Sent as they are, beside those of the client. No credentials. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. Text is sent as the JSON that it already is. */
  readonly body?: unknown;
  /** What the body is, where that is not plain JSON. */
  readonly contentType?: string;
  readonly signal?: AbortSignal;
}

/** The body of an answer: JSON where it parses as such whatever its content type says, else the text. */
export type HttpBody =
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'text'; readonly text: string };

/** An answer of any status; redirects are not followed and are answers like others. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly body: HttpBody;
}

/** Calls one server. */
export interface HttpClient {
  /**
   * Sends one request; keeps the connection for the next one. Rejects with the reason of `signal` when that fired, with
   * `unavailableCode` when there is no whole answer, with `tooLargeCode`, and with SOURCE_INVALID when `path` leads to an
   * origin that is not allowed (nothing is sent then).
   */
  request(request: HttpRequest): Promise<HttpResponse>;
}

/** Makes a client that calls only the origin of its base URL. Throws CONFIG_INVALID when an URL is not one. */
export function createHttpClient(options: HttpClientOptions): HttpClient {
  const base = parseBaseUrl(options.baseUrl);
  const origins = new Set([
    base.origin,
    ...(options.allowedOrigins ?? []).map((url) => parseBaseUrl(url).origin),
  ]);
  return {
    request: async (request) => {
      const url = urlOf(base, request);
      if (!origins.has(url.origin)) {
        throw new StreamError(
          'SOURCE_INVALID',
          `${base.origin} refers to ${url.origin}, which may not be called.`,
          {
            advice: 'If that server belongs to it, add it to the allowed origins.',
          },
        );
      }
      return send(options, request, url);
    },
  };
}

function parseBaseUrl(text: string): URL {
  const invalid = (why: string): StreamError =>
    new StreamError('CONFIG_INVALID', `${why}.`, { advice: 'Write it like https://host:port/path.' });
  if (!URL.canParse(text)) throw invalid('A server address is not an URL');
  const url = new URL(text);
  // The text may hold a password, so only the parts after it are repeated.
  if (url.username !== '' || url.password !== '')
    throw invalid(`The URL of ${url.host} must not hold a user or password; they have options of their own`);
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw invalid(`The URL of ${url.host} begins with ${url.protocol}, not http: or https:`);
  if (url.search !== '' || url.hash !== '')
    throw invalid(`The URL ${url.origin}${url.pathname} must end with its path`);
  return url;
}

function urlOf(base: URL, { path, query = {} }: HttpRequest): URL {
  const whole = /^[a-z][a-z0-9+.-]*:\/\//i.test(path);
  const text = whole ? path : `${base.origin}${base.pathname.replace(/\/$/, '')}/${path.replace(/^\//, '')}`;
  if (!URL.canParse(text)) {
    throw new StreamError(
      'SOURCE_INVALID',
      `${base.origin} refers to ${JSON.stringify(redactText(path))}, which is not an URL.`,
    );
  }
  const url = new URL(text);
  for (const [name, value] of Object.entries(query)) {
    for (const one of typeof value === 'string' ? [value] : value) url.searchParams.append(name, one);
  }
  return url;
}

async function send(options: HttpClientOptions, request: HttpRequest, url: URL): Promise<HttpResponse> {
  const { signal } = request;
  signal?.throwIfAborted();
  const what = `${request.method} ${url.origin}${url.pathname}`;
  // AbortSignal.any keeps every signal that it made alive as long as the caller's lives, on Node 20.
  const controller = new AbortController();
  const forward = (): void => controller.abort(signal?.reason);
  signal?.addEventListener('abort', forward, { once: true });
  const timeout = unavailable(options, `${what} gave no whole answer within ${options.timeoutMs} ms.`);
  const timer = setTimeout(() => controller.abort(timeout), options.timeoutMs);
  try {
    const secret = (await options.authorize?.()) ?? {};
    const headers = headersOf({ ...options.headers, ...secret }, request);
    controller.signal.throwIfAborted();
    const response = await fetch(url, {
      method: request.method,
      headers,
      redirect: 'manual',
      signal: controller.signal,
      ...(request.body === undefined ? {} : { body: jsonText(request.body) }),
    });
    const text = withoutCredentials(await readText(response, options, what), Object.values(secret));
    return { status: response.status, headers: response.headers, body: parseBody(text) };
  } catch (thrown) {
    if (signal?.aborted === true) throw signal.reason;
    if (thrown instanceof StreamError) throw thrown;
    throw unavailable(options, `${what} failed: ${reasonOf(thrown)}.`, thrown);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', forward);
  }
}

function unavailable(options: HttpClientOptions, message: string, cause?: unknown): StreamError {
  return new StreamError(options.unavailableCode ?? 'SOURCE_UNAVAILABLE', message, { cause });
}

function headersOf(given: Readonly<Record<string, string>>, request: HttpRequest): Headers {
  const headers = new Headers({ accept: 'application/json' });
  for (const [name, value] of Object.entries(request.headers ?? {})) headers.set(name, value);
  if (request.body !== undefined)
    headers.set('content-type', request.contentType ?? 'application/json; charset=utf-8');
  for (const [name, value] of Object.entries(given)) {
    // Headers would repeat a wrong value in its error, and this one may be a secret.
    if (!/^[\x20-\x7e]*$/.test(value)) {
      throw new StreamError(
        'CONFIG_INVALID',
        `The value of the header ${name} holds a character that headers may not hold.`,
        { advice: 'Look for a line end or a letter with an accent in the credentials.' },
      );
    }
    headers.set(name, value);
  }
  return headers;
}

function jsonText(body: unknown): string {
  return typeof body === 'string' ? body : JSON.stringify(body);
}

async function readText(response: Response, options: HttpClientOptions, what: string): Promise<string> {
  if (response.body === null) return '';
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const chunk of response.body) {
    bytes += chunk.byteLength;
    if (bytes > options.maxResponseBytes) {
      // Leaving the loop cancels the body, which closes the connection.
      throw new StreamError(
        options.tooLargeCode ?? 'SOURCE_LIMIT',
        `${what} answered with more than ${options.maxResponseBytes} bytes.`,
      );
    }
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** The text of an answer without the credentials of the request, which some servers and gateways repeat in their errors. */
function withoutCredentials(text: string, sent: readonly string[]): string {
  let kept = text;
  for (const value of sent) {
    const credentials = value.slice(value.indexOf(' ') + 1);
    if (credentials.length >= 8) kept = kept.replaceAll(credentials, redacted);
  }
  return kept;
}

function parseBody(text: string): HttpBody {
  try {
    return { kind: 'json', value: JSON.parse(text) };
  } catch {
    return { kind: 'text', text }; // what is no JSON is given as it is: the caller knows what it expected
  }
}

/** The innermost cause: fetch itself only says "fetch failed". */
function reasonOf(thrown: unknown): string {
  let inner = thrown;
  for (let depth = 0; depth < 5 && inner instanceof Error && inner.cause instanceof Error; depth += 1)
    inner = inner.cause;
  if (inner instanceof AggregateError && inner.errors.length > 0)
    return inner.errors.map(messageOf).join('; ');
  const code =
    inner instanceof Error && 'code' in inner && typeof inner.code === 'string' ? ` (${inner.code})` : '';
  return `${messageOf(inner)}${code}`;
}
