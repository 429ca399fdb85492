import { createEmbeddedTransport } from '../../../transports/embedded/transport.ts';
import { transportContract } from '../../contracts/transport.ts';
import { Workshop } from './support.ts';

const workshop = new Workshop();

transportContract('embedded', {
  open: async ({ revokeGraceMs }) =>
    createEmbeddedTransport({ folder: workshop.folder(), sessionMs: 20_000, revokeGraceMs }),
  cleanUp: () => workshop.cleanUp(),
});
