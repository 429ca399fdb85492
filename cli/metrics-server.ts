import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { messageOf, StreamError, toStreamError } from '../pipeline/errors.ts';
import { slowClientLimits } from '../platform/slow-clients.ts';
import { HealthWatch } from './health.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import type { OpenPipeline } from './open-pipeline.ts';
import { note } from './output.ts';

/** The server of `/metrics`, `/healthz` and `/readyz` while it runs. */
export interface MetricsServer {
  /** Where it answers: `http://127.0.0.1:9464`. */
  readonly url: string;
  /** From now on `/healthz` and `/readyz` answer 503: this process takes no more work. */
  drain(): void;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

/** A client that takes longer than this to send a request is cut off, in milliseconds. */
const slowClientMs = 10_000;
const plain = 'text/plain; charset=utf-8';
const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/iu;

/**
 * Serves `GET /metrics` (Prometheus), `GET /healthz` (503 where the process should be started again, or drains) and `GET /readyz` (503 also where it
 * cannot do its work at the moment). On loopback it answers only who asks for loopback: a page of the web that has its name point here gets nothing. Throws PORT_IN_USE.
 */
async function serveMetrics(
  { metrics, health }: { readonly metrics: Metrics; readonly health: HealthWatch },
  { host, port, slowMs }: { readonly host: string; readonly port: number; readonly slowMs: number },
): Promise<MetricsServer> {
  const isLocal = loopback.test(host) || host === '::1';
  const server = createServer({ ...slowClientLimits(slowMs), maxHeaderSize: 8192 }, (request, response) => {
    answerOf(request, { metrics, health, isLocal })
      .catch((thrown: unknown): Answer => ({ status: 503, type: plain, text: `${messageOf(thrown)}\n` }))
      .then(({ status, type, text }) => {
        response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(text);
      })
      .catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (thrown: NodeJS.ErrnoException) => reject(listenError(thrown, `${host}:${port}`)));
    server.listen(port, host, resolve);
  });
  const address = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`,
    drain: () => health.drain(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answerOf(
  { method, url = '/', headers }: IncomingMessage,
  parts: { readonly metrics: Metrics; readonly health: HealthWatch; readonly isLocal: boolean },
): Promise<Answer> {
  const { metrics, health, isLocal } = parts;
  if (isLocal && !loopback.test(headers.host ?? ''))
    return { status: 421, type: plain, text: 'Ask for localhost or 127.0.0.1\n' };
  const [pathname] = url.split('?'); // not parsed as a URL: what is none, such as `//`, would throw
  const isRead = method === 'GET' || method === 'HEAD';
  if (isRead && pathname === '/metrics')
    return { status: 200, type: metrics.contentType, text: await metrics.text() };
  if (isRead && (pathname === '/healthz' || pathname === '/readyz')) {
    const { state, detail } = health.health;
    const isBad =
      state === 'stuck' || state === 'draining' || (pathname === '/readyz' && state === 'waiting');
    return { status: isBad ? 503 : 200, type: plain, text: `${state}: ${detail}\n` };
  }
  return { status: 404, type: plain, text: 'GET /metrics, /healthz or /readyz\n' };
}

function listenError(thrown: NodeJS.ErrnoException, where: string): Error {
  if (thrown.code !== 'EADDRINUSE')
    return toStreamError(thrown, 'CONFIG_INVALID', `The metrics cannot be served on ${where}`);
  return new StreamError('PORT_IN_USE', `The metrics cannot be served on ${where}: the port is taken.`, {
    cause: thrown,
    advice: 'Give every process a port of its own with --metrics-port (0 takes a free one).',
  });
}

/**
 * Serves the metrics of a process as the configuration says, or on the port that the command line names; undefined where neither
 * does. Says where on standard error.
 */
export async function startMetrics(
  {
    configured,
    telemetry,
    transport,
    store,
  }: Pick<OpenPipeline, 'configured' | 'telemetry' | 'transport'> & Partial<Pick<OpenPipeline, 'store'>>,
  {
    metricsPort,
    slowClientMs: slowMs = slowClientMs,
  }: { readonly metricsPort?: number; readonly slowClientMs?: number },
): Promise<MetricsServer | undefined> {
  const { metrics } = configured.loaded.config;
  const port = metricsPort ?? metrics?.port;
  if (port === undefined) return undefined;
  const producers = [...configured.producers.keys()];
  const server = await serveMetrics(
    {
      metrics: createMetrics(telemetry, { transport, ofProducers: store, producers }),
      health: new HealthWatch(telemetry),
    },
    { host: metrics?.host ?? '127.0.0.1', port, slowMs },
  );
  note(`Metrics: ${server.url}/metrics`);
  return server;
}
