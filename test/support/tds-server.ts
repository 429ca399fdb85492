/** A server that speaks as much of TDS 7.4 (MS-TDS) as a client needs to log in and run queries; what it answers, the test says. It knows no SQL. */
import { createServer, type Socket } from 'node:net';

/** A row of an answer; texts of up to 4,000 characters. */
export type TdsRow = Readonly<Record<string, string | number | boolean | null>>;

/** One that runs. */
export interface TdsServer {
  readonly port: number;
  stop(): Promise<void>;
}

/** What the server answers a query with; an error has the server's number. */
export type TdsAnswer = readonly TdsRow[] | { readonly number: number; readonly message: string };

const kinds = { batch: 1, answer: 4, login: 16, prelogin: 18 } as const;

/** Starts one on a free port of 127.0.0.1. `password`: any other is refused. */
export async function startTdsServer(
  answer: (sql: string) => TdsAnswer,
  { password }: { readonly password: string },
): Promise<TdsServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    serve(socket, (kind, message) => {
      if (kind === kinds.prelogin) return prelogin;
      if (kind === kinds.login) return loginAnswer(message, password);
      return batchAnswer(answer(batchText(message)));
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

/** Puts packets together and answers each message. */
function serve(socket: Socket, answerOf: (kind: number, message: Buffer) => Buffer): void {
  let pending = Buffer.alloc(0);
  let message: Buffer[] = [];
  socket.on('data', (data) => {
    pending = Buffer.concat([pending, typeof data === 'string' ? Buffer.from(data) : data]);
    while (pending.length >= 8 && pending.length >= pending.readUInt16BE(2)) {
      const packet = pending.subarray(0, pending.readUInt16BE(2));
      pending = pending.subarray(packet.length);
      message.push(packet.subarray(8));
      if (((packet[1] ?? 0) & 1) === 0) continue;
      const whole = Buffer.concat(message);
      message = [];
      for (const part of packetsOf(answerOf(packet[0] ?? 0, whole))) socket.write(part);
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
const done = (failed = false): Buffer =>
  Buffer.concat([Buffer.from([0xfd]), u16(failed ? 2 : 0), Buffer.alloc(10)]);

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
    done(true),
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

function batchAnswer(answer: TdsAnswer): Buffer {
  if ('number' in answer) return errorToken(answer);
  const names = Object.keys(answer[0] ?? {});
  if (names.length === 0) return done();
  const columns = names.map((name) => {
    const sample = answer.map((row) => row[name] ?? null).find((value) => value !== null) ?? '';
    const kind =
      typeof sample === 'number' ? [0x26, 4] : typeof sample === 'boolean' ? [0x68, 1] : [0xe7, 0x40, 0x1f];
    const info = Buffer.concat([Buffer.from(kind), typeof sample === 'string' ? collation : Buffer.alloc(0)]);
    return { name, kind: typeof sample, info };
  });
  const head = Buffer.concat([
    Buffer.from([0x81]),
    u16(columns.length),
    ...columns.map(({ name, info }) => Buffer.concat([u32(0), u16(9), info, shortText(name)])),
  ]);
  const rows = answer.map((row) =>
    Buffer.concat([
      Buffer.from([0xd1]),
      ...columns.map(({ name, kind }) => valueOf(row[name] ?? null, kind)),
    ]),
  );
  return Buffer.concat([head, ...rows, done()]);
}

function valueOf(value: TdsRow[string], kind: string): Buffer {
  if (value === null) return kind === 'string' ? u16(0xffff) : Buffer.from([0]);
  if (typeof value === 'number') return Buffer.concat([Buffer.from([4]), u32(value)]);
  if (typeof value === 'boolean') return Buffer.from([1, Number(value)]);
  const text = ucs2(value);
  return Buffer.concat([u16(text.length), text]);
}
