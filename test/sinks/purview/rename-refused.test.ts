import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SinkHost } from '../../../pipeline/sink-component.ts';
import { createTelemetry } from '../../../pipeline/telemetry.ts';
import { sinks } from '../../../sinks/index.ts';
import { type SeenRequest, sendJson, startServer, type TestServer } from '../../support/http-server.ts';
import { type CatalogUnderTest, catalogUser, openTestCatalog } from '../../support/local-catalog.ts';
import { movedShop } from '../../support/renamed.ts';
import { deliverer, kinds, never, sinkHost } from '../../support/sink-host.ts';

let catalog: CatalogUnderTest;
let between: TestServer;
let refused: string[];
let deliver: ReturnType<typeof deliverer>;
/** What stands between the sink and the catalogue: answers a rename itself, or does something before the catalogue gets it. */
let meddle: (
  request: SeenRequest,
) => Promise<{ readonly status: number; readonly body: unknown } | undefined>;

const { old, renamed, gone } = movedShop;

function isRename({ method, url, body }: SeenRequest): boolean {
  return method === 'POST' && url.endsWith('/entity/bulk') && /"guid":"[^-]/u.test(body);
}

beforeEach(async () => {
  catalog = await openTestCatalog();
  between = await startServer(async (request, response) => {
    const own = isRename(request) ? await meddle(request) : undefined;
    if (own !== undefined) return sendJson(response, own.status, own.body);
    const { method, url, headers, body } = request;
    const answer = await fetch(catalog.url + url, {
      method,
      headers: { authorization: headers.authorization ?? '', 'content-type': 'application/json' },
      ...(body === '' ? {} : { body }),
    });
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text());
  });
  refused = [];
  const telemetry = createTelemetry();
  telemetry.on('renameRefused', ({ root, from }) =>
    refused.push(`${from.qualifiedName} > ${root.qualifiedName}`),
  );
  const host: SinkHost = sinkHost({ telemetry });
  const sink = sinks.atlas.create({ url: between.url, ...catalogUser }, host);
  await sink.open(never);
  deliver = deliverer(sink);
  await deliver(old);
});

afterEach(async () => {
  await between.close();
  await catalog.close();
});

async function guidOf(name: string, typeName = 'shop'): Promise<string | undefined> {
  return (await catalog.entity(typeName, `shop://${name}`))?.guid;
}

describe('deliver() of a rename that the catalogue does not take', () => {
  it.each([
    ['refuses', { status: 400, body: { errorCode: 'ATLAS-400-00-01A', errorMessage: 'not so' } }],
    ['answers with success, and does not do', { status: 200, body: { guidAssignments: {} } }],
  ])('makes anew what it %s, says so, and removes the old one', async (_, answer) => {
    meddle = () => Promise.resolve(answer);
    const guid = await guidOf('a');
    expect(kinds(await deliver(renamed))).toEqual(['delivered']);
    expect(refused).toEqual(['shop://a > shop://b']);
    expect(await guidOf('b')).not.toBe(guid);
    expect(await catalog.active('shop', 'shop://b', 'shelves')).toEqual(['1', '2']);
    expect(kinds(await deliver(gone))).toEqual(['delivered']);
    expect(await guidOf('a')).toBeUndefined();
    expect(await catalog.active('shop', 'shop://b', 'shelves')).toEqual(['1', '2']);
  });

  it('makes anew a child that was deleted in the moment in which it was renamed', async () => {
    // Atlas answers 200 to what is written by the guid of a deleted entity, and does nothing.
    const [guid, shelf] = [await guidOf('a'), await guidOf('a/2', 'shop_shelf')];
    meddle = async () => {
      await catalog.call('DELETE', `/entity/guid/${shelf}`);
      return undefined;
    };
    expect(kinds(await deliver(renamed))).toEqual(['delivered']);
    expect(await guidOf('b')).toBe(guid);
    expect(await catalog.active('shop', 'shop://b', 'shelves')).toEqual(['1', '2']);
    expect(kinds(await deliver(gone))).not.toContain('missing CATALOG_MISSING_REFERENT');
    expect(await catalog.active('shop', 'shop://b', 'shelves')).toEqual(['1', '2']);
  });
});
