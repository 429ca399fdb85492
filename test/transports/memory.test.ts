import { expect, it } from 'vitest';
import { createMemoryTransport } from '../../transports/memory.ts';
import { transportAdminContract } from '../contracts/transport-admin.ts';
import { largeEventsContract } from '../contracts/large-events.ts';
import { transactionsContract } from '../contracts/transactions.ts';
import { type TransportAdapter, transportContract } from '../contracts/transport.ts';

const adapter: TransportAdapter = {
  open: async (options) => createMemoryTransport(options),
  cleanUp: async () => undefined,
};
transportContract('memory', adapter);
transportAdminContract('memory', adapter);
transactionsContract('memory', adapter);
largeEventsContract('memory', adapter);

it('ensureTopics() refuses a topic without partitions', async () => {
  const transport = createMemoryTransport();
  for (const partitions of [0, -1, 1.5, Number.NaN]) {
    await expect(transport.ensureTopics([{ name: 't', partitions }])).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    });
  }
});
