import type { ConnectionOptions } from 'node:tls';
import kafkajs, { type CompressionTypes, type ISocketFactory, type Kafka, type SASLOptions } from 'kafkajs';
import { type Compression, useCompression } from './codecs.ts';
import { silent } from './wire.ts';

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
  /** Opens sockets, for whoever has to go through something. @default kafkajs's */
  readonly socketFactory?: ISocketFactory;
}

/** The client of a cluster, and how it is used. */
export interface KafkaClient {
  readonly kafka: Kafka;
  readonly compression: CompressionTypes;
  readonly patienceMs: number;
}

/** Makes a client. It connects nowhere yet. Throws CONFIG_INVALID where a compression is not installed. */
export function createClient(options: KafkaClientOptions): KafkaClient {
  const {
    brokers,
    clientId = 'purview-streams',
    ssl,
    sasl,
    compression = 'gzip',
    requestMs = 30_000,
  } = options;
  return {
    compression: useCompression(compression),
    patienceMs: options.patienceMs ?? 15_000,
    kafka: new kafkajs.Kafka({
      ...silent,
      brokers: [...brokers],
      clientId,
      connectionTimeout: 5000,
      requestTimeout: requestMs,
      retry: { retries: 0 }, // it is ours to try again
      ...(options.socketFactory === undefined ? {} : { socketFactory: options.socketFactory }),
      ...(ssl === undefined ? {} : { ssl }),
      ...(sasl === undefined ? {} : { sasl }),
    }),
  };
}
