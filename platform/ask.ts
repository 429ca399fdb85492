import { StreamError } from '../pipeline/errors.ts';
import type { HttpClient, HttpResponse } from './http.ts';
import { redactText } from './redact.ts';
import { parseRetryAfter } from './retry-after.ts';

/** The Authorization header (or another one that carries the credentials), and where it comes from. */
export interface Credentials {
  /** The header's value, or undefined when the tool asks for none. Throws CONFIG_INVALID or SOURCE_NOT_FOUND. */
  current(): Promise<string | undefined>;
  /** Forgets a value that the tool refused, so that the next one is read from its origin; another value stays. */
  forget(refused: string | undefined): void;
  /** What a person can do about a refusal. */
  readonly advice: string;
}

/** What the tool said, once it said something that stands. */
export type Answer =
  | { readonly kind: 'json'; readonly json: unknown; readonly headers: Headers }
  /** 403: this thing is not for us. */
  | { readonly kind: 'denied' }
  /** 404 or 410: there is no such thing. */
  | { readonly kind: 'missing' };

/** Asks the tool, and asks again while it is busy, faulty or out of reach. */
export interface Ask {
  /** The address of a link: relative to the page that holds it, else to the tool. Throws SOURCE_INVALID when it leads to another origin. */
  resolve(link: string, page?: string): string;
  /**
   * The answer at an address. Throws SOURCE_REFUSED when fresh credentials are refused too (401), SOURCE_UNAVAILABLE when every
   * attempt failed (with retryAfterMs where the tool is busy rather than faulty), SOURCE_INVALID for a status that has no
   * meaning here; the reason of `signal` when that fired.
   */
  get(address: string, signal: AbortSignal): Promise<Answer>;
}

/** What an {@link Ask} works with. */
export interface AskOptions {
  readonly http: HttpClient;
  readonly credentials: Credentials;
  /** Address of the tool. */
  readonly url: string;
  /** Further origins that may be called, and get the credentials. @default none */
  readonly origins?: readonly string[];
  readonly attempts: number;
  readonly firstWaitMs: number;
  readonly longestWaitMs: number;
  /** Waits; rejects when the signal fires. */
  readonly wait: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /** From 0 to below 1. */
  readonly random: () => number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Nesting that an answer may have: far above any real one, far below what exhausts the stack. */
const deepest = 64;

/** Statuses that pass by themselves. */
const passing: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

interface Fault {
  readonly kind: 'fault';
  readonly error: StreamError;
  /** What the tool asks us to wait, in milliseconds. */
  readonly askedMs: number | undefined;
  /** True when the tool is at its limit, so that no request at all should be sent for a while. */
  readonly busy: boolean;
}

type Attempt = Answer | Fault | { readonly kind: 'unauthorized' };

/** A time in which nothing is asked. */
class Pause {
  #current: Promise<void> | undefined;

