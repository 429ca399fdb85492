import { z } from 'zod';
import { messageOf, StreamError } from '../../pipeline/errors.ts';
import { newestReads, type PublishedSchema } from '../../schemas/codec.ts';
import {
  createRegistryCall,
  reasonOf,
  refusal,
  type RegistryAccess,
  type RegistryCall,
} from './registry-client.ts';
import type { SchemaRegistry, SchemaVerdict } from './schema-registry.ts';

/** The version of the data plane that this speaks (Azure REST API "Schema Registry", data plane). */
const query = { 'api-version': '2022-10' };
const contentType = 'application/json; serialization=Avro';
const versionsShape = z.object({ Value: z.array(z.number().int()) });

/** A schema group of an Event Hubs namespace. A schema is called by the full name of its record. */
export function createAzureRegistry(options: RegistryAccess & { readonly group: string }): SchemaRegistry {
  return new AzureRegistry(createRegistryCall(options), options.group);
}

class AzureRegistry implements SchemaRegistry {
  readonly #call: RegistryCall;
  readonly #group: string;

  constructor(call: RegistryCall, group: string) {
    this.#call = call;
    this.#group = group;
  }

  subjectOf({ name }: PublishedSchema): string {
    return name;
  }

  async check(schema: PublishedSchema): Promise<SchemaVerdict> {
    const path = this.#path(schema);
    const body = schema.text;
    const found = await this.#call({ method: 'POST', path: `${path}:get-id`, query, body, contentType });
    if (isDone(found.status)) return { state: 'registered', id: idOf(schema.name, found), reasons: [] };
    if (found.status !== 404) throw refusal(schema.name, found);
    const before = await this.#newest(path);
    if (before === undefined) return { state: 'compatible', reasons: [] };
    // The service has no call that only checks: what it has must be read by what comes, as in its mode "Backward".
    try {
      newestReads(schema, before);
      return { state: 'compatible', reasons: [] };
    } catch (thrown) {
      return { state: 'incompatible', reasons: [messageOf(thrown)] };
    }
  }

  async register(schema: PublishedSchema): Promise<string> {
    const path = this.#path(schema);
    const response = await this.#call({ method: 'PUT', path, query, body: schema.text, contentType });
    if (isDone(response.status)) return idOf(schema.name, response);
    const reason = reasonOf(response);
    if (response.status === 409 || /compatib/iu.test(reason))
      throw new StreamError('SCHEMA_INCOMPATIBLE', `${schema.name} is refused${reason}.`);
    throw refusal(schema.name, response);
  }

  async schemaOf(id: string): Promise<unknown> {
    const path = `$schemaGroups/$schemas/${encodeURIComponent(id)}`;
    const response = await this.#call({ method: 'GET', path, query });
    if (response.status === 404) return undefined;
    if (response.status !== 200 || response.body.kind !== 'json') throw refusal(`The schema ${id}`, response);
    return response.body.value;
  }

  async #newest(path: string): Promise<unknown> {
    const listed = await this.#call({ method: 'GET', path: `${path}/versions`, query });
    if (listed.status === 404) return undefined;
    const parsed = versionsShape.safeParse(listed.body.kind === 'json' ? listed.body.value : undefined);
    if (listed.status !== 200 || !parsed.success) throw refusal(path, listed);
    if (parsed.data.Value.length === 0) return undefined;
    const newest = Math.max(...parsed.data.Value);
    const response = await this.#call({ method: 'GET', path: `${path}/versions/${newest}`, query });
    if (response.status !== 200 || response.body.kind !== 'json') throw refusal(path, response);
    return response.body.value;
  }

  #path({ name }: PublishedSchema): string {
    return `$schemaGroups/${encodeURIComponent(this.#group)}/schemas/${encodeURIComponent(name)}`;
  }
}

function isDone(status: number): boolean {
  return status === 200 || status === 204;
}

function idOf(name: string, response: Awaited<ReturnType<RegistryCall>>): string {
  const id = response.headers.get('schema-id');
  if (id === null) throw refusal(name, response);
  return id;
}
