import kafkajs from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { TopicPlan } from '../../../transports/kafka/topic-plan.ts';
import { GroupMember, textRecord } from '../../contracts/transport.ts';
import { hasKafka, kafkaOfRun } from '../../support/kafka/shared.ts';
import { anyPrefix, KafkaWorkshop } from './support.ts';

describe.skipIf(!hasKafka)('the topics of a Kafka', () => {
  const workshop = new KafkaWorkshop();
  const admins: kafkajs.Admin[] = [];
  let brokers: string[];

  beforeAll(async () => {
    brokers = [(await kafkaOfRun()).plain];
  }, 300_000);
  afterAll(async () => {
    for (const admin of admins) await admin.disconnect();
    await workshop.cleanUp();
  });

  const connect = async (): Promise<kafkajs.Admin> => {
    const admin = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING }).admin();
    await admin.connect();
    admins.push(admin);
    return admin;
  };
  const specs = [{ name: 'kept', partitions: 2, retention: { ms: 1000, compact: { tombstoneMs: 5000 } } }];

  it('apply() creates what is missing, corrects settings, and leaves what others have set', async () => {
    const prefix = anyPrefix();
    const plan = new TopicPlan({ brokers, prefix }, specs);
    expect((await plan.differences()).map(({ kind }) => kind)).toEqual(['missing', 'missing', 'missing']);
    expect(await plan.apply()).toHaveLength(3);
    await vi.waitFor(async () => expect(await plan.differences()).toEqual([]), { timeout: 10_000 });
    const admin = await connect();
    const topic = { type: kafkajs.ConfigResourceTypes.TOPIC, name: `${prefix}kept` };
    const set = (...configEntries: { name: string; value: string }[]) =>
      admin.alterConfigs({ validateOnly: false, resources: [{ ...topic, configEntries }] });
    await set({ name: 'cleanup.policy', value: 'delete' }, { name: 'segment.ms', value: '600000' });
    const differences = await plan.differences();
    expect(differences).toContainEqual(
      expect.objectContaining({
        kind: 'setting',
        setting: 'cleanup.policy',
        is: 'delete',
        wanted: 'compact,delete',
      }),
    );
    await plan.apply();
    expect(await plan.differences()).toEqual([]);
    const { resources } = await admin.describeConfigs({ includeSynonyms: false, resources: [topic] });
    const kept = resources[0]?.configEntries.find(({ configName }) => configName === 'segment.ms');
    expect(kept?.configValue).toBe('600000');
  });

  it('apply() changes no number of partitions, and differences() tells of it', async () => {
    const prefix = anyPrefix();
    await new TopicPlan({ brokers, prefix }, specs).apply();
    const more = new TopicPlan({ brokers, prefix }, [
      { name: 'kept', partitions: 5, retention: specs[0]?.retention ?? {} },
    ]);
    expect(await more.apply()).toEqual([]);
    expect(await more.differences()).toMatchObject([{ kind: 'partitions', is: '2', wanted: '5' }]);
  });

  it('subscribe() gives out partitions that were added, and append() uses them', async () => {
    const prefix = anyPrefix();
    const transport = await workshop.open({ prefix, metadataMs: 100 });
    await transport.ensureTopics([{ name: 'grown', partitions: 1 }]);
    const member = new GroupMember(transport, 'grown', 'g');
    await member.nth(0);
    await (await connect()).createPartitions({
      topicPartitions: [{ topic: `${prefix}grown`, count: 3 }],
    });
    await vi.waitFor(() => expect(member.held()).toEqual([0, 1, 2]), { timeout: 20_000 });
    const records = Array.from({ length: 40 }, (_, index) => textRecord(`k${index}`, 'x'));
    const places = await transport.append('grown', records);
    expect(new Set(places.map(({ partition }) => partition))).toEqual(new Set([0, 1, 2]));
    member.leave();
    for (const assignment of member.assignments) await assignment.release();
  });
});
