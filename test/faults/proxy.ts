import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** A request to the catalogue, as the proxy sees it. */
export interface SeenCall {
  readonly method: string;
  readonly path: string;
  readonly body: string;
  /** Whether it writes entities. */
  readonly isBulk: boolean;
  /** How many bulk writes came before it. */
  readonly bulks: number;
}

/** What is done to a request instead of passing it on: an answer of its own, passing it on later, or a fault in the answer of the catalogue, which has applied it then. */
export type Fault =
  | { readonly status: number; readonly body?: string; readonly headers?: Readonly<Record<string, string>> }
  | { readonly heldUntil: Promise<unknown> }
  | 'hang'
  | 'reset'
  | 'truncate'
  | 'html';

/** A proxy before the catalogue that breaks what a scenario tells it to. */
export class FaultProxy {
  /** Decides for each request; undefined passes it on. */
  behave: (call: SeenCall) => Fault | undefined = () => undefined;
  /** Bulk writes that came, and those that were broken. */
  readonly counts = { bulks: 0, broken: 0 };
  target = '';
  readonly #server = createServer((request, response) => {
    this.#pass(request, response).catch((thrown: unknown) =>
      response.destroy(thrown instanceof Error ? thrown : undefined),
    );
  });

  /** Listens on a free port; resolves with the address. */
  async listen(): Promise<string> {
    await new Promise<void>((resolve) => {
      this.#server.listen(0, '127.0.0.1', resolve);
    });
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    const { method = 'GET', url: path = '/' } = request;
    const isBulk = method === 'POST' && path.includes('/entity/bulk');
    const fault = this.behave({ method, path, body, isBulk, bulks: this.counts.bulks });
    if (isBulk) this.counts.bulks += 1;
    if (fault !== undefined) this.counts.broken += 1;
    if (typeof fault === 'object' && 'heldUntil' in fault) await fault.heldUntil;
    else if (typeof fault === 'object') {
      response.writeHead(fault.status, { 'content-type': 'application/json', ...fault.headers });
      response.end(fault.body ?? '');
      return;
    }
    const { authorization = '' } = request.headers;
    const answer = await fetch(this.target + path, {
      method,
      headers: { authorization, 'content-type': 'application/json' },
      ...(body === '' ? {} : { body }),
    });
    const said = await answer.text();
    give(response, typeof fault === 'object' ? undefined : fault, { status: answer.status, said });
  }
}

/** Gives the catalogue's answer, or what a fault makes of it. */
function give(
  response: ServerResponse,
  fault: Exclude<Fault, object> | undefined,
  { status, said }: { readonly status: number; readonly said: string },
): void {
  const json = { 'content-type': 'application/json' };
  switch (fault) {
    case 'hang':
      return;
    case 'reset':
      response.destroy();
      return;
    case 'html':
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html><body>Sign in</body></html>');
      return;
    case 'truncate':
      response.writeHead(status, { ...json, 'content-length': String(Buffer.byteLength(said) + 100) });
      response.write(said.slice(0, said.length / 2), () => response.destroy());
      return;
    case undefined:
      response.writeHead(status, json).end(said);
  }
}
