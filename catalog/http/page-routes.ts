/** The pages for people, and the catalogue's own counts. Read only, and without credentials: the server answers loopback names only. */
import type { Context, Hono } from 'hono';
import type { Catalog } from '../catalog.ts';
import { jsonObject } from '../json.ts';
import { assetPage, homePage } from '../page/pages.ts';
import { styleSheet } from '../page/style.ts';
import { answerJson } from './exchange.ts';

const pageHeaders = {
  'content-security-policy':
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};
const maxQuery = 500;

function page(context: Context, text: string | undefined): Response {
  return context.html(
    text ?? '<!doctype html><title>Not found</title><p>There is no such asset.',
    text === undefined ? 404 : 200,
    pageHeaders,
  );
}

/** Adds the pages to an application. */
export function addPages(app: Hono, catalog: Catalog): void {
  app.get('/', (context) => {
    const guid = context.req.query('guid');
    if (guid !== undefined) return page(context, assetPage(catalog, guid));
    return page(context, homePage(catalog, (context.req.query('q') ?? '').trim().slice(0, maxQuery)));
  });
  app.get('/asset/:guid', (context) => page(context, assetPage(catalog, context.req.param('guid'))));
  app.get('/style.css', (context) =>
    context.body(styleSheet, 200, { ...pageHeaders, 'content-type': 'text/css; charset=utf-8' }),
  );
  // Browsers ask for an icon by themselves; there is none.
  app.get('/favicon.ico', () => new Response(null, { status: 204 }));
  app.get('/api/catalog/stats', () => {
    const byType = jsonObject();
    for (const def of catalog.types.registry.all()) {
      const count = def.category === 'ENTITY' ? catalog.store.countOfType(def.name) : 0;
      if (count > 0) byType[def.name] = count;
    }
    return answerJson(jsonObject({ ...catalog.store.counts(), byType, ...catalog.counters() }));
  });
}
