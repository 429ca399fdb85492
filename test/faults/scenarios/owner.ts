import { setTimeout as delay } from 'node:timers/promises';
import { Stages } from '../chaos.ts';
import { faultsInCounts } from '../counts.ts';
import { type Scenario, within } from '../scenario.ts';
import { World } from '../world.ts';

/** What a broker's restart is for an embedded log: who writes to it dies, and everybody closes it and opens it again under load. */
export const ownerDies: Scenario = {
  number: 1,
  title: 'the processes that write to the log die, and it is opened anew under load',
  run: (context) => {
    const total = context.quick ? 6000 : 40_000;
    const rounds = context.quick ? 2 : 6;
    return within(World.open(context, { schemas: 20, sources: rounds }), async (world) => {
      const { events } = world;
      await world.startCatalogue();
      for (let round = 0; round < rounds; round += 1) {
        const stages = new Stages(world);
        const containers = round === 0 ? events.containers() : [];
        const lines = [...containers, events.poison(), ...events.tables(Math.floor(total / rounds))];
        const source = await world.source(lines);
        const producer = world.begin(`produce ${source}`, world.producing(source));
        await producer.says('Metrics:');
        await delay(context.random() * 400); // the moment of the kill is what varies
        await producer.kill();
        context.say(`killed the producer of ${lines.length} events`);
        await world.must('produce', source, '--only', '--once');
        await delay(context.random() * 1000);
        await Promise.all(stages.processes.map((running) => running.kill()));
        context.say('killed every process that has the log open');
      }
      await world.settle();
      return [...(await world.judge()), ...(await faultsInCounts(world, rounds * 4))];
    });
  },
};
