/** Faults on demand, for tests of clients: a limit of requests, and answers that fail by chance in the ways in which servers and networks fail. */
import { setTimeout as delay } from 'node:timers/promises';
import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import { z } from 'zod';
import { jsonObject, type JsonObject, type JsonValue, toJson } from '../json.ts';

const chance = z.number().min(0).max(1).default(0);

/** What goes wrong. Chances are between 0 and 1, for each request, and only the first one that strikes counts. */
const faultsSchema = z.strictObject({
  /** Requests a second; more are refused with 429. No limit where it is left out. */
  requestsPerSecond: z.number().positive().optional(),
  /** Requests that may come at once after a rest; as many as a second has where it is left out. */
  burst: z.number().min(1).optional(),
  /** How a refusal says when to come again: in `seconds`, as a `date`, not at all (`none`), or with any other text as it is. */
  retryAfter: z.string().default('seconds'),
  /** Only requests that are not a GET. */
  onlyWrites: z.boolean().default(false),
  /** 429, and nothing is done. */
  throttled: chance,
  /** 503, and nothing is done. */
  unavailable: chance,
  /** What was asked for is done, and no answer comes. */
  hung: chance,
  /** It is done, and the connection is reset. */
  reset: chance,
  /** It is done, and the answer breaks off in the middle. */
  truncated: chance,
  /** It is done, and the answer is 200 with a page of HTML, as a gateway gives one. */
  html: chance,
  /** The answer is late. */
  slow: chance,
  /** By how much, in milliseconds. */
  slowMs: z.number().int().min(0).max(600_000).default(1_000),
  /** What was written less than so many milliseconds ago is not found by a search. */
  searchLagMs: z.number().int().min(0).max(600_000).default(0),
});

/** Faults as they are asked for. */
export type CatalogFaults = z.input<typeof faultsSchema>;

const kinds = ['throttled', 'unavailable', 'hung', 'reset', 'truncated', 'html', 'slow'] as const;
type FaultKind = (typeof kinds)[number];

/** Reads faults from JSON. @param refuse makes what is thrown, of a text that names what is wrong */
export function readFaults(given: unknown, refuse: (problem: string) => Error): CatalogFaults {
  const read = faultsSchema.safeParse(given);
  if (read.success) return read.data;
  throw refuse(z.prettifyError(read.error).replaceAll('\n', ' '));
}

/** The faults of one catalogue. */
export class Faults {
  readonly #now: () => number;
  readonly #random: () => number;
  #asked = faultsSchema.parse({});
  #tokens = 0;
  #filledAt = 0;
  #counts: Record<FaultKind | 'passed', number> = noCounts();

  /** @param random numbers below 1 */
  constructor(given: CatalogFaults, now: () => number, random: () => number) {
    this.#now = now;
    this.#random = random;
    this.set(given);
  }

  /** Changes what goes wrong from now on, and counts from zero; a rest is over. */
  set(given: CatalogFaults): void {
    this.#asked = faultsSchema.parse(given);
    this.#tokens = this.#burst;
    this.#filledAt = this.#now();
    this.#counts = noCounts();
  }

  /** As {@link Faults.set}, of JSON: see {@link readFaults}. */
  change(given: unknown, refuse: (problem: string) => Error): void {
    this.set(readFaults(given, refuse));
  }

  get searchLagMs(): number {
    return this.#asked.searchLagMs;
  }

  /** What is asked for, and how often each of it has struck. */
  show(): JsonObject {
    const asked = jsonObject();
    for (const [name, value] of Object.entries(this.#asked)) if (value !== undefined) asked[name] = value;
    return jsonObject({ faults: asked, counts: jsonObject(this.#counts) });
  }

  get #burst(): number {
    return this.#asked.burst ?? Math.max(1, this.#asked.requestsPerSecond ?? 1);
  }

  /** Milliseconds until the next request is allowed; 0 takes one. */
  #wait(): number {
    const { requestsPerSecond: rate } = this.#asked;
    if (rate === undefined) return 0;
    const now = this.#now();
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#filledAt) * rate) / 1000);
    this.#filledAt = now;
    if (this.#tokens < 1) return ((1 - this.#tokens) * 1000) / rate;
    this.#tokens -= 1;
    return 0;
  }

  #strikes(): FaultKind | undefined {
    let drawn = this.#random();
    for (const kind of kinds) {
      if (drawn < this.#asked[kind]) return kind;
      drawn -= this.#asked[kind];
    }
    return undefined;
  }

  #retryAfter(waitMs: number): Record<string, string> {
    const { retryAfter } = this.#asked;
    if (retryAfter === 'none') return {};
    const seconds = Math.max(1, Math.ceil(waitMs / 1000));
    if (retryAfter === 'seconds') return { 'retry-after': String(seconds) };
    if (retryAfter !== 'date') return { 'retry-after': retryAfter };
    return { 'retry-after': new Date(this.#now() + seconds * 1000).toUTCString() };
  }

  #refuse(kind: 'throttled' | 'unavailable', waitMs: number): Response {
    this.#counts[kind] += 1;
    const [status, code, message] =
      kind === 'throttled'
        ? ([429, 'TooManyRequests', 'The rate limit is exceeded. Try again later.'] as const)
        : ([503, 'ServiceUnavailable', 'The service is unavailable for a moment.'] as const);
    const error: JsonValue = jsonObject({ code, message });
    const headers = { 'content-type': 'application/json', ...this.#retryAfter(waitMs) };
    return new Response(toJson(jsonObject({ error })), { status, headers });
  }

  /** Stands before what answers a request, and lets it go wrong. */
  readonly around = async (context: Context, next: () => Promise<void>): Promise<Response | undefined> => {
    if (this.#asked.onlyWrites && context.req.method === 'GET') {
      await next();
      return undefined;
    }
    const waitMs = this.#wait();
    if (waitMs > 0) return this.#refuse('throttled', waitMs);
    const kind = this.#strikes();
    if (kind === 'throttled' || kind === 'unavailable') return this.#refuse(kind, 1_000);
    this.#counts[kind ?? 'passed'] += 1;
    if (kind === 'slow') await delay(this.#asked.slowMs);
    await next();
    if (kind === 'html') {
      const headers = { 'content-type': 'text/html' };
      context.res = new Response('<!doctype html><title>Sign in</title><p>Sign in.', { headers });
    }
    const bindings: Partial<HttpBindings> | undefined = context.env;
    const outgoing = bindings?.outgoing;
    // Without a socket there is nothing that can break.
    if (outgoing === undefined) return undefined;
    if (kind === 'reset') outgoing.destroy();
    else if (kind === 'truncated') {
      const whole = Buffer.from(await context.res.arrayBuffer());
      outgoing.writeHead(context.res.status, {
        'content-type': 'application/json',
        'content-length': String(whole.length + 1),
      });
      outgoing.write(whole.subarray(0, Math.ceil(whole.length / 2)), () => outgoing.destroy());
    } else if (kind !== 'hung') return undefined;
    // Nothing more is to be sent: the promise goes with the connection.
    return new Promise(() => undefined);
  };
}

function noCounts(): Record<FaultKind | 'passed', number> {
  return { passed: 0, throttled: 0, unavailable: 0, hung: 0, reset: 0, truncated: 0, html: 0, slow: 0 };
}
