import { afterAll, beforeAll, describe } from 'vitest';
import { stateContract } from '../../contracts/state.ts';
import { largeEventsContract } from '../../contracts/large-events.ts';
import { transactionsContract } from '../../contracts/transactions.ts';
import { transportContract } from '../../contracts/transport.ts';
import { transportAdminContract } from '../../contracts/transport-admin.ts';
import { EventHubsWorkshop } from './support.ts';

describe('the contract of a transport, on Event Hubs', () => {
  const workshop = new EventHubsWorkshop();
  beforeAll(() => workshop.start());
  afterAll(() => workshop.stop());

  const adapter = {
    open: async (options: { readonly revokeGraceMs: number }) => workshop.open(options),
    cleanUp: () => workshop.cleanUp(),
    tellsOffsets: false,
  };
  transportContract('event-hubs', adapter);
  transportAdminContract('event-hubs', adapter);
  transactionsContract('event-hubs', adapter);
  largeEventsContract('event-hubs', adapter);

  let prefix = '';
  const openState = async () => workshop.open({ prefix }).transactions.state;
  stateContract('event-hubs', {
    open: () => {
      prefix = workshop.anyPrefix();
      return openState();
    },
    reopen: openState,
    cleanUp: () => workshop.cleanUp(),
  });
});
