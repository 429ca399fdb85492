/** A server that speaks as much of TDS 7.4 (MS-TDS) as a client needs to log in and run queries; what it answers, the test says. It knows no SQL. */
import { createServer, type Socket } from 'node:net';
import { type RpcCall, rpcCall } from './tds-rpc.ts';

/** A row of an answer; texts of up to 4,000 characters. */
export type TdsRow = Readonly<Record<string, string | number | boolean | Buffer | null>>;

/** One that runs. */
export interface TdsServer {
  readonly port: number;
  stop(): Promise<void>;
}

/** What the server answers a query with; an error has the server's number. */
export type TdsAnswer = readonly TdsRow[] | { readonly number: number; readonly message: string };
/** The same, or how many rows a statement has changed. */
export type TdsSessionAnswer = TdsAnswer | { readonly count: number };

/** What one connection is answered by. */
export interface TdsSession {
  answer(call: RpcCall): Promise<TdsSessionAnswer>;
  /** Called once the connection is gone. */
  end(): void;
}

const kinds = { batch: 1, rpc: 3, answer: 4, login: 16, prelogin: 18 } as const;

/** Starts one on a free port of 127.0.0.1. `password`: any other is refused. */
export function startTdsServer(
  answer: (sql: string) => TdsAnswer,
  options: { readonly password: string },
): Promise<TdsServer> {
  const session = { answer: async ({ sql }: RpcCall) => answer(sql), end: () => undefined };
  return startTdsSessions(() => session, options);
}

/** Starts one that has a session for every connection. */
export async function startTdsSessions(
  open: () => TdsSession,
  { password }: { readonly password: string },
): Promise<TdsServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    const session = open();
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      sockets.delete(socket);
      session.end();
    });
    serve(socket, async (kind, message) => {
      if (kind === kinds.prelogin) return prelogin;
      if (kind === kinds.login) return loginAnswer(message, password);
      const call = kind === kinds.rpc ? rpcCall(message) : { sql: batchText(message), values: [] };
      return batchAnswer(await session.answer(call), call.sql);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  return {
    port: address.port,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Puts packets together and answers one message after the other. */
function serve(socket: Socket, answerOf: (kind: number, message: Buffer) => Promise<Buffer>): void {
  let pending = Buffer.alloc(0);
  let message: Buffer[] = [];
  let answered = Promise.resolve();
  socket.on('data', (data) => {
    pending = Buffer.concat([pending, typeof data === 'string' ? Buffer.from(data) : data]);
    while (pending.length >= 8 && pending.length >= pending.readUInt16BE(2)) {
      const packet = pending.subarray(0, pending.readUInt16BE(2));
      pending = pending.subarray(packet.length);
      message.push(packet.subarray(8));
      if (((packet[1] ?? 0) & 1) === 0) continue;
      const whole = Buffer.concat(message);
      message = [];
      answered = answered
        .then(async () => {
          for (const part of packetsOf(await answerOf(packet[0] ?? 0, whole))) socket.write(part);
        })
        .catch((thrown: unknown) => void socket.destroy(thrown instanceof Error ? thrown : undefined));
    }
  });
}

function* packetsOf(payload: Buffer): Generator<Buffer> {
  const size = 4_088;
  for (let at = 0, id = 1; at < payload.length || at === 0; at += size, id += 1) {
    const part = payload.subarray(at, at + size);
    const head = Buffer.from([kinds.answer, at + size >= payload.length ? 1 : 0, 0, 0, 0, 0, id & 255, 0]);
    head.writeUInt16BE(part.length + 8, 2);
    yield Buffer.concat([head, part]);
  }
}

/** Version 16, no encryption. */
const prelogin = Buffer.from([0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 255, 16, 0, 0, 0, 0, 0, 2]);

const ucs2 = (text: string): Buffer => Buffer.from(text, 'utf16le');
const shortText = (text: string): Buffer => Buffer.concat([Buffer.from([text.length]), ucs2(text)]);
const u16 = (value: number): Buffer => Buffer.from([value & 255, value >> 8]);
const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
};
const token = (kind: number, ...parts: readonly Buffer[]): Buffer => {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([kind]), u16(body.length), body]);
};
/** The end of an answer, with the number of rows that it found or changed. */
const done = (count = 0): Buffer => {
  const bytes = Buffer.alloc(13);
  bytes[0] = 0xfd;
  bytes.writeUInt16LE(0x10, 1);
  bytes.writeBigUInt64LE(BigInt(count), 5);
  return bytes;
};
const failed = Buffer.from([0xfd, 2, 0, ...Buffer.alloc(10)]);

