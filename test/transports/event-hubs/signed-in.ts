/** A process that signs in to event hubs with a credential, by TLS: `signed-in.ts PORT BLOBS PREFIX`. Says as JSON what tokens are for, and what it has read of what it appended. */
import process from 'node:process';
import { openEventHubs } from '../../../cli/open-event-hubs.ts';
import { transportSchema } from '../../../pipeline/transport-config.ts';

const [port, blobs = '', prefix = ''] = process.argv.slice(2);
const scopes = new Set<string>();
const config = transportSchema.parse({
  kind: 'event-hubs',
  namespace: 'streams.servicebus.windows.net',
  prefix,
  blobs: { connectionString: blobs, container: 'streams' },
});
const transport = await openEventHubs(config, {
  endpoint: `sb://localhost:${port}`,
  connect: async () => ({
    getToken: async (scope) => {
      scopes.add(scope);
      return { token: 'a.token.of.entra', expiresOnTimestamp: Date.now() + 3_600_000 };
    },
  }),
});
await transport.append('one', [{ key: 'k', value: Buffer.from('x'), headers: {} }]);
const keys: string[] = [];
for await (const { key } of transport.read('one', 0, 0)) keys.push(key);
await transport.close();
process.stdout.write(JSON.stringify({ scopes: [...scopes], keys }));
