import { readdirSync, readFileSync } from 'node:fs';
import avro from 'avsc';
import { z } from 'zod';
import { StreamError, messageOf } from '../pipeline/errors.ts';
import { boundsOf, type CheckBounds } from './bounds.ts';
import { exactLong } from './exact-long.ts';
import { schemaFingerprint } from './fingerprint.ts';
import { foreignReader, type ForeignReader } from './foreign-schema.ts';
import type { EventType, EventTypes } from './types.ts';

/** Marks a single-object encoding (Avro specification 1.11, "Single-object encoding"). */
const marker = Buffer.from([0xc3, 0x01]);
const headerBytes = 10;
/** Events are encoded one behind the other into blocks of this size: those of a batch live and die together. */
const blockBytes = 64 * 1024;
let block = Buffer.alloc(blockBytes);
/** Where the next event begins in the block. */
let blockAt = 0;

interface Version {
  readonly text: string;
  readonly type: EventType;
  readonly version: number;
  readonly schema: avro.Type;
  readonly fingerprint: Buffer;
  readonly checkBounds: CheckBounds;
  /** Names of the fields that hold bytes. */
  readonly bytesFields: readonly string[];
  resolver?: avro.Resolver;
}

/** One published version of an event's schema. */
export interface PublishedSchema {
  readonly type: EventType;
  readonly version: number;
  /** Eight bytes, little-endian, as they stand in the encoding. */
  readonly fingerprint: Buffer;
  /** Full name of the record. */
  readonly name: string;
  /** The schema as it is published: JSON, with its docs. */
  readonly text: string;
  /** Whether events of the type are written with it. */
  readonly isNewest: boolean;
}

/** An event with the name of its schema. */
export interface DecodedEvent<T extends EventType = EventType> {
  readonly type: T;
  readonly value: EventTypes[T];
}

/** Encodes and decodes events with the schemas of one folder. */
export interface EventCodec {
  readonly publishedSchemas: readonly PublishedSchema[];
  readonly encode: <T extends EventType>(type: T, value: EventTypes[T]) => Buffer;
  readonly newest: (type: EventType) => number;
  readonly schema: (type: EventType) => avro.Type;
  readonly decode: (bytes: Uint8Array) => DecodedEvent;
  readonly foreignReader: (schema: unknown) => ForeignReader;
}

interface Versions {
  readonly newest: ReadonlyMap<string, Version>;
  readonly byFingerprint: ReadonlyMap<string, Version>;
}

/** Makes a codec from a folder of files `TYPE.vN.avsc`: it writes the newest version of a type, and reads every one. */
export function createCodec(folder: URL): EventCodec {
  const versions = readVersions(folder);
  return {
    publishedSchemas: [...versions.byFingerprint.values()].map((one) => publishedSchema(versions, one)),
    foreignReader: (schema) =>
      foreignReader(schema, {
        byFingerprint: (fingerprint) => versions.byFingerprint.get(fingerprint.toString('latin1')),
        byName: (name) => [...versions.newest.values()].find((version) => version.schema.name === name),
      }),
    newest: (type) => newestOf(versions, type).version,
    schema: (type) => newestOf(versions, type).schema,
    encode: (type, value) => encodeWith(newestOf(versions, type), value),
    decode: (bytes) => decodeWith(versions, bytes),
  };
}

function publishedSchema({ newest }: Versions, one: Version): PublishedSchema {
  const { type, version, fingerprint, schema, text } = one;
  return {
    type,
    version,
    fingerprint,
    name: schema.name ?? '',
    text,
    isNewest: newest.get(type) === one,
  };
}

function readVersions(folder: URL): Versions {
  const newest = new Map<string, Version>();
  const byFingerprint = new Map<string, Version>();
  for (const file of readdirSync(folder).sort()) {
    const match = /^([a-z-]+)\.v(\d+)\.avsc$/.exec(file);
    if (match?.[1] === undefined || match[2] === undefined) continue;
    const text = readFileSync(new URL(file, folder), 'utf8');
    const json = JSON.parse(text);
    const fingerprint = Buffer.alloc(8);
    fingerprint.writeBigUInt64LE(schemaFingerprint(json));
    const schema = avro.Type.forSchema(json, { registry: { long: exactLong } });
    const version: Version = {
      text,
      type: match[1] as EventType,
      version: Number(match[2]),
      schema,
      fingerprint,
      checkBounds: boundsOf(schema),
      bytesFields: bytesFieldsOf(json),
    };
    byFingerprint.set(fingerprint.toString('latin1'), version);
    const known = newest.get(version.type);
    if (known === undefined || known.version < version.version) newest.set(version.type, version);
  }
  return { newest, byFingerprint };
}

const fieldsShape = z.object({ fields: z.array(z.object({ name: z.string(), type: z.unknown() })) });

function bytesFieldsOf(schema: unknown): readonly string[] {
  const { fields } = fieldsShape.parse(schema);
  return fields.flatMap(({ name, type }) => ([type].flat().includes('bytes') ? [name] : []));
}

function newestOf({ newest }: Versions, type: EventType): Version {
  const version = newest.get(type);
  if (version === undefined)
    throw new StreamError('EVENT_INVALID', `There is no schema for events of type ${type}.`);
  return version;
}

function encodeWith(version: Version, value: object): Buffer {
  const writable = withBuffers(version.bytesFields, value);
  try {
    return encoded(version, writable);
  } catch (thrown) {
    const where: string[] = [];
    version.schema.isValid(writable, {
      errorHook: (path, wrong, type) => where.push(faultOf(path.join('.'), wrong, type)),
    });
    throw new StreamError(
      'EVENT_INVALID',
      `A ${version.type} event does not fit its schema at ${where.slice(0, 5).join('; ') || messageOf(thrown)}.`,
      { cause: thrown },
    );
  }
}

