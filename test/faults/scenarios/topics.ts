import kafkajs from 'kafkajs';
import { groups, topics } from '../../../pipeline/topics.ts';
import { topicSettings } from '../../../transports/kafka/admin.ts';
import { Stages } from '../chaos.ts';
import { type Scenario, within } from '../scenario.ts';
import type { KafkaService } from '../services.ts';
import { type Context, World } from '../world.ts';

function kafkaOf({ kafka }: Context): KafkaService {
  if (kafka === undefined) throw new Error('The scenario has no broker.');
  return kafka;
}

/** Changes settings of a compacted topic, and leaves what else it was made with. */
async function change(
  kafka: KafkaService,
  topic: string,
  changed: Readonly<Record<string, string>>,
): Promise<void> {
  const weekMs = 7 * 24 * 3600 * 1000;
  const settings = { ...topicSettings({ compact: { tombstoneMs: weekMs } }), ...changed };
  const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }));
  const type = kafkajs.ConfigResourceTypes.TOPIC;
  await kafka.administer((admin) =>
    admin.alterConfigs({ validateOnly: false, resources: [{ type, name: topic, configEntries }] }),
  );
}

/** The brokers take no dead letters for a while. */
export const lettersRefused: Scenario = {
  number: 22,
  title:
    'dead letters that the brokers do not take: the transform ends and says so, offsets do not move, and it goes on when they do',
  on: 'kafka',
  run: (context) =>
    within(World.open(context, { schemas: 2, sources: 2, partitions: 1 }), async (world) => {
      const kafka = kafkaOf(context);
      const letters = world.prefix + topics.deadLetters;
      const faults: string[] = [];
      await world.startCatalogue();
      await world.produce(world.events.containers());
      await world.settle();
      await change(kafka, letters, { 'max.message.bytes': '100' }); // no letter is as short
      await world.produce([world.events.poison(), ...world.events.tables(100)]);
      const { code, stderr } = await world.command('transform', '--once');
      if (code !== 1 || !stderr.includes('EVENT_TOO_LARGE'))
        faults.push(`the transform ended with ${code}: ${stderr}`);
      if (await hasPassedPoison(world)) faults.push('offsets moved without the dead letters');
      const early = (await world.must('dead-letters', 'list', '--json')).stdout.trim();
      if (early !== '') faults.push('there are dead letters already');
      await change(kafka, letters, {});
      await world.settle();
      return [...faults, ...(await world.judge())];
    }),
};

/** Whether the transform stage has committed an offset behind an event that no transform can make an entity of. */
async function hasPassedPoison(world: World): Promise<boolean> {
  const transport = world.openTopics();
  try {
    const [state] = await transport.describe(topics.raw);
    const committed = state?.committed[groups.transform] ?? 0;
    for await (const { key, offset } of transport.read(topics.raw, 0, 0))
      if (key.includes('/poison') && offset < committed) return true;
    return false;
  } finally {
    await transport.close();
  }
}

/** Committed offsets that are gone, or beyond the end of their partitions. */
export const lostOffsets: Scenario = {
  number: 28,
  title:
    'offsets that are missing or from the future: everything is read again, without another effect, on Kafka',
  on: 'kafka',
  run: (context) =>
    within(World.open(context, { schemas: 2, sources: 1, partitions: 2 }), async (world) => {
      const kafka = kafkaOf(context);
      const faults: string[] = [];
      const groupId = world.prefix + groups.transform;
      await world.startCatalogue();
      const { events } = world;
      const count = 100;
      await world.produce([...events.containers(), events.poison(), ...events.tables(count)]);
      await world.settle();
      const readsAgain = async (what: string): Promise<void> => {
        const { stdout } = await world.must('transform', '--once');
        context.say(`${what}: ${stdout.trim()}`);
        const received = Number(/(\d+) events? received/u.exec(stdout.replaceAll(',', ''))?.[1] ?? 0);
        if (received < count) faults.push(`${what}: ${received} events were read again: ${stdout}`);
      };
      await kafka.administer((admin) => admin.deleteGroups([groupId]));
      await readsAgain('missing');
      const partitions = [0, 1].map((partition) => ({ partition, offset: '1000000' }));
      await kafka.administer((admin) =>
        admin.setOffsets({ groupId, topic: world.prefix + topics.raw, partitions }),
      );
      await readsAgain('from the future');
      await world.settle();
      return [...faults, ...(await world.judge())];
    }),
};

/** Raw events are gone before anybody read them, and the topic is another one of the same name. */
export const topicMadeAnew: Scenario = {
  number: 29,
  title:
    'a topic that was truncated, and one that was made anew with more in it than had been read: nothing of it is skipped, on Kafka',
  on: 'kafka',
  run: (context) =>
    within(World.open(context, { schemas: 2, sources: 3, partitions: 2 }), async (world) => {
      const kafka = kafkaOf(context);
      const { events } = world;
      const raw = world.prefix + topics.raw;
      await world.startCatalogue();
      await world.produce([...events.containers(), ...events.tables(50)]);
      await world.settle();
      const late = await world.source(events.tables(50));
      await world.must('produce', late, '--only', '--once');
      await change(kafka, raw, { 'cleanup.policy': 'delete' }); // nothing is truncated that is compacted
      await kafka.administer(async (admin) => {
        const ends = await admin.fetchTopicOffsets(raw);
        const partitions = ends.map(({ partition }) => ({ partition, offset: '-1' })); // to the end
        await admin.deleteTopicRecords({ topic: raw, partitions });
      });
      await change(kafka, raw, {});
      await world.must('transform', '--once');
      context.say('events were truncated that nobody had read');
      await world.must('produce', late, '--only', '--once'); // the source says everything again at every start
      await world.settle();
      await kafka.administer((admin) => admin.deleteTopics({ topics: [raw] }));
      await world.must('topics', 'apply');
      await world.produce(events.tables(1000));
      await world.settle();
      context.say('the topic was made anew');
      return world.judge();
    }),
};

/** The topics get more partitions while everything works: keys go to other ones than before. */
export const partitionsAdded: Scenario = {
  number: 29,
  title: 'partitions that are added under load: they are read, and the newest of each key stays, on Kafka',
  on: 'kafka',
  run: (context) =>
    within(World.open(context, { schemas: 2, sources: 2, partitions: 2 }), async (world) => {
      const kafka = kafkaOf(context);
      const { events } = world;
      await world.startCatalogue();
      const stages = new Stages(world);
      await stages.ready();
      const name = await world.source([...events.containers(), ...events.tables(context.quick ? 300 : 3000)]);
      await world.must('produce', name, '--only', '--once');
      const revise = () => world.produceAnew(name, [...events.containers(), ...events.revised()]);
      const revising = revise();
      await kafka.administer((admin) =>
        admin.createPartitions({
          topicPartitions: [topics.raw, topics.entities].map((topic) => ({
            topic: world.prefix + topic,
            count: 5,
          })),
        }),
      );
      await revising;
      for (let revision = 0; revision < 2; revision += 1) await revise();
      await world.settle();
      await stages.drain();
      return world.judge();
    }),
};