  /** Resolves when no pause is on. */
  async passed(): Promise<void> {
    while (this.#current !== undefined) await this.#current;
  }

  /** Makes a pause of what is waited for, and waits for it. */
  async take(waiting: Promise<void>): Promise<void> {
    this.#current = waiting;
    try {
      await waiting;
    } finally {
      if (this.#current === waiting) this.#current = undefined;
    }
  }
}

/** Makes an {@link Ask}. A tool that is busy is left alone by all requests, not only by the one that it told so. */
export function createAsk(options: AskOptions): Ask {
  const base = new URL(options.url.endsWith('/') ? options.url : `${options.url}/`);
  const origins = new Set([base.origin, ...(options.origins ?? []).map((url) => new URL(url).origin)]);
  const pause = new Pause();
  return {
    resolve: (link, page) => resolveLink(base, origins, link, page),
    get: async (address, signal) => {
      let renewed = false;
      for (let attempt = 1; ; ) {
        await pause.passed();
        const used = await options.credentials.current();
        const result = await tryOnce(options, address, signal);
        if (result.kind === 'unauthorized') {
          if (renewed) throw refused(options, address);
          renewed = true;
          options.credentials.forget(used);
        } else if (result.kind !== 'fault') return result;
        else {
          if (attempt >= options.attempts) throw result.error;
          const milliseconds = waitBefore(options, attempt, result.askedMs);
          if (result.busy) await pause.take(options.wait(milliseconds, signal));
          else await options.wait(milliseconds, signal);
          attempt += 1;
        }
      }
    },
  };
}

/**
 * How long to wait after a failed attempt, in milliseconds: what the tool asks for, else the first wait doubled for each
 * attempt; never more than the longest. Up to half of the own wait is random, so that many readers do not return at once.
 */
export function waitBefore(
  options: Pick<AskOptions, 'firstWaitMs' | 'longestWaitMs' | 'random'>,
  attempt: number,
  askedMs: number | undefined,
): number {
  const own = Math.min(options.firstWaitMs * 2 ** (attempt - 1), options.longestWaitMs);
  if (askedMs === undefined) return own * (1 - options.random() / 2);
  return Math.min(askedMs + (own * options.random()) / 2, options.longestWaitMs);
}

function resolveLink(base: URL, origins: ReadonlySet<string>, link: string, page = base.href): string {
  if (!URL.canParse(link, page)) {
    throw new StreamError(
      'SOURCE_INVALID',
      `The list links to ${JSON.stringify(redactText(link))}, which is no URL.`,
    );
  }
  const url = new URL(link, page);
  if (origins.has(url.origin) && url.username === '' && url.password === '') return url.href;
  throw new StreamError(
    'SOURCE_INVALID',
    `The list of ${base.origin} links to ${url.origin === 'null' ? url.protocol : url.origin}; nothing was asked there.`,
    {
      advice:
        'Only configured origins are ever called, so that credentials stay with them: correct the paging of the tool.',
    },
  );
}

async function tryOnce(options: AskOptions, address: string, signal: AbortSignal): Promise<Attempt> {
  try {
    const response = await options.http.request({ method: 'GET', path: address, signal });
    return attemptOf(response, { address, now: options.now(), busyMs: options.longestWaitMs });
  } catch (thrown) {
    if (thrown instanceof StreamError && thrown.retryable)
      return { kind: 'fault', error: thrown, askedMs: undefined, busy: false };
    throw thrown;
  }
}

function attemptOf(
  response: HttpResponse,
  { address, now, busyMs }: { readonly address: string; readonly now: number; readonly busyMs: number },
): Attempt {
  const { status, headers, body } = response;
  if (status === 401) return { kind: 'unauthorized' };
  if (status === 403) return { kind: 'denied' };
  if (status === 404 || status === 410) return { kind: 'missing' };
  if (passing.has(status)) {
    const askedMs = parseRetryAfter(headers.get('retry-after'), now);
    const busy = status === 429 || askedMs !== undefined;
    const error = new StreamError(
      'SOURCE_UNAVAILABLE',
      `${address} answers ${status}.`,
      busy ? { retryAfterMs: askedMs ?? busyMs } : {},
    );
    return { kind: 'fault', error, askedMs, busy };
  }
  if (status !== 200) {
    throw new StreamError('SOURCE_INVALID', `${address} answers ${status}, which means nothing here.`, {
      advice:
        status >= 300 && status < 400
          ? 'Redirects are not followed: put the address that it leads to into url.'
          : 'Correct url in the configuration, or the tool.',
    });
  }
  if (body.kind === 'text') {
    const error = new StreamError(
      'SOURCE_UNAVAILABLE',
      `${address} answers 200 with ${headers.get('content-type') ?? 'a body'} that is no whole JSON.`,
      { advice: 'A proxy or a login page in front of the tool does that.' },
    );
    return { kind: 'fault', error, askedMs: undefined, busy: false };
  }
  if (isTooDeep(body.value)) {
    throw new StreamError('SOURCE_LIMIT', `${address} answers with JSON nested deeper than ${deepest}.`);
  }
  return { kind: 'json', json: body.value, headers };
}

function refused({ credentials }: AskOptions, address: string): StreamError {
  return new StreamError('SOURCE_REFUSED', `The tool refuses the credentials at ${address} (401).`, {
    advice: credentials.advice,
  });
}

/** Level by level, not by recursion: the nesting is what is in doubt. */
function isTooDeep(json: unknown): boolean {
  let level: readonly unknown[] = [json];
  for (let depth = 0; depth <= deepest; depth += 1) {
    level = level.flatMap((value) =>
      typeof value === 'object' && value !== null ? Object.values(value) : [],
    );
    if (level.length === 0) return false;
  }
  return true;
}
