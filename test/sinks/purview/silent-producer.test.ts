import { expect, it, onTestFinished } from 'vitest';
import { sinks } from '../../../sinks/index.ts';
import { shop } from '../../support/changes.ts';
import { catalogUser, openTestCatalog } from '../../support/local-catalog.ts';
import { deliverer, kinds, never, sinkHost } from '../../support/sink-host.ts';

it('deliver() takes away what only one producer had said when it speaks of the root no more, and nothing of another', async () => {
  const catalog = await openTestCatalog();
  onTestFinished(() => catalog.close());
  const sink = sinks.local.create({ url: catalog.url, ...catalogUser }, sinkHost());
  await sink.open(never);
  const deliver = deliverer(sink);
  await deliver(
    shop('a', { shelves: ['1', '2'], city: 'Ulm' }, { producer: 'p' }),
    shop('a', { shelves: ['2', '3'] }, { producer: 'q' }),
  );
  const silent = shop('a', {}, { producer: 'p', sequence: 2 });
  const entities = silent.entities.map((body) => ({ ...body, attributes: {} }));
  expect(kinds(await deliver({ ...silent, entities }))).toEqual(['delivered']);
  expect(await catalog.active('shop', 'shop://a', 'shelves')).toEqual(['2', '3']);
  const held = await catalog.entity('shop', 'shop://a');
  expect([held?.attributes['name'], held?.attributes['city']]).toEqual(['a', null]);
  expect(kinds(await deliver({ ...silent, entities }))).toEqual(['unchanged']);
});
