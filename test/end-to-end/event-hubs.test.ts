import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { schedulesTopic, topics } from '../../pipeline/topics.ts';
import { topicCommandsContract } from '../contracts/topic-commands.ts';
import { type ShopRuns, startShop } from '../support/shop-runs.ts';
import { EventHubsWorkshop } from '../transports/event-hubs/support.ts';

const timeout = 300_000;

const workshop = new EventHubsWorkshop();
const prefix = 'commands.';

/** Fields of the section `transport`; the event hubs are made. */
function configured(prefix: string): string {
  const { server, blobs } = workshop;
  for (const name of Object.values(topics)) server.create(prefix + name, 2);
  server.create(prefix + schedulesTopic, 1);
  const named = prefix === '' ? '' : `prefix: ${prefix}, `;
  return `kind: event-hubs, sessionMs: 10000, ${named}connectionString: '${server.connectionString}', blobs: { connectionString: '${blobs}', container: streams }`;
}

beforeAll(() => workshop.start(), timeout);
afterAll(() => workshop.stop());

topicCommandsContract('Event Hubs', {
  config: async () => configured(prefix),
  open: async () => workshop.open({ prefix }),
  cleanUp: () => workshop.cleanUp(),
  planned: { code: 2, says: 'command line of Azure' },
});

describe('the example shop through Event Hubs', () => {
  let shop: ShopRuns;

  beforeAll(async () => {
    shop = await startShop();
  }, timeout);

  afterAll(() => shop.stop());

  it('run ends in the catalogue that it ends in on the embedded transport', { timeout }, async () => {
    const transport = `transport: { ${configured('')} }`;
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
