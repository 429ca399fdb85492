import { setTimeout as delay } from 'node:timers/promises';
import { Stages } from '../chaos.ts';
import { faultsInCounts } from '../counts.ts';
import { type Scenario, within } from '../scenario.ts';
import { World } from '../world.ts';

/** The only broker is killed, or stopped cleanly, while everything works, and comes back after a while. */
export const brokerRestarts: Scenario = {
  number: 1,
  title: 'the broker is killed and comes back, under load, on Kafka',
  on: 'kafka',
  run: (context) => {
    const { kafka } = context;
    if (kafka === undefined) throw new Error('The scenario has no broker.');
    const total = context.quick ? 4000 : 40_000;
    const rounds = context.quick ? 2 : 6;
    return within(World.open(context, { schemas: 20, sources: rounds, sessionMs: 6000 }), async (world) => {
      const { events } = world;
      await world.startCatalogue();
      const stages = new Stages(world);
      await stages.ready();
      for (let round = 0; round < rounds; round += 1) {
        const containers = round === 0 ? events.containers() : [];
        const lines = [...containers, events.poison(), ...events.tables(Math.floor(total / rounds))];
        const source = await world.source(lines);
        const produce = () => world.command('produce', source, '--only', '--once');
        const producing = produce();
        await delay(1000 + context.random() * 3000); // the moment of the kill is what varies
        const signal = round % 2 === 0 ? 'SIGKILL' : 'SIGTERM';
        await kafka.broker.kill(signal);
        await delay(context.random() * 4000);
        await kafka.broker.restart();
        context.say(`the broker was ended by ${signal}, and is back`);
        // A scan that the broker was away for too long is done again.
        if ((await producing).code !== 0) await world.must('produce', source, '--only', '--once');
      }
      await world.settle();
      const ended = stages.processes.filter(({ isRunning }) => !isRunning);
      await stages.drain();
      return [
        ...ended.map(({ name, output }) => `${name} has ended: ${output}`),
        ...(await world.judge()),
        ...(await faultsInCounts(world, rounds * 4)),
      ];
    });
  },
};
