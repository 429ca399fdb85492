import { afterEach, beforeEach, expect, it } from 'vitest';
import { z } from 'zod';
import { sinks } from '../../../sinks/index.ts';
import { shop, shopProcess } from '../../support/changes.ts';
import { startServer, type TestServer } from '../../support/http-server.ts';
import { type CatalogUnderTest, catalogUser, openTestCatalog } from '../../support/local-catalog.ts';
import { deliverer, kinds, never, sinkHost } from '../../support/sink-host.ts';

const related = z.array(
  z.looseObject({ displayText: z.string(), relationshipGuid: z.string(), relationshipStatus: z.string() }),
);

let catalog: CatalogUnderTest;
let forgetful: TestServer;
/** Inputs of the process that the server in between loses with every bulk request. */
let loses: readonly string[] = [];

/** Atlas 2.1 and 2.4 with soft deletes may answer 200 and lose references that a full update puts back into a set. */
beforeEach(async () => {
  loses = [];
  catalog = await openTestCatalog();
  forgetful = await startServer(async (request, response) => {
    const answer = await fetch(catalog.url + request.url, {
      method: request.method,
      headers: { authorization: request.headers.authorization ?? '', 'content-type': 'application/json' },
      ...(request.body === '' ? {} : { body: request.body }),
    });
    const text = await answer.text();
    if (request.url.includes('/entity/bulk')) await lose();
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(text);
  });
});

afterEach(async () => {
  await forgetful.close();
  await catalog.close();
});

async function lose(): Promise<void> {
  const entity = await catalog.entity('shop_process', 'process://job');
  const inputs = related.parse(entity?.relationshipAttributes?.['inputs'] ?? []);
  const lost = inputs.filter((one) => loses.includes(one.displayText) && one.relationshipStatus === 'ACTIVE');
  for (const { relationshipGuid } of lost) {
    await catalog.call('DELETE', `/relationship/guid/${relationshipGuid}`);
  }
}

it('deliver() reads back and repairs the references that a full update lost', async () => {
  const options = { url: forgetful.url, ...catalogUser };
  const job = (inputs: readonly string[], sequence: number) =>
    shopProcess('job', { inputs, outputs: ['out'] }, { sequence });
  const first = sinks.local.create(options, sinkHost());
  await first.open(never);
  await deliverer(first)(...['a', 'b', 'c', 'out'].map((name) => shop(name)), job(['a', 'b', 'c'], 1));
  // Without its state the sink cannot know what was there: the whole list goes with the request, since somebody has changed the rest.
  await catalog.call('PUT', '/entity/uniqueAttribute/type/shop_process?attr:qualifiedName=process://job', {
    entity: { typeName: 'shop_process', attributes: { name: 'by hand' } },
  });
  const second = sinks.local.create(options, sinkHost());
  await second.open(never);
  loses = ['b', 'c'];
  expect(kinds(await deliverer(second)(job(['a', 'b', 'c'], 2)))).toEqual(['delivered']);
  expect(await catalog.active('shop_process', 'process://job', 'inputs')).toEqual(['a', 'b', 'c']);
});

it('deliver() makes all references anew when the process was deleted by somebody else', async () => {
  const sink = sinks.local.create({ url: forgetful.url, ...catalogUser }, sinkHost());
  await sink.open(never);
  const deliver = deliverer(sink);
  const job = (sequence: number, tags: string) => {
    const change = shopProcess('job', { inputs: ['a', 'b'], outputs: ['out'] }, { sequence });
    const entities = change.entities.map((e) => ({
      ...e,
      attributes: { ...e.attributes, description: tags },
    }));
    return { ...change, entities };
  };
  await deliver(...['a', 'b', 'out'].map((name) => shop(name)), job(1, 'x'));
  const guid = (await catalog.entity('shop_process', 'process://job'))?.guid ?? '';
  await catalog.call('DELETE', `/entity/guid/${guid}`);
  expect(kinds(await deliver(job(2, 'y')))).toEqual(['delivered']);
  expect(await catalog.active('shop_process', 'process://job', 'inputs')).toEqual(['a', 'b']);
  expect(await catalog.active('shop_process', 'process://job', 'outputs')).toEqual(['out']);
});
