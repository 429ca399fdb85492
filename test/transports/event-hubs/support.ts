import { randomUUID } from 'node:crypto';
import { EventHubConsumerClient, EventHubProducerClient } from '@azure/event-hubs';
import { BlobServiceClient } from '@azure/storage-blob';
import type { Transport } from '../../../pipeline/transport.ts';
import {
  createEventHubsTransport,
  type EventHubsTransportOptions,
} from '../../../transports/event-hubs/transport.ts';
import { type Azurite, startAzurite } from '../../support/azurite.ts';
import { EventHubsServer } from '../../support/event-hubs/server.ts';

const hubs = { one: 1, four: 4, another: 1, in: 1, out: 1 };

/** Opens transports on a test server and an Azurite, each apart from all others, and closes them again. */
export class EventHubsWorkshop {
  readonly #opened: Transport[] = [];
  #server: EventHubsServer | undefined;
  #azurite: Azurite | undefined;

  async start(): Promise<void> {
    this.#server = await EventHubsServer.start();
    this.#azurite = await startAzurite();
  }

  /** The server of event hubs. */
  get server(): EventHubsServer {
    if (this.#server === undefined) throw new Error('It is not started.');
    return this.#server;
  }

  /** What the blobs are reached with. */
  get blobs(): string {
    return this.#azurite?.connectionString ?? '';
  }

  /** A prefix of event hubs and blobs that nothing else has; the event hubs of the contract are there. */
  anyPrefix(): string {
    const prefix = `${randomUUID()}.`;
    for (const [name, partitions] of Object.entries(hubs)) this.server.create(prefix + name, partitions);
    return prefix;
  }

  /** Opens one; `port` is that of a proxy to go through. */
  open({
    port,
    ...options
  }: Partial<EventHubsTransportOptions> & { readonly port?: number } = {}): Transport {
    const { connectionString: direct } = this.server;
    const connectionString =
      port === undefined ? direct : direct.replace(/localhost:\d+/, `localhost:${port}`);
    const blobs = BlobServiceClient.fromConnectionString(this.blobs);
    const retryOptions = { maxRetries: 0, timeoutInMs: 10_000 };
    const transport = createEventHubsTransport({
      connect: {
        producer: (hub) => new EventHubProducerClient(connectionString, hub, { retryOptions }),
        consumer: (hub) => new EventHubConsumerClient('$Default', connectionString, hub, { retryOptions }),
      },
      container: blobs.getContainerClient('streams'),
      prefix: options.prefix ?? this.anyPrefix(),
      sessionMs: 20_000,
      heartbeatMs: 50,
      ...options,
    });
    this.#opened.push(transport);
    return transport;
  }

  async cleanUp(): Promise<void> {
    for (const transport of this.#opened.splice(0)) await transport.close();
  }

  async stop(): Promise<void> {
    await this.#server?.close();
    await this.#azurite?.stop();
  }
}