function encoded({ schema, fingerprint }: Version, value: object): Buffer {
  let target = block;
  let start = blockAt;
  let end = schema.encode(value, target, start + headerBytes);
  if (end < 0) {
    const bytes = target.length - end - start; // a negative end is the number of bytes that are missing
    target = Buffer.alloc(Math.max(bytes, blockBytes));
    start = 0;
    end = schema.encode(value, target, headerBytes);
    if (target.length === blockBytes) block = target; // what is larger has memory of its own
  }
  if (target === block) blockAt = end;
  marker.copy(target, start);
  fingerprint.copy(target, start + marker.length);
  return target.subarray(start, end);
}

/** avsc takes bytes only as a Buffer. */
function withBuffers(fields: readonly string[], event: object): object {
  if (fields.length === 0) return event;
  const members: Readonly<Record<string, unknown>> = { ...event };
  const buffers = fields.flatMap((field) => {
    const bytes = members[field];
    if (!(bytes instanceof Uint8Array) || Buffer.isBuffer(bytes)) return [];
    return [[field, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)] as const];
  });
  return buffers.length === 0 ? event : { ...event, ...Object.fromEntries(buffers) };
}

/** What is wrong with one field, and what it may be where the schema lists that. */
function faultOf(field: string, wrong: unknown, type: avro.Type): string {
  if (wrong === undefined) return `${field}, which is missing`;
  const allowed = symbolsOf(type);
  return `${field} = ${shown(wrong)}${allowed.length > 0 ? `; allowed: ${allowed.join(', ')}` : ''}`;
}

/** The values of an enum, also of one that may be null. */
function symbolsOf(type: avro.Type): readonly string[] {
  if (avro.Type.isType(type, 'enum')) return (type as avro.types.EnumType).symbols;
  if (!avro.Type.isType(type, 'union')) return [];
  return (type as avro.types.UnwrappedUnionType).types.flatMap(symbolsOf);
}

/** A wrong value in a few words: an event may be large, and a message must not be. */
function shown(wrong: unknown): string {
  if (typeof wrong === 'string')
    return JSON.stringify(wrong.length > 80 ? `${wrong.slice(0, 80)}…` : wrong.toWellFormed());
  if (Array.isArray(wrong)) return 'a list';
  return typeof wrong === 'object' && wrong !== null ? 'an object' : String(wrong);
}

function decodeWith(versions: Versions, bytes: Uint8Array): DecodedEvent {
  const buffer = Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.length < headerBytes || buffer[0] !== marker[0] || buffer[1] !== marker[1]) {
    throw new StreamError(
      'EVENT_UNDECODABLE',
      `The event of ${buffer.length} bytes does not begin with C3 01.`,
    );
  }
  const writer = versions.byFingerprint.get(buffer.toString('latin1', marker.length, headerBytes));
  if (writer === undefined) {
    const fingerprint = buffer.toString('hex', marker.length, headerBytes);
    throw new StreamError('EVENT_UNDECODABLE', `No schema here has the fingerprint ${fingerprint}.`);
  }
  try {
    return { type: writer.type, value: decodeBody(buffer, writer, newestOf(versions, writer.type)) };
  } catch (thrown) {
    throw new StreamError(
      'EVENT_UNDECODABLE',
      `The bytes do not match the schema ${writer.type} version ${writer.version}: ${messageOf(thrown)}`,
      { cause: thrown },
    );
  }
}

function decodeBody(buffer: Buffer, writer: Version, reader: Version): EventTypes[EventType] {
  writer.checkBounds(buffer, headerBytes);
  if (writer !== reader) writer.resolver ??= reader.schema.createResolver(writer.schema);
  const { value, offset } = reader.schema.decode(buffer, headerBytes, writer.resolver);
  if (offset < 0) throw new RangeError('the bytes end too soon');
  if (offset < buffer.length) throw new RangeError(`${buffer.length - offset} bytes follow the event`);
  return value;
}

const shipped = createCodec(new URL('./avro/', import.meta.url));

/** Every version of every schema that ships, so that a test can hold each against the newest reader. */
export function publishedSchemas(): readonly PublishedSchema[] {
  return shipped.publishedSchemas;
}

/** Name and version of the schema that {@link encodeEvent} writes with, as CloudEvents call it `dataschema`. */
export function schemaName(type: EventType): string {
  return `${type}.v${shipped.newest(type)}`;
}

/** The newest schema of a type of event. */
export function eventSchema(type: EventType): avro.Type {
  return shipped.schema(type);
}

/**
 * Encodes an event with the newest version of its schema: C3 01, the little-endian CRC-64-AVRO fingerprint, the
 * Avro body. Throws EVENT_INVALID, naming the field, when the value does not fit its schema.
 */
export function encodeEvent<T extends EventType>(type: T, value: EventTypes[T]): Buffer {
  return shipped.encode(type, value);
}

/**
 * Decodes an event of any published version into the newest one. Throws EVENT_UNDECODABLE when the bytes have no
 * marker, an unknown fingerprint, are too short, too long or do not match their schema.
 */
export function decodeEvent(bytes: Uint8Array): DecodedEvent {
  return shipped.decode(bytes);
}

/** Reads events of a schema that another program has published. Throws EVENT_UNDECODABLE for one that nothing here can read. */
export function readerOfForeign(schema: unknown): ForeignReader {
  return shipped.foreignReader(schema);
}

/** Throws with what keeps a published schema from reading events of another one. */
export function newestReads(schema: PublishedSchema, writer: unknown): void {
  const of = (json: unknown): avro.Type =>
    avro.Type.forSchema(json as avro.Schema, { registry: { long: exactLong } });
  of(JSON.parse(schema.text)).createResolver(of(writer));
}
