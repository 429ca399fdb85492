import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as a test server got it. */
export interface SeenRequest {
  readonly method: string;
  /** Path with query. */
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** An HTTP server on loopback for one test. */
export interface TestServer {
  readonly url: string;
  readonly seen: readonly SeenRequest[];
  /** Connections that were made to it. */
  connections(): number;
  close(): Promise<void>;
}

/** Answers one request; throws to fail the test's request with 500. */
export type Answer = (request: SeenRequest, response: ServerResponse) => unknown;

/** Starts a server on a free port of 127.0.0.1. */
export async function startServer(answer: Answer): Promise<TestServer> {
  const seen: SeenRequest[] = [];
  let connections = 0;
  const server: Server = createServer((incoming, response) => {
    readAll(incoming)
      .then(async (body) => {
        const request = {
          method: incoming.method ?? '',
          url: incoming.url ?? '',
          headers: incoming.headers,
          body,
        };
        seen.push(request);
        await answer(request, response);
      })
      .catch((thrown: unknown) => response.writeHead(500).end(String(thrown)));
  });
  server.on('connection', () => (connections += 1));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    connections: () => connections,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error === undefined ? resolve() : reject(error)));
        server.closeAllConnections();
      }),
  };
}

/** Answers with JSON. */
export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

async function readAll(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
