/** Opens the local catalogue: an HTTP server with the interface of Apache Atlas, kept in a folder. */
import type { AddressInfo } from 'node:net';
import { serve, type ServerType } from '@hono/node-server';
import { StreamError, toStreamError } from '../pipeline/errors.ts';
import { slowClientLimits } from '../platform/slow-clients.ts';
import { Catalog, type CatalogCounters } from './catalog.ts';
import { type AppOptions, type CatalogMode, createApp } from './http/app.ts';
import { basicCaller, type CatalogAuth, defaultUsers } from './http/auth.ts';
import type { CatalogFaults, Faults } from './http/faults.ts';
import { exportLines } from './export.ts';
import { CatalogStore } from './store.ts';

/** Options of {@link openCatalog}. */
export interface CatalogOptions {
  /** The folder that holds the catalogue; it is made when it does not exist. */
  readonly path: string;
  /** Default 21000, Atlas's own; 0 takes a free one. */
  readonly port?: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default `atlas`. */
  readonly mode?: CatalogMode;
  readonly auth?: CatalogAuth;
  /** What goes wrong on purpose, for tests of clients; also lets `PUT /faults` change it. */
  readonly faults?: CatalogFaults;
  /** Numbers below 1, by which faults strike. */
  readonly random?: () => number;
  /** The clock, in milliseconds since 1970. */
  readonly now?: () => number;
  /** How long a client may take for the head of a request, in milliseconds. Default 10000. */
  readonly slowClientMs?: number;
}

/** A catalogue that listens. */
export interface OpenCatalog {
  /** Where it listens, without a path: `http://127.0.0.1:21000`. */
  readonly url: string;
  counters(): CatalogCounters;
  /** The canonical export, as JSON lines: see `exportLines`. */
  export(): string;
  /** Stops listening, then closes the store. May be called twice. */
  close(): Promise<void>;
}

/** A client has so long to send the head of a request, and all of it, in milliseconds: a bulk of entities is large. */
const slowClientMs = 10_000;
const requestMs = 60_000;

function listen(
  app: ReturnType<typeof createApp>,
  { hostname, port, slowMs }: { readonly hostname: string; readonly port: number; readonly slowMs: number },
): Promise<ServerType> {
  return new Promise((resolve, reject) => {
    const serverOptions = slowClientLimits(slowMs, requestMs);
    const server = serve({ fetch: app.fetch, hostname, port, serverOptions });
    server.once('error', (thrown: NodeJS.ErrnoException) => {
      reject(
        thrown.code === 'EADDRINUSE'
          ? new StreamError(
              'PORT_IN_USE',
              `The catalogue cannot listen on ${hostname}:${port}: the port is taken.`,
              {
                cause: thrown,
                advice: 'Stop the other server, or choose another port (0 takes a free one).',
              },
            )
          : toStreamError(thrown, 'CONFIG_INVALID', `The catalogue cannot listen on ${hostname}:${port}`),
      );
    });
    server.once('listening', () => resolve(server));
  });
}

function checkTokens(mode: CatalogMode, auth: CatalogAuth): void {
  if (mode !== 'purview' || (auth.bearerTokens?.size ?? 0) > 0) return;
  throw new StreamError(
    'CONFIG_INVALID',
    'A catalogue in the mode purview accepts no caller without a bearer token.',
    {
      advice: 'Name at least one token.',
    },
  );
}

// Bearer tokens and faults are loaded where they are used: what reads them takes a third of the time in which a catalogue opens.

async function identifierOf(
  mode: CatalogMode,
  auth: CatalogAuth,
  now: () => number,
): Promise<AppOptions['identify']> {
  const { users = defaultUsers, bearerTokens = new Map() } = auth;
  if (mode === 'atlas') return (header) => basicCaller(header, users);
  const { bearerCaller } = await import('./http/bearer.ts');
  return (header) => bearerCaller(header, bearerTokens, now());
}

async function faultsOf(given: CatalogFaults, now: () => number, random: () => number): Promise<Faults> {
  const { Faults, readFaults } = await import('./http/faults.ts');
  return new Faults(readFaults(given, wrongFaults), now, random);
}

function wrongFaults(problem: string): StreamError {
  return new StreamError('CONFIG_INVALID', `The faults of the catalogue are wrong: ${problem}`);
}

function urlOf(server: ServerType, host: string, port: number): string {
  const address = server.address();
  const bound: AddressInfo | undefined =
    typeof address === 'object' && address !== null ? address : undefined;
  return `http://${host.includes(':') ? `[${host}]` : host}:${bound?.port ?? port}`;
}

/**
 * Opens a catalogue.
 * @throws StreamError PORT_IN_USE, STATE_UNAVAILABLE, or CONFIG_INVALID for Purview's mode without a token and for wrong faults
 */
export async function openCatalog(options: CatalogOptions): Promise<OpenCatalog> {
  const { path, port = 21_000, host = '127.0.0.1', mode = 'atlas', auth = {} } = options;
  checkTokens(mode, auth);
  const store = new CatalogStore(path);
  let server: ServerType;
  let catalog: Catalog;
  try {
    const { now = Date.now, random = Math.random } = options;
    catalog = new Catalog(store, now);
    const identify = await identifierOf(mode, auth, now);
    const faults =
      options.faults === undefined ? {} : { faults: await faultsOf(options.faults, now, random) };
    const app = createApp(catalog, { mode, identify, hosts: [host], ...faults });
    server = await listen(app, { hostname: host, port, slowMs: options.slowClientMs ?? slowClientMs });
  } catch (thrown) {
    await store.close();
    throw thrown;
  }
  const url = urlOf(server, host, port);
  let closing: Promise<void> | undefined;
  return {
    url,
    counters: () => catalog.counters(),
    export: () => [...exportLines(store, catalog.types)].join(''),
    close: () => (closing ??= shut(server, store)),
  };
}

async function shut(server: ServerType, store: CatalogStore): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    // Idle keep-alive connections would hold the server open.
    if ('closeAllConnections' in server) server.closeAllConnections();
  });
  await store.close();
}
