import type avro from 'avsc';

/**
 * Checks that bytes are long enough for what they claim to hold, before anything is allocated for it: avsc reads on past the end of
 * a buffer and looks only afterwards, so that an array of 4,294,967,295 strings in ten bytes would keep it busy for
 * minutes. Throws a RangeError that says at which byte.
 */
export function checkBounds(schema: avro.Type, bytes: Uint8Array): void {
  skip(schema, new Cursor(bytes));
}

/** Walks over bytes without reading their contents. */
class Cursor {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  advance(count: number): void {
    if (count < 0 || count > this.#bytes.length - this.#at)
      throw new RangeError(`${count} bytes are announced at byte ${this.#at} of ${this.#bytes.length}`);
    this.#at += count;
  }

  /** A zig-zag variable-length integer (Avro specification 1.11, "Primitive Types"). */
  long(): number {
    let unsigned = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined) throw new RangeError(`the bytes end inside a number at byte ${this.#at}`);
      if (scale >= 2 ** 70) throw new RangeError(`the number that ends at byte ${this.#at} is too long`);
      this.#at += 1;
      unsigned += (byte % 128) * scale;
      if (byte < 128) return unsigned % 2 === 0 ? unsigned / 2 : -(unsigned + 1) / 2;
    }
  }

  /** Number of items in a block of an array or map. An item takes a byte at least in every schema here. */
  blockCount(): number {
    const count = this.long();
    if (count < 0) this.long(); // the block's size in bytes, which nobody here needs
    if (Math.abs(count) > this.#bytes.length - this.#at)
      throw new RangeError(
        `${Math.abs(count)} items are announced at byte ${this.#at} of ${this.#bytes.length}`,
      );
    return Math.abs(count);
  }
}

const fixedSizes: Readonly<Record<string, number>> = { null: 0, boolean: 1, float: 4, double: 8 };

function skip(schema: avro.Type, cursor: Cursor): void {
  const size = fixedSizes[schema.typeName];
  if (size !== undefined) cursor.advance(size);
  else if (schema.typeName === 'string' || schema.typeName === 'bytes') cursor.advance(cursor.long());
  else if (!skipComplex(schema, cursor)) cursor.long(); // int, long and enum
}

/** False when the schema is not one of records, lists, maps, unions or fixed. */
function skipComplex(schema: avro.Type, cursor: Cursor): boolean {
  if (isRecord(schema)) for (const field of schema.fields) skip(field.type, cursor);
  else if (isArray(schema)) skipBlocks(cursor, () => skip(schema.itemsType, cursor));
  else if (isMap(schema)) {
    skipBlocks(cursor, () => {
      cursor.advance(cursor.long());
      skip(schema.valuesType, cursor);
    });
  } else if (isUnion(schema)) {
    const index = cursor.long();
    const branch = schema.types[index];
    if (branch === undefined) throw new RangeError(`a union has no branch ${index}`);
    skip(branch, cursor);
  } else if (isFixed(schema)) cursor.advance(schema.size);
  else return false;
  return true;
}

function skipBlocks(cursor: Cursor, skipItem: () => void): void {
  for (let count = cursor.blockCount(); count > 0; count = cursor.blockCount()) {
    for (let item = 0; item < count; item += 1) skipItem();
  }
}

const isRecord = (schema: avro.Type): schema is avro.types.RecordType => schema.typeName === 'record';
const isArray = (schema: avro.Type): schema is avro.types.ArrayType => schema.typeName === 'array';
const isMap = (schema: avro.Type): schema is avro.types.MapType => schema.typeName === 'map';
const isUnion = (schema: avro.Type): schema is avro.types.UnwrappedUnionType =>
  schema.typeName.startsWith('union');
const isFixed = (schema: avro.Type): schema is avro.types.FixedType => schema.typeName === 'fixed';
