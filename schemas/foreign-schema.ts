import avro from 'avsc';
import { messageOf, StreamError } from '../pipeline/errors.ts';
import { boundsOf } from './bounds.ts';
import { exactLong } from './exact-long.ts';
import { type AvroSchema, schemaFingerprint } from './fingerprint.ts';

/** A schema of ours, as far as events of other schemas are read into it. */
export interface OwnSchema {
  readonly schema: avro.Type;
  readonly fingerprint: Buffer;
}

/** Makes a single-object encoding of ours of the bare Avro of an event. Throws EVENT_UNDECODABLE. */
export type ForeignReader = (body: Uint8Array) => Buffer;

/** The first bytes of a single-object encoding (Avro specification 1.11). */
const marker = Buffer.from([0xc3, 0x01]);

/**
 * Reads events of a schema that another program has published. One that we have published, too, is only put in its frame; of any other the events are
 * read into our newest schema of the same name, by Avro's rules of schema resolution. Throws EVENT_UNDECODABLE for a schema that is none, or that
 * nothing of ours can read.
 */
export function foreignReader(
  json: unknown,
  own: {
    readonly byFingerprint: (fingerprint: Buffer) => OwnSchema | undefined;
    readonly byName: (name: string) => OwnSchema | undefined;
  },
): ForeignReader {
  const { writer, fingerprint } = parse(json);
  const name = writer.name ?? '';
  const same = own.byFingerprint(fingerprint);
  const reader = same ?? own.byName(name);
  if (reader === undefined)
    throw new StreamError('EVENT_UNDECODABLE', `No event here has a schema of the name ${name}.`);
  const resolver = same === undefined ? resolverOf(reader.schema, writer) : undefined;
  const checkBounds = boundsOf(writer);
  return (body) => {
    const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    try {
      checkBounds(bytes, 0);
      const { value, offset } = reader.schema.decode(bytes, 0, resolver);
      if (offset !== bytes.length) throw new RangeError(`it ends at byte ${offset} of ${bytes.length}`);
      return Buffer.concat([
        marker,
        reader.fingerprint,
        resolver === undefined ? bytes : reader.schema.toBuffer(value),
      ]);
    } catch (thrown) {
      throw undecodable(`The bytes do not match the schema ${name}`, thrown);
    }
  };
}

function parse(json: unknown): { readonly writer: avro.Type; readonly fingerprint: Buffer } {
  try {
    const fingerprint = Buffer.alloc(8);
    fingerprint.writeBigUInt64LE(schemaFingerprint(json as AvroSchema));
    const writer = avro.Type.forSchema(json as avro.Schema, { registry: { long: exactLong } });
    return { writer, fingerprint };
  } catch (thrown) {
    throw undecodable('The schema is no Avro schema', thrown);
  }
}

function resolverOf(reader: avro.Type, writer: avro.Type): avro.Resolver {
  try {
    return reader.createResolver(writer);
  } catch (thrown) {
    throw undecodable(`The schema ${writer.name ?? ''} cannot be read here`, thrown);
  }
}

function undecodable(what: string, thrown: unknown): StreamError {
  return new StreamError('EVENT_UNDECODABLE', `${what}: ${messageOf(thrown)}`, { cause: thrown });
}