function errorToken({ number, message }: { readonly number: number; readonly message: string }): Buffer {
  return Buffer.concat([
    token(
      0xaa,
      u32(number),
      Buffer.from([1, 14]),
      u16(message.length),
      ucs2(message),
      shortText('srv'),
      shortText(''),
      u32(1),
    ),
    failed,
  ]);
}

/** A password is sent with its bits turned about; that of the message is looked for by its bytes. */
function loginAnswer(message: Buffer, password: string): Buffer {
  const turned = Buffer.from(ucs2(password).map((byte) => (((byte & 15) << 4) | (byte >> 4)) ^ 0xa5));
  if (!message.includes(turned))
    return errorToken({ number: 18_456, message: "Login failed for user 'catalog'." });
  const acknowledged = token(
    0xad,
    Buffer.from([1, 0x74, 0, 0, 4]),
    shortText('Microsoft SQL Server'),
    Buffer.from([16, 0, 0, 0]),
  );
  return Buffer.concat([acknowledged, done()]);
}

/** The text of a batch stands behind its headers. */
function batchText(message: Buffer): string {
  return message.subarray(message.readUInt32LE(0)).toString('utf16le');
}

const collation = Buffer.from([9, 4, 0xd0, 0, 0x34]);

/** What a connection is told when a transaction begins or ends: its descriptor, which the next requests carry (MS-TDS 2.2.7.9, types 8 to 10). */
function transactionChange(sql: string): Buffer {
  const descriptor = Buffer.from([8, 1, 0, 0, 0, 0, 0, 0, 1]);
  const none = Buffer.from([0]);
  if (sql === 'BEGIN TRANSACTION') return token(0xe3, Buffer.from([8]), descriptor, none);
  if (sql === 'COMMIT') return token(0xe3, Buffer.from([9]), none, descriptor);
  return sql === 'ROLLBACK' ? token(0xe3, Buffer.from([10]), none, descriptor) : Buffer.alloc(0);
}

const typeInfo = {
  number: Buffer.from([0x26, 4]),
  boolean: Buffer.from([0x68, 1]),
  string: Buffer.concat([Buffer.from([0xe7, 0x40, 0x1f]), collation]),
  /** varbinary(max). */
  bytes: Buffer.from([0xa5, 0xff, 0xff]),
};
type Kind = keyof typeof typeInfo;

function kindOf(sample: TdsRow[string] | undefined): Kind {
  if (Buffer.isBuffer(sample)) return 'bytes';
  return typeof sample === 'number' || typeof sample === 'boolean'
    ? (typeof sample as 'number' | 'boolean')
    : 'string';
}

function batchAnswer(answer: TdsSessionAnswer, sql: string): Buffer {
  if ('number' in answer) return errorToken(answer);
  if ('count' in answer) return Buffer.concat([transactionChange(sql), done(answer.count)]);
  const names = Object.keys(answer[0] ?? {});
  if (names.length === 0) return done();
  const columns = names.map((name) => ({
    name,
    kind: kindOf(answer.map((row) => row[name] ?? null).find((value) => value !== null) ?? ''),
  }));
  const head = Buffer.concat([
    Buffer.from([0x81]),
    u16(columns.length),
    ...columns.map(({ name, kind }) => Buffer.concat([u32(0), u16(9), typeInfo[kind], shortText(name)])),
  ]);
  const rows = answer.map((row) =>
    Buffer.concat([
      Buffer.from([0xd1]),
      ...columns.map(({ name, kind }) => valueOf(row[name] ?? null, kind)),
    ]),
  );
  return Buffer.concat([head, ...rows, done(rows.length)]);
}

function valueOf(value: TdsRow[string], kind: Kind): Buffer {
  if (kind === 'bytes') return Buffer.isBuffer(value) ? chunked(value) : Buffer.alloc(8, 0xff);
  if (value === null || Buffer.isBuffer(value)) return kind === 'string' ? u16(0xffff) : Buffer.from([0]);
  if (typeof value === 'number') return Buffer.concat([Buffer.from([4]), u32(value)]);
  if (typeof value === 'boolean') return Buffer.from([1, Number(value)]);
  const text = ucs2(value);
  return Buffer.concat([u16(text.length), text]);
}

/** Partially length-prefixed bytes: the length of all, a chunk with its own, and the end (MS-TDS 2.2.5.2.3). */
function chunked(bytes: Buffer): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(bytes.length));
  return Buffer.concat([length, ...(bytes.length > 0 ? [u32(bytes.length), bytes] : []), u32(0)]);
}
