import type { Kafka, Producer, SASLOptions } from 'kafkajs';
import { z } from 'zod';
import { messageOf, StreamError } from '../../pipeline/errors.ts';
import { type SinkComponent, sinkComponent } from '../../pipeline/sink-component.ts';
import { stateOf } from './applied.ts';
import { type HookRecord, HookSink, type HookTopic } from './hook-sink.ts';

const options = z.strictObject({
  brokers: z
    .array(z.string().min(1))
    .min(1)
    .describe('Addresses to begin with, `host:port`: of the Kafka that Atlas listens to.'),
  topic: z.string().min(1).default('ATLAS_HOOK').describe('The topic of its hooks.'),
  user: z.string().min(1).default('purview-streams').describe('Whom Atlas calls the author of a change.'),
  ssl: z.boolean().default(false).describe('Whether connections are encrypted (TLS).'),
  login: z
    .strictObject({
      mechanism: z.enum(['plain', 'scram-sha-256', 'scram-sha-512']).describe('How to log in.'),
      username: z.string().describe('User.'),
      password: z.string().describe('Password; write it as ${env:NAME} or ${file:PATH}.'),
    })
    .optional()
    .describe('Who logs in to Kafka; nobody where it is left out.'),
  timeoutMs: z.number().int().min(1).default(30_000).describe('Milliseconds for one request.'),
});

type HookOptions = z.output<typeof options>;

/** Apache Atlas by the topic of its hooks. */
export const atlasHook: SinkComponent = sinkComponent({
  summary:
    "Apache Atlas 2.x by its hooks' Kafka topic, where its REST interface cannot be reached; nobody answers there.",
  options,
  create: (given, host) =>
    new HookSink({
      topic: new KafkaHookTopic(given),
      user: given.user,
      host: { ...host, state: stateOf(host.state, `hook:${given.brokers.join(',')}/${given.topic}`) },
    }),
});

/** Records of one request stay below what brokers take. */
const requestBytes = 1_000_000;

class KafkaHookTopic implements HookTopic {
  readonly #options: HookOptions;
  #producer: Producer | undefined;

  constructor(given: HookOptions) {
    this.#options = given;
  }

  async open(): Promise<void> {
    const { topic } = this.#options;
    const kafka = await client(this.#options);
    const admin = kafka.admin();
    try {
      await admin.connect();
      await admin.fetchTopicMetadata({ topics: [topic] });
      this.#producer = kafka.producer({ allowAutoTopicCreation: false, maxInFlightRequests: 1 });
      await this.#producer.connect();
    } catch (thrown) {
      throw new StreamError(
        'CATALOG_UNAVAILABLE',
        `The topic ${topic} of Atlas cannot be reached: ${messageOf(thrown)}.`,
        { cause: thrown, advice: 'Look at sink.brokers and sink.topic; Atlas itself creates the topic.' },
      );
    } finally {
      await admin.disconnect();
    }
  }

  async send(records: readonly HookRecord[]): Promise<void> {
    for (const part of parts(records)) await this.#send(part);
  }

  async #send(messages: readonly HookRecord[]): Promise<void> {
    const { topic, timeoutMs } = this.#options;
    if (this.#producer === undefined) throw new StreamError('CATALOG_UNAVAILABLE', 'The sink is not open.');
    try {
      await this.#producer.send({ topic, messages: [...messages], acks: -1, timeout: timeoutMs });
    } catch (thrown) {
      throw new StreamError(
        'CATALOG_UNAVAILABLE',
        `The topic ${topic} did not take ${messages.length} messages: ${messageOf(thrown)}.`,
        { cause: thrown },
      );
    }
  }

  async close(): Promise<void> {
    const producer = this.#producer;
    this.#producer = undefined;
    await producer?.disconnect();
  }
}

async function client({ brokers, ssl, login, timeoutMs }: HookOptions): Promise<Kafka> {
  const { default: kafkajs } = await import('kafkajs'); // loaded where it is used: most sinks need none
  return new kafkajs.Kafka({
    clientId: 'purview-streams',
    brokers: [...brokers],
    ssl,
    requestTimeout: timeoutMs,
    connectionTimeout: timeoutMs,
    retry: { retries: 2 },
    logLevel: kafkajs.logLevel.NOTHING,
    ...(login === undefined ? {} : { sasl: login as SASLOptions }),
  });
}

/** Records in requests, in their order. */
function* parts(records: readonly HookRecord[]): Generator<readonly HookRecord[]> {
  let part: HookRecord[] = [];
  let bytes = 0;
  for (const record of records) {
    const size = Buffer.byteLength(record.value);
    if (part.length > 0 && bytes + size > requestBytes) {
      yield part;
      part = [];
      bytes = 0;
    }
    part.push(record);
    bytes += size;
  }
  if (part.length > 0) yield part;
}
