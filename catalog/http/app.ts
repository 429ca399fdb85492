/** The HTTP side of a catalogue: guards, routes, and Atlas's way to fail. */
import { randomUUID } from 'node:crypto';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { AtlasError, invalidParameters } from '../atlas-error.ts';
import type { Catalog } from '../catalog.ts';
import { jsonObject, type JsonObject } from '../json.ts';
import type { Caller } from './auth.ts';
import { entityRoutes, purgeRoute } from './entity-routes.ts';
import { answerFailure, answerFault, answerJson, Exchange } from './exchange.ts';
import type { Faults } from './faults.ts';
import { glossaryRoutes } from './glossary-routes.ts';
import { addPages } from './page-routes.ts';
import { purviewRoutes } from './purview-routes.ts';
import { readsOnly, type Route } from './routes.ts';
import { sectionsAndSearch } from './section-routes.ts';
import { typeRoutes } from './type-routes.ts';

/** Which interface is served: Atlas's paths with Basic credentials, or Purview's with bearer tokens. */
export type CatalogMode = 'atlas' | 'purview';

/** What {@link createApp} needs. */
export interface AppOptions {
  readonly mode: CatalogMode;
  /** Recognizes who calls by the header `authorization`. */
  readonly identify: (header: string | undefined) => Caller;
  /** Names that the Host header may have, beside the loopback names. */
  readonly hosts: readonly string[];
  /** Lets answers go wrong on purpose, and `PUT /faults` say how. */
  readonly faults?: Faults;
}

const basePaths: Readonly<Record<CatalogMode, readonly string[]>> = {
  atlas: ['/api/atlas'],
  purview: ['/datamap/api/atlas', '/catalog/api/atlas'],
};
const maxBodyBytes = 64 * 1024 * 1024;
const loopback = ['127.0.0.1', 'localhost', '[::1]'];
const browser = /^(Mozilla|Opera|Chrome)/;
const version = jsonObject({
  Description: 'Metadata catalogue of purview-streams with the interface of Apache Atlas',
  Revision: 'local',
  Version: '2.4.0',
  Name: 'apache-atlas',
});

/** Refuses requests for other host names: a web page whose name was re-bound to this machine must not reach the catalogue. */
function hostGuard(hosts: readonly string[]) {
  const allowed = new Set([...loopback, ...hosts]);
  return async (context: Context, next: () => Promise<void>): Promise<Response | undefined> => {
    const host = (context.req.header('host') ?? new URL(context.req.url).host)
      .replace(/:\d+$/, '')
      .toLowerCase();
    if (!allowed.has(host)) return context.text('This server answers only to loopback names.', 421);
    await next();
    return undefined;
  };
}

/** Atlas's protection against forged requests: a browser cannot write, because it has no session here to take a token from. */
function isForgeable(context: Context): boolean {
  const isSafe = ['GET', 'HEAD', 'OPTIONS', 'TRACE'].includes(context.req.method);
  return !isSafe && browser.test(context.req.header('user-agent') ?? '');
}

function answerRefused(context: Context, message: string): Response {
  const isPage = (context.req.header('accept') ?? '').includes('text/html');
  if (isPage && browser.test(context.req.header('user-agent') ?? ''))
    return context.redirect('/login.jsp', 302);
  const url = new URL(context.req.url).pathname;
  return context.json({ servlet: 'jersey-servlet', message, url, status: '401' }, 401);
}

class RouteRunner {
  readonly #catalog: Catalog;
  readonly #isPurview: boolean;
  readonly #faults: Faults | undefined;
  readonly #identify: AppOptions['identify'];

  constructor(catalog: Catalog, options: AppOptions) {
    this.#catalog = catalog;
    this.#isPurview = options.mode === 'purview';
    this.#faults = options.faults;
    this.#identify = options.identify;
  }

  /** Runs a route for a caller who is known and allowed; without a route the answer is Atlas's fault. */
  async run(context: Context, route: Route | undefined): Promise<Response> {
    const caller = this.#identify(context.req.header('authorization'));
    if (caller.kind === 'refused') return answerRefused(context, caller.message);
    if (isForgeable(context)) {
      const msgDesc = 'Missing header or invalid Header value for CSRF Vulnerability Protection';
      return answerJson(jsonObject({ msgDesc }), 400);
    }
    const text = context.req.method === 'GET' ? '' : await context.req.text();
    const isRead = route === undefined ? context.req.method === 'GET' : readsOnly(route);
    const response =
      route === undefined ? answerFault() : this.#answer(context, route, { caller, text, isRead });
    this.#catalog.count(isRead ? 'read' : 'write', response.status);
    return response;
  }

