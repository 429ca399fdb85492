import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import {
  entitiesWithExtInfoSchema,
  entityWithExtInfoSchema,
  entityDefSchema,
  mutationResponseSchema,
  relationshipDefSchema,
  relationshipSchema,
  structDefSchema,
} from '../../pipeline/atlas/replies.ts';
import { atlasCodes } from '../../pipeline/atlas/codes.ts';
import type { AtlasEntitiesWithExtInfo, TypesDef } from '../../pipeline/atlas/wire.ts';
import type { HttpClient, HttpRequest, HttpResponse } from '../../platform/http.ts';
import type { EntityRef } from '../../schemas/types.ts';
import { inAddresses } from './addresses.ts';
import { AnnotationClient } from './annotation-client.ts';
import { absent, absentType, faultOf, hasCode, isTooMuch, unexpected } from './fault.ts';
import type { Gate } from './gate.ts';
import { type RetryContext, type RetryPolicy, withRetry } from './retry.ts';

/** The answer to a write of entities. */
export type MutationResponse = z.output<typeof mutationResponseSchema>;
/** An entity that was read. */
export type ReadEntity = z.output<typeof entityWithExtInfoSchema>['entity'];

/** What a {@link CatalogClient} is made with. */
export interface CatalogClientOptions {
  readonly http: HttpClient;
  /** Forgets the token that was refused in a request sent at that time, so that the next one gets a new one; absent where credentials do not change. */
  readonly renew?: (sentAt: number) => void;
  readonly retry: RetryPolicy;
  readonly host: Omit<RetryContext, 'signal'>;
  /** Every request passes it. */
  readonly gate: Gate;
  /** Whether its requests pass the gate before others. @default true */
  readonly isUrgent?: boolean;
  /** Parameters of every request, such as `api-version`. */
  readonly query: Readonly<Record<string, string>>;
  /** Whole address to purge at, where what is deleted is to be purged. */
  readonly purgePath?: string;
  /** Whole address of what Microsoft Purview has beside Atlas's interface; absent elsewhere. */
  readonly dataMapPath?: string;
}

/** How a write is sent. */
export interface UpsertOptions {
  /** Tries, where it is not the configured number. */
  readonly attempts?: number;
  /** Whether smaller requests could be sent instead: then one that is too much for the catalogue is not tried again. */
  readonly canShrink?: () => boolean;
  /** Trace that the request belongs to: the catalogue's own log can be found by it. */
  readonly traceparent?: string | undefined;
  /** The body as JSON, where it is written down already. */
  readonly json?: string;
}

/** One request, with what its answer must be. */
interface Call<S extends z.ZodType> {
  readonly request: HttpRequest;
  readonly schema: S;
  /** A rule that the schema cannot say; returns what is wrong. */
  readonly check?: (value: z.output<S>) => string | undefined;
  readonly options?: UpsertOptions;
}

/**
 * The requests that the sink makes, with bounded retry. Every method rejects with a {@link CatalogFault} or another
 * StreamError that says whether it may pass, and with the reason of `signal` when that fires.
 */
export class CatalogClient {
  /** Requests for what is said of an entity beside its attributes and references. */
  readonly annotations: AnnotationClient;
  readonly #options: CatalogClientOptions;

  constructor(options: CatalogClientOptions) {
    this.#options = options;
    this.annotations = new AnnotationClient(
      (request, signal) => this.#send({ ...request, signal }, signal),
      options.dataMapPath,
    );
  }

