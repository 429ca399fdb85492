import { Stages } from '../chaos.ts';
import { faultsInCounts } from '../counts.ts';
import { type Scenario, within } from '../scenario.ts';
import { World } from '../world.ts';

/** Parts in which the events come, so that every stage has something to do while processes are killed. */
const parts = 10;

/** Kill -9 of transform and sink processes in mid-batch, while events come in. */
export const killInMidBatch: Scenario = {
  number: 4,
  title: 'kill -9 of transform and sink processes in mid-batch',
  run: (context) => {
    // On a Kafka each kill costs the rest of a session.
    const [little, few] = (context.kafka ?? context.hubs) === undefined ? [10_000, 8] : [4000, 4];
    const total = context.quick ? little : 100_000;
    const kills = context.quick ? few : 20;
    const schemas = total / 500;
    return within(World.open(context, { schemas, sources: parts }), async (world) => {
      const { events } = world;
      const jobs = 40;
      const poison = 5;
      const tables = total - 2 - schemas - jobs - poison;
      const share = Math.floor(tables / parts);
      await world.startCatalogue();
      const stages = new Stages(world);
      await stages.ready();
      for (let part = 0; part < parts; part += 1) {
        const isFirst = part === 0;
        const isLast = part === parts - 1;
        // The jobs come first of all, and the tables that they read and write last.
        const lines = [
          ...(isFirst ? Array.from({ length: jobs }, (_, job) => events.job(tables - 1 - job, job)) : []),
          ...(isFirst ? events.containers() : []),
          // Some poison breaks the transforms, some is refused by the catalogue.
          ...(part % 4 === 0 ? [events.poison()] : []),
          ...(part % 4 === 2 ? [events.refused()] : []),
          ...events.tables(isLast ? tables - share * (parts - 1) : share),
        ];
        const producing = world.produce(lines);
        const until = Math.round(((part + 1) * kills) / parts);
        for (let kill = Math.round((part * kills) / parts); kill < until; kill += 1) {
          await stages.replaceOne((victim) => victim.kill());
        }
        await producing;
      }
      context.say(`${world.issued.events} events issued, ${kills} processes killed`);
      await world.settle();
      await stages.drain();
      return [...(await world.judge()), ...(await faultsInCounts(world, kills))];
    });
  },
};
