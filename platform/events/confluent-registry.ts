import { z } from 'zod';
import { StreamError } from '../../pipeline/errors.ts';
import type { PublishedSchema } from '../../schemas/codec.ts';
import {
  createRegistryCall,
  reasonOf,
  refusal,
  type RegistryAccess,
  type RegistryCall,
} from './registry-client.ts';
import type { SchemaRegistry, SchemaVerdict } from './schema-registry.ts';

const idShape = z.object({ id: z.number().int() });
const schemaShape = z.object({ schema: z.string() });
const verdictShape = z.object({ is_compatible: z.boolean(), messages: z.array(z.string()).optional() });

/** A registry that speaks Confluent's REST interface. A subject is the full name of the record, after `prefix`, whatever topic it is on. */
export function createConfluentRegistry(
  options: RegistryAccess & { readonly prefix: string },
): SchemaRegistry {
  return new ConfluentRegistry(createRegistryCall(options), options.prefix);
}

class ConfluentRegistry implements SchemaRegistry {
  readonly #call: RegistryCall;
  readonly #prefix: string;

  constructor(call: RegistryCall, prefix: string) {
    this.#call = call;
    this.#prefix = prefix;
  }

  subjectOf({ name }: PublishedSchema): string {
    return this.#prefix + name;
  }

  async check(schema: PublishedSchema): Promise<SchemaVerdict> {
    const subject = encodeURIComponent(this.subjectOf(schema));
    const body = bodyOf(schema);
    const found = await this.#call({ method: 'POST', path: `subjects/${subject}`, body });
    if (found.status === 200) return { state: 'registered', id: idOf(found), reasons: [] };
    if (found.status !== 404) throw refusal(this.subjectOf(schema), found);
    const verdict = await this.#call({
      method: 'POST',
      path: `compatibility/subjects/${subject}/versions/latest`,
      query: { verbose: 'true' },
      body,
    });
    if (verdict.status === 404) return { state: 'compatible', reasons: [] }; // the first of its subject
    const parsed = verdictShape.safeParse(valueOf(verdict));
    if (verdict.status !== 200 || !parsed.success) throw refusal(this.subjectOf(schema), verdict);
    const { is_compatible: isCompatible, messages = [] } = parsed.data;
    return { state: isCompatible ? 'compatible' : 'incompatible', reasons: messages };
  }

  async register(schema: PublishedSchema): Promise<string> {
    const subject = this.subjectOf(schema);
    const path = `subjects/${encodeURIComponent(subject)}/versions`;
    const response = await this.#call({ method: 'POST', path, body: bodyOf(schema) });
    if (response.status === 409)
      throw new StreamError('SCHEMA_INCOMPATIBLE', `${subject} is refused${reasonOf(response)}.`);
    if (response.status !== 200) throw refusal(subject, response);
    return idOf(response);
  }

  async schemaOf(id: string): Promise<unknown> {
    const response = await this.#call({ method: 'GET', path: `schemas/ids/${id}` });
    if (response.status === 404) return undefined;
    const parsed = schemaShape.safeParse(valueOf(response));
    if (response.status !== 200 || !parsed.success) throw refusal(`The schema ${id}`, response);
    return JSON.parse(parsed.data.schema) as unknown;
  }
}

function bodyOf({ text }: PublishedSchema): unknown {
  return { schema: text, schemaType: 'AVRO' };
}

function valueOf({ body }: Awaited<ReturnType<RegistryCall>>): unknown {
  return body.kind === 'json' ? body.value : undefined;
}

function idOf(response: Awaited<ReturnType<RegistryCall>>): string {
  const parsed = idShape.safeParse(valueOf(response));
  if (!parsed.success) throw refusal('A schema', response);
  return String(parsed.data.id);
}
