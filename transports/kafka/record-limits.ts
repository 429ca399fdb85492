import kafkajs from 'kafkajs';
import { StreamError } from '../../pipeline/errors.ts';
import { withAdmin } from './admin.ts';
import type { KafkaClient } from './client.ts';

/** What every broker takes that was not told otherwise, and the Kafka endpoint of Event Hubs. */
const usualLimit = 1_000_000;
/** The limit is one of batches: a batch of one record has a head, and grows a little where it cannot be compressed. */
const shareOfRecord = 0.99;
const setting = 'max.message.bytes';

/** Asks the brokers, once for each topic, how large a record of it may be. */
export class RecordLimits {
  readonly #client: KafkaClient;
  readonly #asks: boolean;
  readonly #limits = new Map<string, Promise<number>>();

  /** `asks`: whether the service can tell; else the limit is that of all. */
  constructor(client: KafkaClient, asks: boolean) {
    this.#client = client;
    this.#asks = asks;
  }

  /** Bytes of a record, before compression. Where describing topics is not allowed, the limit is what every broker takes. */
  of(topic: string): Promise<number> {
    let limit = this.#limits.get(topic);
    if (limit === undefined) {
      limit = this.#asks ? this.#ask(topic) : Promise.resolve(usualLimit);
      this.#limits.set(topic, limit);
      limit.catch(() => this.#limits.delete(topic)); // whoever asked hears of it
    }
    return limit;
  }

  async #ask(topic: string): Promise<number> {
    const resource = { type: kafkajs.ConfigResourceTypes.TOPIC, name: topic, configNames: [setting] };
    try {
      const { resources } = await withAdmin(this.#client, `${topic} cannot be described`, (admin) =>
        admin.describeConfigs({ includeSynonyms: false, resources: [resource] }),
      );
      const found = resources[0]?.configEntries.find(({ configName }) => configName === setting);
      const bytes = Number(found?.configValue);
      return Number.isSafeInteger(bytes) && bytes > 0 ? Math.floor(bytes * shareOfRecord) : usualLimit;
    } catch (thrown) {
      if (!(thrown instanceof StreamError) || thrown.retryable) throw thrown;
      return usualLimit;
    }
  }
}
