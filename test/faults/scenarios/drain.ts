import { Stages } from '../chaos.ts';
import { faultsInCounts } from '../counts.ts';
import { type Scenario, within } from '../scenario.ts';
import { World } from '../world.ts';

/** SIGTERM in mid-batch: what is in flight is settled, what was not begun is given back. */
export const drainInMidBatch: Scenario = {
  number: 5,
  title: 'SIGTERM drains what is in flight, exits 0, and the rest goes to the next process',
  run: (context) => {
    const total = context.quick ? 4000 : 40_000;
    const stops = context.quick ? 6 : 12;
    return within(World.open(context, { schemas: 10, sources: stops + 1 }), async (world) => {
      const faults: string[] = [];
      await world.startCatalogue();
      const stages = new Stages(world);
      await stages.ready();
      await world.produce(world.events.containers());
      for (let stop = 0; stop < stops; stop += 1) {
        const producing = world.produce(world.events.tables(Math.floor(total / stops)));
        await stages.replaceOne(async (victim) => {
          const { code, stdout, stderr } = await victim.drain();
          if (code !== 0) faults.push(`${victim.name} ended with ${code}: ${stderr}`);
          if (!stderr.includes('Drained:'))
            faults.push(`${victim.name} does not say what it drained: ${stderr}`);
          context.say(stdout.trim() || `${victim.name} had nothing`);
        });
        await producing;
      }
      await world.settle();
      await stages.drain();
      return [...faults, ...(await world.judge()), ...(await faultsInCounts(world, stops))];
    });
  },
};
