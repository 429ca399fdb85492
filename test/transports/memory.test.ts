import { expect, it } from 'vitest';
import type { Transport } from '../../pipeline/transport.ts';
import { createAtLeastOnce } from '../../platform/at-least-once.ts';
import { createMemoryTransport } from '../../transports/memory.ts';
import { transportAdminContract } from '../contracts/transport-admin.ts';
import { largeEventsContract } from '../contracts/large-events.ts';
import { transactionsContract } from '../contracts/transactions.ts';
import { type TransportAdapter, transportContract } from '../contracts/transport.ts';
import { having } from '../support/having.ts';

const adapter: TransportAdapter = {
  open: async (options) => createMemoryTransport(options),
  cleanUp: async () => undefined,
};
/** The same, with transactions that promise at-least-once. */
const atLeastOnce: TransportAdapter = {
  ...adapter,
  open: async (options) => {
    const transport = createMemoryTransport(options);
    const append: Transport['append'] = (topic, records) => transport.append(topic, records);
    return having(transport, { transactions: createAtLeastOnce(transport.transactions, append) });
  },
};
transportContract('memory', adapter);
transportAdminContract('memory', adapter);
transactionsContract('memory', adapter);
transactionsContract('memory, at-least-once', atLeastOnce);
largeEventsContract('memory', adapter);

it('ensureTopics() refuses a topic without partitions', async () => {
  const transport = createMemoryTransport();
  for (const partitions of [0, -1, 1.5, Number.NaN]) {
    await expect(transport.ensureTopics([{ name: 't', partitions }])).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    });
  }
});
