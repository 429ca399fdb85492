import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { StreamError, toStreamError } from '../../pipeline/errors.ts';
import { type ObjectMapping, mappedObjects } from '../../platform/mapped-objects.ts';
import { withoutSecrets } from '../../platform/redact.ts';
import { slowClientLimits } from '../../platform/slow-clients.ts';
import type { WebhookOptions } from './options.ts';
import { isProven, mayRead } from './proof.ts';
import type { Push, Pushes } from './pushes.ts';

/** What the server works with. */
export interface WebhookServerOptions {
  readonly given: WebhookOptions;
  readonly mapping: ObjectMapping;
  readonly pushes: Pushes;
}

/** A running server. */
export interface WebhookServer {
  readonly url: string;
  close(): Promise<void>;
}

/** What is answered. */
interface Reply {
  readonly status: number;
  readonly text: string;
}

/** Starts to take pushes. Rejects with PORT_IN_USE, or CONFIG_INVALID for an address that is not this machine's. */
export async function startWebhook(options: WebhookServerOptions): Promise<WebhookServer> {
  const { host, port, path, timeout } = options.given;
  const server = createServer(
    {
      ...slowClientLimits(timeout * 1_000),
      maxHeaderSize: 16_384,
    },
    (request, response) => void answer(options, request, response),
  );
  server.maxConnections = 1_000;
  await listen(server, host, port);
  const address = server.address();
  const bound = typeof address === 'object' && address !== null ? address.port : port;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}${path}`,
    close: async () => {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (thrown) {
    const isTaken = thrown instanceof Error && 'code' in thrown && thrown.code === 'EADDRINUSE';
    throw isTaken
      ? new StreamError('PORT_IN_USE', `The webhook cannot listen on ${host}:${port}: the port is taken.`, {
          cause: thrown,
          advice: 'Stop what uses it, or give the producer another port.',
        })
      : toStreamError(thrown, 'CONFIG_INVALID', `The webhook cannot listen on ${host}:${port}`);
  }
}

async function answer(
  options: WebhookServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  let reply: Reply;
  try {
    reply = refusalOf(options.given, request) ?? (await take(options, request));
  } catch (thrown) {
    reply = {
      status: request.destroyed ? 400 : 500,
      text: toStreamError(thrown, 'SOURCE_INVALID', 'The push').code,
    };
  }
  const retry = reply.status === 503 ? { 'retry-after': '5' } : {};
  // What is left of a body that was not read is not waited for.
  const end = request.complete ? {} : { connection: 'close' };
  response.writeHead(reply.status, { 'content-type': 'text/plain; charset=utf-8', ...retry, ...end });
  response.end(`${reply.text}\n`, () => {
    if (!request.complete) request.destroy();
  });
}

/** Why a push is refused before its body is read. */
function refusalOf(given: WebhookOptions, { headers, method, url = '' }: IncomingMessage): Reply | undefined {
  if (!isKnownHost(given, headers.host ?? '')) return { status: 421, text: 'This host is not served here.' };
  if (url.split('?')[0] !== given.path) return { status: 404, text: 'There is nothing here.' };
  if (method !== 'POST') return { status: 405, text: 'Only POST is taken.' };
  if (!mayRead(given.auth, headers)) return { status: 401, text: 'The push does not prove itself.' };
  if (Number(headers['content-length'] ?? 0) > given.maxBytes) return tooLarge(given);
  return undefined;
}

/** A page of the web that has its name point here is not answered. */
function isKnownHost({ host, hosts }: WebhookOptions, header: string): boolean {
  const name = header
    .toLowerCase()
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1');
  return ['localhost', '127.0.0.1', '::1', host, ...hosts].some((known) => known.toLowerCase() === name);
}

async function take(
  { given, mapping, pushes }: WebhookServerOptions,
  request: IncomingMessage,
): Promise<Reply> {
  const body = await readBody(request, given.maxBytes);
  if (body === undefined) return tooLarge(given);
  if (!isProven(given.auth, request.headers, body))
    return { status: 401, text: 'The push does not prove itself.' };
  const push = await pushOf(mapping, body);
  if (!(await pushes.add(push, given.timeout * 1_000)))
    return { status: 503, text: 'The push is not durable yet: send it again.' };
  const [rejected] = push.rejected;
  if (rejected === undefined)
    return { status: 202, text: `${push.found.length + push.removed.length} taken` };
  return { status: 422, text: `${rejected.error.code}: ${rejected.error.message}` };
}

/** Undefined when it is larger than it may be. */
async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // The request stays open, for the answer.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    const part: Buffer = Buffer.from(chunk);
    bytes += part.length;
    if (bytes > maxBytes) return undefined;
    chunks.push(part);
  }
  return Buffer.concat(chunks);
}

/** What a body means. One that cannot be read is one dead letter. */
async function pushOf(mapping: ObjectMapping, body: Buffer): Promise<Push> {
  const where = `push ${createHash('sha256').update(body).digest('hex').slice(0, 12)}`;
  let value: unknown;
  try {
    value = withoutSecrets(parse(body, where));
    return { ...(await mappedObjects(mapping, { value, where })), rejected: [] };
  } catch (thrown) {
    const error = toStreamError(thrown, 'SOURCE_INVALID', where);
    const bytes = value === undefined ? {} : { bytes: Buffer.from(JSON.stringify(value)) };
    return { found: [], removed: [], rejected: [{ objectId: where, error, ...bytes }] };
  }
}

function parse(body: Buffer, where: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    // The parser's own message quotes the body, which may hold a secret.
    throw new StreamError('SOURCE_INVALID', `${where} is not JSON.`);
  }
}

function tooLarge({ maxBytes }: WebhookOptions): Reply {
  return { status: 413, text: `A push may have ${maxBytes} bytes.` };
}