  /** The same client for requests that have time: others pass the gate before them. */
  patient(): CatalogClient {
    return new CatalogClient({ ...this.#options, isUrgent: false });
  }

  /** Creates or updates entities, all or none. Every placeholder guid of the body is in the answer's guidAssignments. */
  upsert(
    body: AtlasEntitiesWithExtInfo,
    signal: AbortSignal,
    options: UpsertOptions = {},
  ): Promise<MutationResponse> {
    const { json = body } = options;
    return this.#call(
      {
        options,
        request: { method: 'POST', path: '/entity/bulk', body: json, signal, headers: traceHeaders(options) },
        schema: mutationResponseSchema,
        check: (answer) => {
          const missing = body.entities.find(
            ({ guid }) => guid?.startsWith('-') === true && answer.guidAssignments?.[guid] === undefined,
          );
          return missing === undefined ? undefined : `its guidAssignments lack ${missing.guid}`;
        },
      },
      signal,
    );
  }

  /** Deletes an entity with what it owns; undefined when there was none. */
  deleteEntity(ref: EntityRef, signal: AbortSignal): Promise<MutationResponse | undefined> {
    const request = { method: 'DELETE', ...this.#byName(ref), signal } as const;
    return absent(this.#call({ request, schema: mutationResponseSchema }, signal));
  }

  /** Takes deleted entities out of the catalogue for good: Atlas's administration, beside its REST interface. What is not deleted, or gone, is left out. */
  async purge(guids: readonly string[], signal: AbortSignal): Promise<void> {
    const { purgePath } = this.#options;
    if (purgePath === undefined || guids.length === 0) return;
    const request = { method: 'PUT', path: purgePath, body: guids, signal } as const;
    await this.#call({ request, schema: mutationResponseSchema }, signal);
  }

  /** Reads an entity with its relationships; undefined when there is none. */
  async read(ref: EntityRef, signal: AbortSignal): Promise<ReadEntity | undefined> {
    const request = { method: 'GET', ...this.#byName(ref), signal } as const;
    const answer = await absent(this.#call({ request, schema: entityWithExtInfoSchema }, signal));
    return answer?.entity;
  }

  /** Which of some names of one type the catalogue has: one request for as many as its address can hold. */
  async existing(
    typeName: string,
    qualifiedNames: readonly string[],
    signal: AbortSignal,
  ): Promise<ReadonlySet<string>> {
    const short = { minExtInfo: 'true', ignoreRelationships: 'true' };
    return new Set((await this.#readNamed(typeName, qualifiedNames, short, signal)).keys());
  }

  /** Entities of one type by qualifiedName, with their relationships; those that are not there are left out. */
  readAll(
    typeName: string,
    qualifiedNames: readonly string[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, ReadEntity>> {
    return this.#readNamed(typeName, qualifiedNames, { minExtInfo: 'true' }, signal);
  }

  async #readNamed(
    typeName: string,
    qualifiedNames: readonly string[],
    options: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, ReadEntity>> {
    const found = new Map<string, ReadEntity>();
    const path = `/entity/bulk/uniqueAttribute/type/${encodeURIComponent(typeName)}`;
    for (const names of inAddresses(qualifiedNames)) {
      const query = Object.fromEntries(names.map((name, index) => [`attr_${index}:qualifiedName`, name]));
      const request = { method: 'GET', path, query: { ...query, ...options }, signal } as const;
      const answer = await absent(this.#call({ request, schema: entitiesWithExtInfoSchema }, signal));
      for (const entity of answer?.entities ?? []) {
        const name = entity.attributes['qualifiedName'];
        if (entity.status !== 'DELETED' && typeof name === 'string') found.set(name, entity);
      }
    }
    return found;
  }

  /** Makes a relationship; one that exists already is fine. Rejects with CATALOG_MISSING_REFERENT when an end is missing. */
  async relate(
    relationship: { readonly typeName: string; readonly end1: EntityRef; readonly end2: EntityRef },
    signal: AbortSignal,
  ): Promise<void> {
    const { typeName, end1, end2 } = relationship;
    const body = { typeName, end1: objectId(end1), end2: objectId(end2) };
    const request = { method: 'POST', path: '/relationship', body, signal } as const;
    try {
      await this.#call({ request, schema: relationshipSchema }, signal);
    } catch (thrown) {
      if (!hasCode(thrown, atlasCodes.RELATIONSHIP_ALREADY_EXISTS.code)) throw thrown;
    }
  }

  /** Deletes a relationship by its guid; one that is gone already is fine. */
  async unrelate(guid: string, signal: AbortSignal): Promise<void> {
    const request = {
      method: 'DELETE',
      path: `/relationship/guid/${encodeURIComponent(guid)}`,
      signal,
    } as const;
    try {
      await this.#send(request, signal);
    } catch (thrown) {
      const gone = [
        atlasCodes.RELATIONSHIP_GUID_NOT_FOUND.code,
        atlasCodes.RELATIONSHIP_ALREADY_DELETED.code,
      ];
      if (!gone.some((code) => hasCode(thrown, code))) throw thrown;
    }
  }

  /** Whether there is a type of that name, of any category. */
  async hasType(name: string, signal: AbortSignal): Promise<boolean> {
    const path = `/types/typedef/name/${encodeURIComponent(name)}`;
    const request = { method: 'GET', path, signal } as const;
    return (await absentType(this.#call({ request, schema: namedSchema }, signal))) !== undefined;
  }

  /** An entity type by name; undefined when there is none. */
  entityType(name: string, signal: AbortSignal): Promise<z.output<typeof entityDefSchema> | undefined> {
    return this.#typedef('entitydef', name, entityDefSchema, signal);
  }

  /** A struct type by name; undefined when there is none. */
  structType(name: string, signal: AbortSignal): Promise<z.output<typeof structDefSchema> | undefined> {
    return this.#typedef('structdef', name, structDefSchema, signal);
  }

  /** A relationship type by name; undefined when there is none. */
  relationshipType(
    name: string,
    signal: AbortSignal,
  ): Promise<z.output<typeof relationshipDefSchema> | undefined> {
    return this.#typedef('relationshipdef', name, relationshipDefSchema, signal);
  }

  #typedef<S extends z.ZodType>(kind: string, name: string, schema: S, signal: AbortSignal) {
    const path = `/types/${kind}/name/${encodeURIComponent(name)}`;
    return absentType(this.#call({ request: { method: 'GET', path, signal }, schema }, signal));
  }

  /** Creates types (POST) or replaces them (PUT), all or none. */
  async writeTypes(
    method: 'POST' | 'PUT',
    types: TypesDef | Readonly<Record<string, unknown>>,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#send({ method, path: '/types/typedefs', body: types, signal }, signal);
  }

  #byName(ref: EntityRef): Pick<HttpRequest, 'path' | 'query'> {
    return {
      path: `/entity/uniqueAttribute/type/${encodeURIComponent(ref.typeName)}`,
      query: { 'attr:qualifiedName': ref.qualifiedName },
    };
  }

  #call<S extends z.ZodType>(call: Call<S>, signal: AbortSignal): Promise<z.output<S>> {
    const { request, schema, check } = call;
    return this.#retrying(call.options ?? {}, signal, async () => {
      const response = await this.#once(request);
      const what = describe(request);
      if (response.body.kind === 'text') throw unexpected(response, what, 'not with JSON');
      const parsed = schema.safeParse(response.body.value);
      if (!parsed.success)
        throw unexpected(response, what, `not as documented (${parsed.error.issues[0]?.message})`);
      const wrong = check?.(parsed.data);
      if (wrong !== undefined) throw unexpected(response, what, wrong);
      return parsed.data;
    });
  }

  /** Sends a request whose answer's body does not matter. */
  async #send(request: HttpRequest, signal: AbortSignal): Promise<void> {
    await this.#retrying({}, signal, () => this.#once(request));
  }

  #retrying<T>(
    { attempts, canShrink }: UpsertOptions,
    signal: AbortSignal,
    task: () => Promise<T>,
  ): Promise<T> {
    const { retry, host, gate, isUrgent = true } = this.#options;
    const policy = { ...retry, attempts: attempts ?? retry.attempts };
    const context = {
      ...host,
      signal,
      isFinal: (thrown: unknown) => isTooMuch(thrown) && canShrink?.() === true,
    };
    return withRetry(policy, context, () => gate.run(task, { isUrgent, signal }));
  }

  /** One request; a refused token is renewed once. Resolves with a 2xx answer only. */
  async #once(request: HttpRequest): Promise<HttpResponse> {
    const { http, renew, host, query, retry } = this.#options;
    const whole = { ...request, query: { ...query, ...request.query } };
    const sentAt = host.clock.now();
    let response = await http.request(whole);
    if (response.status === 401 && renew !== undefined) {
      renew(sentAt);
      response = await http.request(whole);
    }
    if (response.status >= 200 && response.status < 300) return response;
    throw faultOf(response, describe(request), { nowMs: host.clock.now(), capMs: retry.longestRetryAfterMs });
  }
}

/** The request is a span of its own within the trace (W3C Trace Context: the parent id is that of the caller's span). */
function traceHeaders({ traceparent }: UpsertOptions): Readonly<Record<string, string>> {
  const [, trace, flags] = /^00-([0-9a-f]{32})-[0-9a-f]{16}-([0-9a-f]{2})$/u.exec(traceparent ?? '') ?? [];
  if (trace === undefined || flags === undefined) return {};
  return { traceparent: `00-${trace}-${randomBytes(8).toString('hex')}-${flags}` };
}

const namedSchema = z.looseObject({ name: z.string() });

function describe({ method, path }: HttpRequest): string {
  return `${method} ${path}`;
}

/** A reference by name, as it stands outside a batch. */
export function objectId(ref: EntityRef): {
  readonly typeName: string;
  readonly uniqueAttributes: { readonly qualifiedName: string };
} {
  return { typeName: ref.typeName, uniqueAttributes: { qualifiedName: ref.qualifiedName } };
}
