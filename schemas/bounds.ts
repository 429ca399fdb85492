import type avro from 'avsc';

/** Checks that bytes hold what they claim, from a byte on. Throws a RangeError that says at which byte they do not. */
export type CheckBounds = (bytes: Uint8Array, from: number) => void;

/**
 * Makes the check of a schema: whether bytes are long enough for what they claim to hold, before anything is allocated for it. avsc
 * reads on past the end of a buffer and looks only afterwards, so that an array of 4,294,967,295 strings in ten bytes
 * would keep it busy for minutes.
 */
export function boundsOf(schema: avro.Type): CheckBounds {
  const skip = skipOf(schema, new Map());
  return (bytes, from) => {
    skip(new Cursor(bytes, from));
  };
}

/** Steps over one value. Made once for each part of a schema: this runs for every field of every event. */
type Skip = (cursor: Cursor) => void;

/** Walks over bytes without reading their contents. */
class Cursor {
  readonly #bytes: Uint8Array;
  readonly #from: number;
  #at: number;

  constructor(bytes: Uint8Array, from: number) {
    this.#bytes = bytes;
    this.#from = from;
    this.#at = from;
  }

  advance(count: number): void {
    if (count < 0 || count > this.#bytes.length - this.#at) this.#fail(`${count} bytes are announced`);
    this.#at += count;
  }

  /** A string or bytes: their length, then so many bytes. */
  counted(): void {
    this.advance(this.long());
  }

  /** A zig-zag variable-length integer (Avro specification 1.11, "Primitive Types"). */
  long(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined || byte > 127) return this.#longer();
    this.#at += 1;
    return (byte >>> 1) ^ -(byte & 1);
  }

  #longer(): number {
    let unsigned = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined) return this.#fail('the bytes end inside a number');
      if (scale >= 2 ** 70) return this.#fail('a number is too long');
      this.#at += 1;
      unsigned += (byte % 128) * scale;
      if (byte < 128) return unsigned % 2 === 0 ? unsigned / 2 : -(unsigned + 1) / 2;
    }
  }

  /** Number of items in a block of an array or map. An item takes a byte at least in every schema here. */
  blockCount(): number {
    const count = this.long();
    if (count < 0) this.long(); // the block's size in bytes, which nobody here needs
    if (Math.abs(count) > this.#bytes.length - this.#at) this.#fail(`${Math.abs(count)} items are announced`);
    return Math.abs(count);
  }

  #fail(what: string): never {
    const { length } = this.#bytes;
    throw new RangeError(`${what} at byte ${this.#at - this.#from} of ${length - this.#from}`);
  }
}

const fixedSizes: Readonly<Record<string, number>> = { null: 0, boolean: 1, float: 4, double: 8 };

/** `made` holds the parts of the schema that were met already: a named type may stand in many places, and within itself. */
function skipOf(schema: avro.Type, made: Map<avro.Type, Skip>): Skip {
  const known = made.get(schema);
  if (known !== undefined) return known;
  made.set(schema, (cursor) => own(cursor)); // for a type that holds itself
  const own = newSkip(schema, made);
  made.set(schema, own);
  return own;
}

function newSkip(schema: avro.Type, made: Map<avro.Type, Skip>): Skip {
  const size = fixedSizes[schema.typeName];
  if (size !== undefined) return (cursor) => cursor.advance(size);
  if (schema.typeName === 'string' || schema.typeName === 'bytes') return (cursor) => cursor.counted();
  if (isFixed(schema)) return (cursor) => cursor.advance(schema.size);
  if (isRecord(schema)) return skipFields(schema.fields.map(({ type }) => skipOf(type, made)));
  if (isUnion(schema)) return skipBranch(schema.types.map((branch) => skipOf(branch, made)));
  if (isArray(schema)) return skipBlocks(skipOf(schema.itemsType, made));
  if (isMap(schema)) {
    const skipValue = skipOf(schema.valuesType, made);
    return skipBlocks((cursor) => {
      cursor.counted();
      skipValue(cursor);
    });
  }
  return (cursor) => void cursor.long(); // int, long and enum
}

function skipFields(fields: readonly Skip[]): Skip {
  return (cursor) => {
    for (const skip of fields) skip(cursor);
  };
}

function skipBranch(branches: readonly Skip[]): Skip {
  return (cursor) => {
    const index = cursor.long();
    const skip = branches[index];
    if (skip === undefined) throw new RangeError(`a union has no branch ${index}`);
    skip(cursor);
  };
}

function skipBlocks(skipItem: Skip): Skip {
  return (cursor) => {
    for (let count = cursor.blockCount(); count > 0; count = cursor.blockCount()) {
      for (let item = 0; item < count; item += 1) skipItem(cursor);
    }
  };
}

const isRecord = (schema: avro.Type): schema is avro.types.RecordType => schema.typeName === 'record';
const isArray = (schema: avro.Type): schema is avro.types.ArrayType => schema.typeName === 'array';
const isMap = (schema: avro.Type): schema is avro.types.MapType => schema.typeName === 'map';
const isUnion = (schema: avro.Type): schema is avro.types.UnwrappedUnionType =>
  schema.typeName.startsWith('union');
const isFixed = (schema: avro.Type): schema is avro.types.FixedType => schema.typeName === 'fixed';
