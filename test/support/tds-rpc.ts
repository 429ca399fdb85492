/** Reads a call of sp_executesql as a client sends it (MS-TDS 2.2.6.6): with values that are texts, bytes or whole numbers. */

/** A statement with the values of `@p1`, `@p2` and so on. */
export interface RpcCall {
  readonly sql: string;
  readonly values: readonly (Buffer | number)[];
}

/** Reads one message of the kind RPC. The statement is its first value, their declaration the second. */
export function rpcCall(message: Buffer): RpcCall {
  const reader = new Reader(message, message.readUInt32LE(0));
  const procedure = reader.u16() === 0xffff ? reader.u16() : 0;
  if (procedure !== 10) throw new Error(`Procedure ${procedure} is not sp_executesql.`);
  reader.u16(); // options
  const values: (Buffer | number | string)[] = [];
  while (!reader.isAtEnd) {
    reader.bytes(reader.u8() * 2); // name
    reader.u8(); // status
    values.push(value(reader));
  }
  const [sql, , ...given] = values;
  return { sql: String(sql), values: given.map((one) => (typeof one === 'string' ? Buffer.from(one) : one)) };
}

function value(reader: Reader): Buffer | number | string {
  const kind = reader.u8();
  switch (kind) {
    case 0x26: // INTN
      reader.u8();
      return Number(reader.bytes(reader.u8()).readBigInt64LE());
    case 0xa5: // BIGVARBINARY
      return reader.counted(reader.u16());
    case 0xe7: {
      // NVARCHAR
      const most = reader.u16();
      reader.bytes(5); // collation
      return reader.counted(most).toString('utf16le');
    }
    default:
      throw new Error(`A value of type ${kind} is not known.`);
  }
}

class Reader {
  readonly #message: Buffer;
  #at: number;

  constructor(message: Buffer, at: number) {
    this.#message = message;
    this.#at = at;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#message.length;
  }

  bytes(length: number): Buffer {
    const found = this.#message.subarray(this.#at, this.#at + length);
    this.#at += length;
    return found;
  }

  u8(): number {
    return this.bytes(1).readUInt8();
  }

  u16(): number {
    return this.bytes(2).readUInt16LE();
  }

  /** What a length stands before; with the greatest one, the value comes in chunks. */
  counted(most: number): Buffer {
    if (most !== 0xffff) return this.bytes(this.u16());
    this.bytes(8); // the length of all, or that it is unknown
    const chunks: Buffer[] = [];
    for (let length = this.bytes(4).readUInt32LE(); length > 0; length = this.bytes(4).readUInt32LE())
      chunks.push(this.bytes(length));
    return Buffer.concat(chunks);
  }
}
