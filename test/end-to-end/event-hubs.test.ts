import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { schedulesTopic, topics } from '../../pipeline/topics.ts';
import { type Azurite, startAzurite } from '../support/azurite.ts';
import { EventHubsServer } from '../support/event-hubs/server.ts';
import { type ShopRuns, startShop } from '../support/shop-runs.ts';

const timeout = 300_000;

describe('the example shop through Event Hubs', () => {
  let shop: ShopRuns;
  let server: EventHubsServer;
  let azurite: Azurite;

  beforeAll(async () => {
    server = await EventHubsServer.start();
    for (const name of Object.values(topics)) server.create(name, 2);
    server.create(schedulesTopic, 1);
    azurite = await startAzurite();
    shop = await startShop();
  }, timeout);

  afterAll(async () => {
    await shop.stop();
    await server.close();
    await azurite.stop();
  });

  it('run ends in the catalogue that it ends in on the embedded transport', { timeout }, async () => {
    const transport = `transport: { kind: event-hubs, connectionString: '${server.connectionString}', blobs: { connectionString: '${azurite.connectionString}' } }`;
    await shop.run('embedded');
    await shop.run('event-hubs', { transport });
    const expected = await shop.exported('embedded');
    expect(await shop.exported('event-hubs')).toBe(expected);
    const again = JSON.parse(await shop.run('event-hubs', { transport, args: ['--json'] })) as {
      readonly writeCalls: number;
    };
    expect(again.writeCalls).toBe(0);
    expect(await shop.exported('event-hubs')).toBe(expected);
  });
});
