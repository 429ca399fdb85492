import { createEmbeddedTransport } from '../../../transports/embedded/transport.ts';
import { stateContract } from '../../contracts/state.ts';
import { transportAdminContract } from '../../contracts/transport-admin.ts';
import { largeEventsContract } from '../../contracts/large-events.ts';
import { transactionsContract } from '../../contracts/transactions.ts';
import { type TransportAdapter, transportContract } from '../../contracts/transport.ts';
import { Workshop } from './support.ts';

const workshop = new Workshop();

const adapter: TransportAdapter = {
  open: async ({ revokeGraceMs }) =>
    createEmbeddedTransport({ folder: workshop.folder(), sessionMs: 20_000, revokeGraceMs }),
  cleanUp: () => workshop.cleanUp(),
};
transportContract('embedded', adapter);
transportAdminContract('embedded', adapter);
transactionsContract('embedded', adapter);
largeEventsContract('embedded', adapter);

let folder = '';
/** Its state is closed with it. */
const openState = async () => {
  const transport = workshop.open({ folder });
  return { ...transport.transactions.state, close: () => transport.close() };
};
stateContract('embedded', {
  open: () => {
    folder = workshop.folder();
    return openState();
  },
  reopen: openState,
  cleanUp: () => workshop.cleanUp(),
});
