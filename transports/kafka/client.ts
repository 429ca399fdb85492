import type { ConnectionOptions } from 'node:tls';
import kafkajs, { type CompressionTypes, type ISocketFactory, type Kafka, type SASLOptions } from 'kafkajs';
import { type Compression, useCompression } from './codecs.ts';
import { openSocket, silent } from './wire.ts';

/** How brokers are reached. */
export interface KafkaClientOptions {
  /** Addresses to begin with, `host:port`. */
  readonly brokers: readonly string[];
  /** How this process calls itself. @default purview-streams */
  readonly clientId?: string;
  /** TLS; true trusts what this machine trusts. @default none */
  readonly ssl?: true | ConnectionOptions;
  /** Who logs in. @default nobody */
  readonly sasl?: SASLOptions;
  /** How batches are compressed. @default gzip */
  readonly compression?: Compression;
  /** How long an answer is waited for before the connection is taken for dead, in milliseconds. @default 30000 */
  readonly requestMs?: number;
  /** How long a call waits for a broker before it rejects with TRANSPORT_UNAVAILABLE, in milliseconds; four times as long once one has answered. @default 15000 */
  readonly patienceMs?: number;
  /** After how long without a word a connection is ended, in milliseconds; it is opened again when it is needed. @default 180000 */
  readonly idleMs?: number;
  /** Opens sockets, for whoever has to go through something. @default kafkajs's */
  readonly socketFactory?: ISocketFactory;
}

/** The client of a cluster, and how it is used. */
export interface KafkaClient {
  readonly kafka: Kafka;
  readonly compression: CompressionTypes;
  readonly patienceMs: number;
  /** Ends every connection, also those that are about to come about. */
  readonly close: () => void;
}

/** In milliseconds. Azure forgets a connection that is idle for 240 s without telling either side, and asks clients to end it after this time (Event Hubs, "Recommended configurations for Apache Kafka clients"). */
export const longestIdleMs = 180_000;

/** Makes a client. It connects nowhere yet. Throws CONFIG_INVALID where a compression is not installed. */
export function createClient(options: KafkaClientOptions): KafkaClient {
  const {
    brokers,
    clientId = 'purview-streams',
    ssl,
    sasl,
    compression = 'gzip',
    requestMs = 30_000,
    idleMs = longestIdleMs,
  } = options;
  const sockets = createSockets(options.socketFactory ?? openSocket, idleMs);
  return {
    compression: useCompression(compression),
    patienceMs: options.patienceMs ?? 15_000,
    close: sockets.close,
    kafka: new kafkajs.Kafka({
      ...silent,
      brokers: [...brokers],
      clientId,
      connectionTimeout: 5000,
      requestTimeout: requestMs,
      retry: { retries: 0 }, // it is ours to try again
      socketFactory: sockets.open,
      ...(ssl === undefined ? {} : { ssl }),
      ...(sasl === undefined ? {} : { sasl }),
    }),
  };
}

/** Sockets that can all be ended: a request that was about to be sent when its connection was ended opens another one, which nobody would end. Each ends by itself when it is idle. */
function createSockets(
  open: ISocketFactory,
  idleMs: number,
): { readonly open: ISocketFactory; readonly close: () => void } {
  const sockets = new Set<ReturnType<ISocketFactory>>();
  let isClosed = false;
  const end = (socket: ReturnType<ISocketFactory>): void => {
    socket.destroy(new Error('The transport is closed.')); // an error is what makes kafkajs give up its requests
  };
  return {
    open: (options) => {
      const socket = open(options);
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      if (isClosed) setImmediate(end, socket); // its listeners come first
      socket.setTimeout(idleMs);
      // kafkajs listens, too, and takes it for closed; where the network has forgotten it, the other side would never answer the goodbye.
      socket.once('timeout', () => setImmediate(() => socket.destroy()));
      return socket;
    },
    close: () => {
      isClosed = true;
      for (const socket of sockets) end(socket);
    },
  };
}
