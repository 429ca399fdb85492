import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { messageOf, StreamError } from '../pipeline/errors.ts';
import type { Metrics } from './metrics.ts';
import type { OpenPipeline } from './open-pipeline.ts';
import { note } from './output.ts';

/** The server of `/metrics` and `/healthz` while it runs. */
export interface MetricsServer {
  /** Where it answers: `http://127.0.0.1:9464`. */
  readonly url: string;
  /** From now on `/healthz` answers 503: this process takes no more work. */
  drain(): void;
  close(): Promise<void>;
}

/**
 * Serves `GET /metrics` (Prometheus) and `GET /healthz` (200 `ok`; 503 `draining` after {@link MetricsServer.drain}). Throws PORT_IN_USE.
 */
async function serveMetrics(
  metrics: Metrics,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<MetricsServer> {
  let draining = false;
  const server = createServer((request, response) => {
    const answer = (status: number, type: string, text: string): void => {
      response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(text);
    };
    const [pathname] = (request.url ?? '/').split('?'); // not parsed as a URL: what is none, such as `//`, would throw
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (isRead && pathname === '/metrics') {
      metrics.text().then(
        (text) => answer(200, metrics.contentType, text),
        (thrown: unknown) => answer(503, 'text/plain; charset=utf-8', `${messageOf(thrown)}\n`),
      );
    } else if (isRead && pathname === '/healthz') {
      answer(draining ? 503 : 200, 'text/plain; charset=utf-8', draining ? 'draining\n' : 'ok\n');
    } else answer(404, 'text/plain; charset=utf-8', 'GET /metrics or /healthz\n');
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (thrown: NodeJS.ErrnoException) => reject(listenError(thrown, `${host}:${port}`)));
    server.listen(port, host, resolve);
  });
  const address = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`,
    drain: () => {
      draining = true;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listenError(thrown: NodeJS.ErrnoException, where: string): Error {
  if (thrown.code !== 'EADDRINUSE') return thrown;
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
  pipeline: Pick<OpenPipeline, 'configured' | 'telemetry' | 'transport'>,
  { metricsPort }: { readonly metricsPort?: number },
): Promise<MetricsServer | undefined> {
  const { metrics } = pipeline.configured.loaded.config;
  const port = metricsPort ?? metrics?.port;
  if (port === undefined) return undefined;
  const { createMetrics } = await import('./metrics.ts'); // its library is loaded where it is used
  const server = await serveMetrics(createMetrics(pipeline.telemetry, pipeline.transport), {
    host: metrics?.host ?? '127.0.0.1',
    port,
  });
  note(`Metrics: ${server.url}/metrics`);
  return server;
}
