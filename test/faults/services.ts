import path from 'node:path';
import { EventHubConsumerClient, EventHubProducerClient } from '@azure/event-hubs';
import { BlobServiceClient } from '@azure/storage-blob';
import kafkajs, { type Admin } from 'kafkajs';
import { schedulesTopic, topics } from '../../pipeline/topics.ts';
import type { Transport } from '../../pipeline/transport.ts';
import { createEventHubsTransport } from '../../transports/event-hubs/transport.ts';
import { createKafkaTransport } from '../../transports/kafka/transport.ts';
import { type Azurite, startAzurite } from '../support/azurite.ts';
import { EventHubsServer } from '../support/event-hubs/server.ts';
import { freePort } from '../support/free-port.ts';
import { type StartedBroker, startBroker } from '../support/kafka/broker.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';

/** Where the topics of scenarios live, other than in an embedded log. */
export interface TopicsService {
  /** Fields of the section `transport`; makes what has to be there before. */
  configOf(prefix: string, partitions: number): string;
  /** Opens the topics beside the processes that use them. */
  open(prefix: string): Transport;
  close(): Promise<void>;
}

/** A Kafka of one broker, which the processes reach through a proxy that can cut them off. */
export class KafkaService implements TopicsService {
  readonly broker: StartedBroker;
  readonly proxy: TcpProxy;

  private constructor(broker: StartedBroker, proxy: TcpProxy) {
    this.broker = broker;
    this.proxy = proxy;
  }

  static async start(folder: string): Promise<KafkaService> {
    const behind = await freePort();
    const proxy = await TcpProxy.open(behind);
    const proxied = { port: behind, advertised: proxy.port };
    return new KafkaService(await startBroker(path.join(folder, 'broker'), { proxied }), proxy);
  }

  configOf(prefix: string): string {
    return `kind: kafka, brokers: ['127.0.0.1:${this.proxy.port}'], prefix: ${prefix}`;
  }

  open(prefix: string): Transport {
    return createKafkaTransport({ brokers: [this.broker.plain], prefix });
  }

  /** Does something as an administrator of the cluster. */
  async administer<T>(work: (admin: Admin) => Promise<T>): Promise<T> {
    const { NOTHING } = kafkajs.logLevel;
    const admin = new kafkajs.Kafka({ brokers: [this.broker.plain], logLevel: NOTHING }).admin();
    await admin.connect();
    try {
      return await work(admin);
    } finally {
      await admin.disconnect();
    }
  }

  async close(): Promise<void> {
    await this.broker.kill('SIGKILL');
    this.proxy.close();
  }
}

/** A double of Event Hubs, with Azurite for the blobs. */
export class HubsService implements TopicsService {
  readonly server: EventHubsServer;
  readonly #azurite: Azurite;
  /** Prefixes whose event hubs are there. */
  readonly #made = new Set<string>();

  private constructor(server: EventHubsServer, azurite: Azurite) {
    this.server = server;
    this.#azurite = azurite;
  }

  static async start(): Promise<HubsService> {
    return new HubsService(await EventHubsServer.start(), await startAzurite());
  }

  configOf(prefix: string, partitions: number): string {
    if (!this.#made.has(prefix)) {
      for (const name of Object.values(topics)) this.server.create(prefix + name, partitions);
      this.server.create(prefix + schedulesTopic, 1);
    }
    this.#made.add(prefix);
    const blobs = `blobs: { connectionString: '${this.#azurite.connectionString}' }`;
    return `kind: event-hubs, connectionString: '${this.server.connectionString}', ${blobs}, prefix: ${prefix}`;
  }

  open(prefix: string): Transport {
    const { connectionString } = this.server;
    const retryOptions = { maxRetries: 0, timeoutInMs: 15_000 };
    const blobs = BlobServiceClient.fromConnectionString(this.#azurite.connectionString);
    return createEventHubsTransport({
      connect: {
        producer: (hub) => new EventHubProducerClient(connectionString, hub, { retryOptions }),
        consumer: (hub) => new EventHubConsumerClient('$Default', connectionString, hub, { retryOptions }),
      },
      container: blobs.getContainerClient('purview-streams'),
      prefix,
    });
  }

  async close(): Promise<void> {
    await this.server.close();
    await this.#azurite.stop();
  }
}
