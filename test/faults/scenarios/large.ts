import path from 'node:path';
import { topics } from '../../../pipeline/topics.ts';
import { topicSettings } from '../../../transports/kafka/admin.ts';
import kafkajs from 'kafkajs';
import { Stages } from '../chaos.ts';
import { type Scenario, within } from '../scenario.ts';
import { type Context, World } from '../world.ts';

/** Characters of a large text, and of one that no event may have. */
const [large, tooLarge] = [1_500_000, 5_000_000];
const maxBytes = 4_000_000;

/** Events that no record may hold, among small ones, and one that no event may be; stages are killed meanwhile. */
export const oversized: Scenario = {
  number: 16,
  title:
    'events larger than a record may be: whole in the catalogue, in parts and put aside; one larger than any may be is one dead letter',
  run: async (context) => {
    const hasLimit = (context.kafka ?? context.hubs) !== undefined;
    const put = [undefined, path.join(context.folder, 'put-aside')];
    const faults: string[] = [];
    for (const folder of hasLimit ? put : [undefined]) {
      context.say(folder === undefined ? 'in parts' : 'put aside');
      faults.push(...(await throughLarge(context, folder)));
    }
    return faults;
  },
};

function throughLarge(context: Context, folder: string | undefined): Promise<readonly string[]> {
  const rounds = context.quick ? 1 : 5;
  const aside = folder === undefined ? '' : `, claimCheck: { folder: ${folder} }`;
  const options = {
    schemas: 2,
    sources: rounds + 1,
    partitions: 2,
    events: `{ maxBytes: ${maxBytes}${aside} }`,
    creditBytes: 1_000_000, // less than one of them has
  };
  return within(World.open(context, options), async (world) => {
    const { events } = world;
    await world.startCatalogue();
    await world.produce(events.containers());
    if (context.kafka !== undefined) await narrow(context.kafka, world.prefix);
    const stages = new Stages(world);
    await stages.ready();
    for (let round = 0; round < rounds; round += 1) {
      const lines = [events.large(large), ...events.tables(100), events.large(large), events.large(large)];
      const producing = world.produce([...lines, events.tooLarge(tooLarge), events.refused(large)]);
      await stages.replaceOne((victim) => victim.kill());
      await producing;
    }
    await world.settle();
    await stages.drain();
    return world.judge();
  });
}

/** Gives the topics the limit that brokers have which were not told otherwise. */
async function narrow(kafka: NonNullable<Context['kafka']>, prefix: string): Promise<void> {
  const type = kafkajs.ConfigResourceTypes.TOPIC;
  const settings = { ...topicSettings(), 'max.message.bytes': '1000000' };
  const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }));
  const resources = [topics.raw, topics.entities, topics.deadLetters].map((topic) => ({
    type,
    name: prefix + topic,
    configEntries,
  }));
  await kafka.administer((admin) => admin.alterConfigs({ validateOnly: false, resources }));
}
