import { readFileSync } from 'node:fs';
import avro from 'avsc';
import { z } from 'zod';
import type { StoredRecord, Transport } from '../../pipeline/transport.ts';
import { createEventTransport, type EventTransportOptions } from '../../platform/events/event-transport.ts';
import { publishedSchemas, type PublishedSchema } from '../../schemas/codec.ts';
import { createMemoryTransport } from '../../transports/memory.ts';
import { collect, GroupMember, much, never } from '../contracts/transport.ts';

/** The removal that tests put on topics. */
export const removal = {
  producer: 'p',
  objectId: 'o',
  position: { incarnation: 'i', sequence: 1 },
  removedType: 'job',
};

/** A published schema. */
export function schemaOf(type: string, version?: number): PublishedSchema {
  const found = publishedSchemas().find(
    (one) => one.type === type && (version === undefined ? one.isNewest : one.version === version),
  );
  if (found === undefined) throw new Error(`There is no schema ${type}.`);
  return found;
}

const record = z.looseObject({ fields: z.array(z.unknown()) });

/** The schema of removals as a later program may publish it: with one more field, which has a default where it is compatible. */
export function laterRemoval(isCompatible: boolean): PublishedSchema {
  const own = schemaOf('removal');
  const parsed = record.parse(JSON.parse(own.text));
  const note = { name: 'note', type: 'string', ...(isCompatible ? { default: '' } : {}) };
  return { ...own, version: 99, text: JSON.stringify({ ...parsed, fields: [...parsed.fields, note] }) };
}

/** The bare Avro of a removal of {@link laterRemoval}. */
export function laterBody(): Buffer {
  const type = avro.Type.forSchema(JSON.parse(laterRemoval(true).text) as avro.Schema);
  return type.toBuffer({ ...removal, note: 'new' });
}

/** The bare Avro of an event that was written with the first version of a schema. */
export function firstBody(type: string): Buffer {
  const file = new URL(`../fixtures/schemas/${type}.v1.base64`, import.meta.url);
  return Buffer.from(readFileSync(file, 'utf8'), 'base64').subarray(10);
}

/** Reads the one record of a topic through a framing whose registry is away until it was waited for three times: what is found, and why it waited. */
export async function readWhileAway(
  inner: Transport,
  framing: EventTransportOptions['framing'],
  bringBack: () => void,
): Promise<{ readonly found: StoredRecord | undefined; readonly waits: readonly string[] }> {
  const waits: string[] = [];
  const reader = createEventTransport(inner, {
    framing,
    retryDelayMs: 1,
    onWaiting: (_, { code }) => {
      waits.push(code);
      if (waits.length === 3) bringBack();
    },
  });
  const member = new GroupMember(reader, 't', 'g');
  const [found] = await (await member.nth(0)).pull(much, never);
  await reader.close();
  await member.ended;
  return { found, waits };
}

/** A topic in memory, seen as it is stored and event by event. */
export async function framedTopic(options: EventTransportOptions) {
  const inner = createMemoryTransport();
  await inner.ensureTopics([{ name: 't', partitions: 1 }]);
  const events: Transport = createEventTransport(inner, options);
  return {
    inner,
    events,
    stored: (): Promise<readonly StoredRecord[]> => collect(inner.read('t', 0, 0)),
    read: (): Promise<readonly StoredRecord[]> => collect(events.read('t', 0, 0)),
  };
}
