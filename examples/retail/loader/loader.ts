import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type Interference, answerWith } from './interference.ts';

/** A job as the tool keeps it: an id, and whatever else its detail shows. */
export interface LoaderJob {
  readonly id: string;
  readonly [key: string]: unknown;
}

/** A request as the tool saw it. */
interface LoaderRequest {
  /** 1 for the first request since the start. */
  readonly count: number;
  /** Path and query. */
  readonly path: string;
  readonly authorization: string | undefined;
}

/** How an example tool is started. */
export interface LoaderOptions {
  readonly jobs: readonly LoaderJob[];
  /** Loopback port. @default a free one */
  readonly port?: number;
  /** Bearer token that is asked for. @default a random one */
  readonly token?: string;
  /** Looks at every request before it is answered; may change the jobs, or answer in the tool's stead. For tests. */
  readonly interfere?: (request: LoaderRequest) => Interference | undefined;
}

/** A running example tool. */
export interface Loader {
  readonly url: string;
  /** Jobs by id; what is set or deleted here shows in the next answer. */
  readonly jobs: Map<string, LoaderJob>;
  /** Every request so far. */
  readonly requests: readonly LoaderRequest[];
  /** The only token that is accepted; setting another makes the old one expire. */
  token: string;
  /** Stops listening and cuts what is open. */
  close(): Promise<void>;
}

const defaultPageSize = 5;
const largestPage = 100;

/**
 * Starts the example ETL tool on 127.0.0.1. `GET /api/job?size=&page=` answers `{jobs: [{id, name, lastRun}], next}`, where
 * `next` links to the next page, null on the last; `GET /api/job/{id}` answers the job without its id. Pages are counted
 * from the front, as many tools do it: a job that goes away moves the ones behind it forward.
 */
export async function startLoader(options: LoaderOptions): Promise<Loader> {
  const jobs = new Map(options.jobs.map((job) => [job.id, job]));
  const requests: LoaderRequest[] = [];
  const server = createServer((request, response) => {
    const seen = {
      count: requests.length + 1,
      path: request.url ?? '/',
      authorization: request.headers.authorization,
    };
    requests.push(seen);
    const interference = options.interfere?.(seen);
    if (interference === undefined) answer(request, response, loader);
    else answerWith(interference, response, () => answer(request, response, loader));
  });
  const loader = {
    url: '',
    jobs,
    requests,
    token: options.token ?? randomBytes(16).toString('hex'),
    close: async () => {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no TCP port.');
  loader.url = `http://127.0.0.1:${address.port}`;
  return loader;
}

function answer(request: IncomingMessage, response: ServerResponse, loader: Loader): void {
  const send = (status: number, body: unknown, headers: Record<string, string> = {}): void => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  };
  if (request.headers.authorization !== `Bearer ${loader.token}`) {
    send(401, { error: 'This token is not valid.' }, { 'www-authenticate': 'Bearer' });
    return;
  }
  if (request.method !== 'GET') {
    send(405, { error: 'Only GET is answered here.' }, { allow: 'GET' });
    return;
  }
  const [path = '', query = ''] = (request.url ?? '').split('?');
  if (path === '/api/job') {
    send(200, pageOf(loader, new URLSearchParams(query)));
    return;
  }
  const job = [...loader.jobs.values()].find(({ id }) => path === `/api/job/${encodeURIComponent(id)}`);
  if (job === undefined) {
    send(404, { error: `There is nothing at ${path}.` });
    return;
  }
  const { id: _, ...detail } = job;
  send(200, detail);
}

function pageOf(loader: Loader, query: URLSearchParams): unknown {
  const number = (name: string, otherwise: number, most: number): number => {
    const value = Number(query.get(name) ?? otherwise);
    return Number.isInteger(value) && value > 0 ? Math.min(value, most) : otherwise;
  };
  const size = number('size', defaultPageSize, largestPage);
  const page = number('page', 1, Number.MAX_SAFE_INTEGER);
  const all = [...loader.jobs.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  return {
    jobs: all
      .slice((page - 1) * size, page * size)
      .map(({ id, name, lastRun }) => ({ id, name, ...(lastRun === undefined ? {} : { lastRun }) })),
    next: all.length > page * size ? `/api/job?size=${size}&page=${page + 1}` : null,
  };
}
