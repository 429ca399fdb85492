import { readdirSync, readFileSync } from 'node:fs';
import avro from 'avsc';
import { StreamError, messageOf } from '../pipeline/errors.ts';
import { schemaFingerprint } from './fingerprint.ts';
import type { EventType, EventTypes } from './types.ts';

const folder = new URL('./avro/', import.meta.url);
/** Marks a single-object encoding (Avro specification 1.11, "Single-object encoding"). */
const marker = Buffer.from([0xc3, 0x01]);
const headerBytes = 10;

interface Version {
  readonly type: EventType;
  readonly version: number;
  readonly schema: avro.Type;
  readonly fingerprint: Buffer;
  resolver?: avro.Resolver;
}

/** One published version of an event's schema. */
export interface PublishedSchema {
  readonly type: EventType;
  readonly version: number;
  /** Eight bytes, little-endian, as they stand in the encoding. */
  readonly fingerprint: Buffer;
}

/** An event with the name of its schema. */
export interface DecodedEvent<T extends EventType = EventType> {
  readonly type: T;
  readonly value: EventTypes[T];
}

const newest = new Map<string, Version>();
const byFingerprint = new Map<string, Version>();
for (const file of readdirSync(folder).sort()) {
  const match = /^([a-z-]+)\.v(\d+)\.avsc$/.exec(file);
  if (match?.[1] === undefined || match[2] === undefined) continue;
  const json = JSON.parse(readFileSync(new URL(file, folder), 'utf8'));
  const fingerprint = Buffer.alloc(8);
  fingerprint.writeBigUInt64LE(schemaFingerprint(json));
  const version: Version = {
    type: match[1] as EventType,
    version: Number(match[2]),
    schema: avro.Type.forSchema(json, { registry: {} }),
    fingerprint,
  };
  byFingerprint.set(fingerprint.toString('hex'), version);
  const known = newest.get(version.type);
  if (known === undefined || known.version < version.version) newest.set(version.type, version);
}

function newestOf(type: EventType): Version {
  const version = newest.get(type);
  if (version === undefined)
    throw new StreamError('EVENT_INVALID', `There is no schema for events of type ${type}.`);
  return version;
}

/** Every version of every schema that ships, so that a test can hold each against the newest reader. */
export function publishedSchemas(): readonly PublishedSchema[] {
  return [...byFingerprint.values()].map(({ type, version, fingerprint }) => ({
    type,
    version,
    fingerprint,
  }));
}

/**
 * Encodes an event with the newest version of its schema: C3 01, the little-endian CRC-64-AVRO fingerprint, the
 * Avro body. Throws EVENT_INVALID, naming the field, when the value does not fit its schema.
 */
export function encodeEvent<T extends EventType>(type: T, value: EventTypes[T]): Buffer {
  const version = newestOf(type);
  try {
    return Buffer.concat([marker, version.fingerprint, version.schema.toBuffer(value)]);
  } catch (thrown) {
    const where: string[] = [];
    version.schema.isValid(value, {
      errorHook: (path, wrong) => where.push(`${path.join('.')} = ${JSON.stringify(wrong)}`),
    });
    throw new StreamError(
      'EVENT_INVALID',
      `A ${type} event does not fit its schema at ${where.join(', ') || messageOf(thrown)}.`,
      { cause: thrown },
    );
  }
}

/**
 * Decodes an event of any published version into the newest one. Throws EVENT_UNDECODABLE when the bytes have no
 * marker, an unknown fingerprint, are too short, too long or do not match their schema.
 */
export function decodeEvent(bytes: Uint8Array): DecodedEvent {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes);
  if (buffer.length < headerBytes || !buffer.subarray(0, 2).equals(marker)) {
    throw new StreamError(
      'EVENT_UNDECODABLE',
      `The event of ${buffer.length} bytes does not begin with C3 01.`,
    );
  }
  const fingerprint = buffer.subarray(2, headerBytes).toString('hex');
  const writer = byFingerprint.get(fingerprint);
  if (writer === undefined)
    throw new StreamError('EVENT_UNDECODABLE', `No schema here has the fingerprint ${fingerprint}.`);
  const reader = newestOf(writer.type);
  try {
    if (writer !== reader) writer.resolver ??= reader.schema.createResolver(writer.schema);
    const value: unknown = reader.schema.fromBuffer(buffer.subarray(headerBytes), writer.resolver);
    return { type: writer.type, value: value as EventTypes[EventType] };
  } catch (thrown) {
    throw new StreamError(
      'EVENT_UNDECODABLE',
      `The bytes do not match the schema ${writer.type} version ${writer.version}: ${messageOf(thrown)}`,
      { cause: thrown },
    );
  }
}
