import kafkajs, { type Admin, type ConfigEntries } from 'kafkajs';
import type { TopicSpec } from '../../pipeline/transport.ts';
import { stateSpecs, topicSettings, withAdmin } from './admin.ts';
import { createClient, type KafkaClient, type KafkaClientOptions } from './client.ts';

/** What differs between a topic as it is and as it is wanted. Names are those of the cluster. */
export interface TopicDifference {
  readonly topic: string;
  /**
   * missing: it is to be created. setting: one of its settings is another one. partitions: it has another number of them, which is not changed: a key
   * would go to another partition, past what is still to be read of it.
   */
  readonly kind: 'missing' | 'setting' | 'partitions';
  /** Name of the setting; empty for the others. */
  readonly setting: string;
  /** What is there; null where it is missing. */
  readonly is: string | null;
  readonly wanted: string;
}

/** The topics of a cluster beside those that are wanted. */
export class TopicPlan {
  readonly #client: KafkaClient;
  readonly #wanted: readonly TopicSpec[];

  /** `prefix` begins their names in the cluster. */
  constructor(options: KafkaClientOptions & { readonly prefix?: string }, topics: readonly TopicSpec[]) {
    this.#client = createClient(options);
    const { prefix = '' } = options;
    this.#wanted = [...topics, ...stateSpecs].map((spec) => ({ ...spec, name: prefix + spec.name }));
  }

  /** What differs, topic by topic. Rejects as the transport does. */
  differences(): Promise<readonly TopicDifference[]> {
    return withAdmin(this.#client, 'The topics cannot be compared', async (admin) => {
      const known = new Set(await admin.listTopics());
      const there = this.#wanted.filter(({ name }) => known.has(name)).map(({ name }) => name);
      if (there.length === 0) return this.#wanted.map(missing);
      const { topics } = await admin.fetchTopicMetadata({ topics: there });
      const settings = await settingsOf(admin, there);
      return this.#wanted.flatMap((spec): readonly TopicDifference[] => {
        const { name } = spec;
        if (!known.has(name)) return [missing(spec)];
        const count = topics.find((topic) => topic.name === name)?.partitions.length ?? 0;
        return [...partitionDifference(spec, count), ...settingDifferences(spec, settings.get(name) ?? [])];
      });
    });
  }

  /** Makes the topics as they are wanted, but for the number of partitions of those that exist. Resolves with what it has changed. */
  async apply(): Promise<readonly TopicDifference[]> {
    const differences = (await this.differences()).filter(({ kind }) => kind !== 'partitions');
    const created = this.#wanted.filter(({ name }) => has(differences, name, 'missing'));
    const changed = this.#wanted.filter(({ name }) => has(differences, name, 'setting'));
    await withAdmin(this.#client, 'The topics cannot be changed', async (admin) => {
      if (created.length > 0)
        await admin.createTopics({
          topics: created.map(({ name, partitions, retention }) => ({
            topic: name,
            numPartitions: partitions,
            configEntries: entriesOf(retention),
          })),
        });
      if (changed.length === 0) return;
      const settings = await settingsOf(
        admin,
        changed.map(({ name }) => name),
      );
      await admin.alterConfigs({
        validateOnly: false,
        resources: changed.map(({ name, retention }) => ({
          type: kafkajs.ConfigResourceTypes.TOPIC,
          name,
          configEntries: [...others(settings.get(name) ?? [], retention), ...entriesOf(retention)],
        })),
      });
    });
    return differences;
  }
}

/** Settings of topics, with where each comes from. */
async function settingsOf(
  admin: Admin,
  topics: readonly string[],
): Promise<ReadonlyMap<string, readonly ConfigEntries[]>> {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: topics.map((name) => ({ type: kafkajs.ConfigResourceTypes.TOPIC, name })),
  });
  return new Map(resources.map(({ resourceName, configEntries }) => [resourceName, configEntries]));
}

/** What somebody else has set on a topic: the request to change settings would undo all that it does not name. */
function others(
  entries: readonly ConfigEntries[],
  retention: TopicSpec['retention'],
): { name: string; value: string }[] {
  const ours = topicSettings(retention);
  return entries
    .filter(({ configName, isDefault }) => !isDefault && !(configName in ours))
    .map(({ configName, configValue }) => ({ name: configName, value: configValue }));
}

function entriesOf(retention: TopicSpec['retention']): { name: string; value: string }[] {
  return Object.entries(topicSettings(retention)).map(([name, value]) => ({ name, value }));
}

function has(
  differences: readonly TopicDifference[],
  name: string,
  wanted: TopicDifference['kind'],
): boolean {
  return differences.some(({ topic, kind }) => topic === name && kind === wanted);
}

function missing({ name, partitions, retention }: TopicSpec): TopicDifference {
  const settings = Object.entries(topicSettings(retention)).map(([setting, value]) => `${setting}=${value}`);
  const wanted = `${partitions} ${partitions === 1 ? 'partition' : 'partitions'}, ${settings.join(', ')}`;
  return { topic: name, kind: 'missing', setting: '', is: null, wanted };
}

function partitionDifference({ name, partitions }: TopicSpec, count: number): readonly TopicDifference[] {
  if (count === partitions) return [];
  const kind = 'partitions';
  return [{ topic: name, kind, setting: '', is: String(count), wanted: String(partitions) }];
}

function settingDifferences(
  { name, retention }: TopicSpec,
  entries: readonly ConfigEntries[],
): readonly TopicDifference[] {
  const is = new Map(entries.map(({ configName, configValue }) => [configName, configValue]));
  return Object.entries(topicSettings(retention)).flatMap(([setting, wanted]) => {
    const value = is.get(setting) ?? '';
    return isSame(value, wanted)
      ? []
      : [{ topic: name, kind: 'setting' as const, setting, is: value, wanted }];
  });
}

/** A list of policies has no order. */
function isSame(is: string, wanted: string): boolean {
  return is.split(',').sort().join(',') === wanted.split(',').sort().join(',');
}
