import avro from 'avsc';

const buffer = Buffer.alloc(10);

/**
 * Longs as numbers, exact for every safe integer: avsc's own writer gives another number back beyond 2^52, where twice the value
 * is not exact any more. Zig-zag and seven bits a byte (Avro specification 1.11, "Primitive Types") are therefore done here.
 */
export const exactLong = avro.types.LongType.__with(
  {
    fromBuffer: (bytes: Buffer) => {
      const value = read(bytes);
      if (!Number.isSafeInteger(value)) throw new RangeError(`the number ${value} is too large`);
      return value;
    },
    toBuffer: write,
    isValid: (value: unknown) => Number.isSafeInteger(value),
    fromJSON: Number,
    toJSON: Number,
    compare: (a: number, b: number) => Math.sign(a - b),
  },
  true, // the bytes as they stand in the event, not unpacked into eight
);

/** The sign is the lowest bit, and what is above it is the number, or for a negative one what lies between it and -1. */
function read(bytes: Buffer): number {
  const first = bytes[0] ?? 0;
  let magnitude = (first & 0x7f) >>> 1;
  let scale = 64;
  for (let at = 1; at < bytes.length; at += 1, scale *= 128) magnitude += ((bytes[at] ?? 0) & 0x7f) * scale;
  return (first & 1) === 0 ? magnitude : -magnitude - 1;
}

/** The answer is overwritten by the next call: avsc copies it at once. */
function write(value: number): Buffer {
  const magnitude = value < 0 ? -value - 1 : value;
  let rest = Math.floor(magnitude / 64);
  buffer[0] = ((magnitude % 64) << 1) | (value < 0 ? 1 : 0) | (rest > 0 ? 0x80 : 0);
  let length = 1;
  for (; rest > 0; length += 1) {
    const more = Math.floor(rest / 128);
    buffer[length] = (rest % 128) | (more > 0 ? 0x80 : 0);
    rest = more;
  }
  return buffer.subarray(0, length);
}
