/** One call as the handlers see it, and the route that turns a handler's result or failure into Atlas's answer. */
import { randomBytes } from 'node:crypto';
import process from 'node:process';
import type { Context } from 'hono';
import { messageOf, StreamError } from '../../pipeline/errors.ts';
import { redactText } from '../../platform/redact.ts';
import { AtlasError, AtlasFault, AtlasUnreadable } from '../atlas-error.ts';
import type { Catalog } from '../catalog.ts';
import { jsonObject, type JsonValue, parseJson, toJson } from '../json.ts';
import { PurviewRefusal } from '../purview-search.ts';
import { UnitOfWork } from '../unit-of-work.ts';

/** One call. */
export class Exchange {
  readonly catalog: Catalog;
  readonly unit: UnitOfWork;
  readonly query: URLSearchParams;
  readonly #context: Context;
  readonly #text: string;

  /** @param call who calls, with what body, and how far searches are behind */
  constructor(
    catalog: Catalog,
    context: Context,
    call: {
      readonly user: string;
      readonly text: string;
      readonly searchLagMs: number;
      readonly isPurview: boolean;
    },
  ) {
    const { user, text, searchLagMs, isPurview } = call;
    const now = catalog.now();
    this.catalog = catalog;
    this.unit = new UnitOfWork(catalog.store, catalog.types.registry, { user, now, searchLagMs, isPurview });
    this.query = new URL(context.req.url).searchParams;
    this.#context = context;
    this.#text = text;
  }

  /** A part of the path. */
  param(name: string): string {
    return this.#context.req.param(name) ?? '';
  }

  /** Whether a query parameter is "true". */
  flag(name: string): boolean {
    return this.query.get(name) === 'true';
  }

  /** The body as JSON. An empty body reads as null. @throws AtlasFault without the JSON content type; AtlasUnreadable */
  body(): JsonValue {
    const type = this.#context.req.header('content-type') ?? '';
    if (!/^application\/json\b/i.test(type))
      throw new AtlasFault('a body that is not sent as application/json');
    if (this.#text.trim() === '') return null;
    try {
      return parseJson(this.#text);
    } catch (thrown) {
      if (thrown instanceof StreamError) throw new AtlasUnreadable(thrown.message, { cause: thrown });
      throw thrown;
    }
  }

  /** The unique attributes of the query: `attr:name=value`. */
  uniqueAttributes(): Map<string, string> {
    const found = new Map<string, string>();
    for (const [key, value] of this.query) if (key.startsWith('attr:')) found.set(key.slice(5), value);
    return found;
  }

  /** The indexed unique attributes of the query: `attr_0:name=value`, in groups by what stands after `attr_`. */
  indexedAttributes(): Map<string, string>[] {
    const groups = new Map<string, Map<string, string>>();
    for (const [key, value] of this.query) {
      const [, index, name] = /^attr_([^:]*):(.*)$/.exec(key) ?? [];
      if (index === undefined || name === undefined) continue;
      const group = groups.get(index) ?? new Map<string, string>();
      groups.set(index, group.set(name, value));
    }
    return [...groups.values()];
  }
}

/** Answers JSON in Atlas's content type. */
export function answerJson(value: JsonValue, status = 200): Response {
  return new Response(toJson(value), {
    status,
    headers: { 'content-type': 'application/json;charset=utf-8' },
  });
}

/** The plain sentence with which Atlas answers an unexpected exception; what is none of Atlas's, such as a full disk, is written to standard error. */
export function answerFault(thrown?: unknown): Response {
  const id = randomBytes(8).toString('hex');
  if (thrown !== undefined && !(thrown instanceof AtlasFault))
    process.stderr.write(
      `The local catalogue could not do what it was asked (ID ${id}): ${redactText(messageOf(thrown))}\n`,
    );
  const text = `There was an error processing your request. It has been logged (ID ${id}).`;
  return new Response(text, { status: 500, headers: { 'content-type': 'application/json' } });
}

/**
 * Turns a failure into Atlas's answer; what is not one of the known kinds is a fault too.
 * @param requestId what Purview puts before the code; Atlas has none
 */
export function answerFailure(thrown: unknown, requestId?: string): Response {
  if (thrown instanceof AtlasError) {
    const { code: errorCode, message: errorMessage, status } = thrown;
    return answerJson(jsonObject({ requestId, errorCode, errorMessage }), status);
  }
  if (thrown instanceof PurviewRefusal) {
    const { code, message } = thrown;
    return answerJson(jsonObject({ error: jsonObject({ code, message }) }), 400);
  }
  if (thrown instanceof AtlasUnreadable) return answerJson(jsonObject({ error: thrown.message }), 400);
  return answerFault(thrown);
}
