import { z } from 'zod';
import { StreamError } from '../../pipeline/errors.ts';
import { type Field, maxDepth, structOf } from './fields.ts';

/** The fields of an Avro object container file, from its head alone. Throws SOURCE_INVALID when it is none, SOURCE_LIMIT when its head is not in `bytes`. */
export function readAvro(bytes: Uint8Array): readonly Field[] {
  const head = new HeadReader(bytes);
  const text = head.schema();
  if (text === undefined) throw new StreamError('SOURCE_INVALID', 'its head has no schema');
  return typeOf(JSON.parse(text), 1).fields;
}

/**
 * Reads the head of a container file (Avro specification, "Object Container Files"): a map of bytes. Not with the decoder of a library, which
 * believes in a map of 2^40 entries where there are 200 bytes.
 */
class HeadReader {
  readonly #bytes: Buffer;
  #at = 4;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (this.#bytes.subarray(0, 4).toString('latin1') !== 'Obj\u0001')
      throw new StreamError('SOURCE_INVALID', 'it does not begin as an Avro file does');
  }

  /** The entry `avro.schema`. */
  schema(): string | undefined {
    let found: string | undefined;
    for (let count = this.#long(); count !== 0; count = this.#long()) {
      // A negative count is followed by the bytes of the block.
      if (count < 0) this.#long();
      for (let left = Math.abs(count); left > 0; left -= 1) {
        const key = this.#part().toString('utf8');
        const value = this.#part();
        if (key === 'avro.schema') found = value.toString('utf8');
      }
    }
    return found;
  }

  #part(): Buffer {
    const length = this.#long();
    if (length < 0) throw new StreamError('SOURCE_INVALID', 'its head is damaged');
    this.#need(length);
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  /** A zigzag number of variable length. */
  #long(): number {
    let value = 0;
    for (let factor = 1; factor <= 2 ** 63; factor *= 128) {
      this.#need(1);
      const byte = this.#bytes[this.#at] ?? 0;
      this.#at += 1;
      value += (byte & 127) * factor;
      if (byte < 128) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    }
    throw new StreamError('SOURCE_INVALID', 'its head is damaged');
  }

  #need(length: number): void {
    if (this.#at + length > this.#bytes.length)
      throw new StreamError('SOURCE_LIMIT', 'its head is longer than what is read of it');
  }
}

type Typed = Pick<Field, 'type' | 'fields' | 'length' | 'scale' | 'nullable'>;

const complex = z.looseObject({
  type: z.unknown(),
  logicalType: z.string().optional(),
  precision: z.number().int().optional(),
  scale: z.number().int().optional(),
  size: z.number().int().optional(),
  items: z.unknown().optional(),
  values: z.unknown().optional(),
  fields: z
    .array(z.looseObject({ name: z.string(), type: z.unknown(), doc: z.string().optional() }))
    .optional(),
});

/** A type that is named again is not opened again: it shows by its name, so that no schema is endless. */
function typeOf(schema: unknown, depth: number): Typed {
  if (depth > maxDepth) return plain('record');
  if (typeof schema === 'string') return plain(schema);
  if (Array.isArray(schema)) return unionOf(schema, depth);
  const parsed = complex.safeParse(schema);
  if (!parsed.success) throw new StreamError('SOURCE_INVALID', 'its schema is none of Avro');
  const { type, items, values, fields, size } = parsed.data;
  if (parsed.data.logicalType !== undefined) return logicalOf(parsed.data.logicalType, parsed.data);
  switch (type) {
    case 'record':
    case 'error':
      return recordOf(fields ?? [], depth);
    case 'array':
      return wrapped(typeOf(items, depth + 1), (inner) => `array<${inner}>`);
    case 'map':
      return wrapped(typeOf(values, depth + 1), (inner) => `map<string, ${inner}>`);
    case 'fixed':
      return plain(`fixed(${size ?? 0})`);
    default:
      return typeof type === 'string' ? plain(type) : typeOf(type, depth + 1);
  }
}

function wrapped({ type, fields }: Typed, name: (inner: string) => string): Typed {
  return { type: name(type), fields, nullable: false };
}

function logicalOf(name: string, { precision = 0, scale = 0 }: z.output<typeof complex>): Typed {
  if (name !== 'decimal') return plain(name);
  return { ...plain(`decimal(${precision},${scale})`), length: precision, scale };
}

function recordOf(
  fields: readonly { readonly name: string; readonly type?: unknown; readonly doc?: string | undefined }[],
  depth: number,
): Typed {
  const found = fields.map(
    (field): Field => ({
      name: field.name,
      ...typeOf(field.type, depth + 1),
      description: field.doc ?? null,
    }),
  );
  return { type: structOf(found), fields: found, nullable: false };
}

/** A union with null may be absent; any other is named in full. */
function unionOf(branches: readonly unknown[], depth: number): Typed {
  const others = branches.filter((branch) => branch !== 'null');
  const nullable = others.length < branches.length;
  const [only] = others;
  if (others.length === 1) return { ...typeOf(only, depth), nullable };
  const types = others.map((branch) => typeOf(branch, depth + 1).type);
  return { type: `union<${types.join(', ')}>`, fields: [], nullable };
}

function plain(type: string): Typed {
  return { type, fields: [], nullable: false };
}
