/** `npm run event-hubs`: a stand-in for Azure Event Hubs and Blob Storage on this machine to try the transport with, until Ctrl-C. What is in it is gone then. */
import { once } from 'node:events';
import process from 'node:process';
import { schedulesTopic, topics } from '../pipeline/topics.ts';
import { startAzurite } from '../test/support/azurite.ts';
import { EventHubsServer } from '../test/support/event-hubs/server.ts';

const server = await EventHubsServer.start();
for (const name of Object.values(topics)) server.create(`try.${name}`, 2);
server.create(`try.${schedulesTopic}`, 1);
const azurite = await startAzurite();
process.stdout.write(
  `export EVENT_HUBS='${server.connectionString}'\nexport BLOBS='${azurite.connectionString}'\n`,
);
process.stderr.write('Those lines go into another terminal. Ctrl-C ends.\n');
await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
await azurite.stop();
await server.close();