  #answer(
    context: Context,
    route: Route,
    { caller, text, isRead }: { caller: Extract<Caller, { kind: 'known' }>; text: string; isRead: boolean },
  ): Response {
    try {
      if (/\bxml\b/.test(context.req.header('accept') ?? '')) return answerFault();
      const { searchLagMs = 0 } = this.#faults ?? {};
      const exchange = new Exchange(this.#catalog, context, {
        user: caller.name,
        text,
        searchLagMs,
        isPurview: this.#isPurview,
      });
      if (!isRead && caller.role === 'reader') {
        throw new AtlasError(
          'UNAUTHORIZED_ACCESS',
          caller.name,
          route.action?.(exchange) ?? `${route.method} ${route.path}`,
        );
      }
      const answer = route.handler(exchange);
      exchange.unit.commit();
      return answer === undefined ? new Response(null, { status: 204 }) : answerJson(answer);
    } catch (thrown) {
      return answerFailure(thrown, this.#isPurview ? randomUUID() : undefined);
    }
  }
}

/** What clients of the interface before v2 still ask: the names of all types. */
const oldTypesRoute: Route = {
  method: 'GET',
  path: '/types',
  handler: ({ unit }) => {
    const results = [...unit.registry.all()].map(({ name }) => name);
    return jsonObject({ count: results.length, results });
  },
};

/** The routes below `/v2`. */
const routes: readonly Route[] = [...typeRoutes, ...sectionsAndSearch, ...entityRoutes, ...glossaryRoutes];

/** What goes wrong on purpose, before everything but the pages; it can be asked and changed. */
function addFaults(app: Hono, runner: RouteRunner, { faults, mode }: AppOptions): void {
  if (faults === undefined) return;
  const show = (): JsonObject => faults.show();
  const change = (exchange: Exchange): JsonObject => {
    faults.change(exchange.body(), invalidParameters);
    return faults.show();
  };
  const path = '/faults';
  app.get(path, (context) => runner.run(context, { method: 'GET', path, handler: show }));
  app.put(path, (context) => runner.run(context, { method: 'PUT', path, handler: change }));
  for (const base of mode === 'purview' ? ['/datamap/api', '/catalog/api'] : basePaths.atlas)
    app.use(`${base}/*`, faults.around);
}

/** Makes the application; `app.request()` serves it without a socket. */
export function createApp(catalog: Catalog, options: AppOptions): Hono {
  const app = new Hono({ strict: false });
  const runner = new RouteRunner(catalog, options);
  app.use(hostGuard(options.hosts));
  app.use(bodyLimit({ maxSize: maxBodyBytes }));
  addFaults(app, runner, options);
  for (const base of basePaths[options.mode]) {
    app.get(`${base}/admin/status`, () => answerJson(jsonObject({ Status: 'ACTIVE' })));
    app.get(`${base}/admin/version`, (context) =>
      runner.run(context, { method: 'GET', path: '/admin/version', handler: () => version }),
    );
    app.get(`${base}/types`, (context) => runner.run(context, oldTypesRoute));
    app.on(purgeRoute.method, `${base}/admin${purgeRoute.path}`, (context) =>
      runner.run(context, purgeRoute),
    );
    for (const route of routes) {
      app.on(route.method, `${base}/v2${route.path}`, (context) => runner.run(context, route));
    }
    app.options(`${base}/*`, () => new Response(null, { status: 204 }));
    app.all(`${base}/*`, (context) => runner.run(context, undefined));
  }
  if (options.mode === 'purview') {
    for (const route of purviewRoutes) {
      for (const base of ['/datamap/api', '/catalog/api'])
        app.on(route.method, `${base}${route.path}`, (context) => runner.run(context, route));
    }
  }
  addPages(app, catalog);
  app.notFound((context) =>
    context.html('<!doctype html><title>Not found</title><p>There is nothing here.', 404),
  );
  app.onError((thrown) => answerFailure(thrown));
  return app;
}
