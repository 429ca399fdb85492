import { expect, it } from 'vitest';
import { sinks } from '../../../sinks/index.ts';
import { sinkContract } from '../../contracts/sink.ts';
import { type CatalogUnderTest, catalogUser, openTestCatalog } from '../../support/local-catalog.ts';
import { sinkHost } from '../../support/sink-host.ts';

let catalog: CatalogUnderTest;

sinkContract('local', {
  create: async () => {
    catalog = await openTestCatalog();
    return sinks.local.create({ url: catalog.url, ...catalogUser }, sinkHost());
  },
  cleanUp: () => catalog.close(),
});

it('create() throws CONFIG_INVALID when there is a user without a password', () => {
  expect(() => sinks.atlas.create({ url: 'http://127.0.0.1:1', user: 'u' }, sinkHost())).toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID' }),
  );
});

it.each(Object.entries(sinks))('every option of the sink %s says what it is for', (_, component) => {
  expect(component.summary).not.toBe('');
  const silent = Object.entries(component.options.shape).filter(
    ([, field]) => field.description === undefined,
  );
  expect(silent).toEqual([]);
});
