import { setTimeout as delay } from 'node:timers/promises';
import { Stages } from '../chaos.ts';
import { type Scenario, within } from '../scenario.ts';
import { type Context, World } from '../world.ts';

const sessionMs = 5000;

/** Nothing comes through to the brokers any more, and nothing says so; later new connections work again, and the old ones stay dead. */
export const blackHole: Scenario = {
  number: 3,
  title: 'the network is a black hole for longer than the session, under load',
  run: (context) => {
    const total = context.quick ? 2000 : 20_000;
    const rounds = context.quick ? 1 : 4;
    return within(World.open(context, { schemas: 10, sources: rounds, sessionMs }), async (world) => {
      const { events } = world;
      await world.startCatalogue();
      const stages = new Stages(world);
      await stages.ready();
      for (let round = 0; round < rounds; round += 1) {
        const containers = round === 0 ? events.containers() : [];
        const lines = [...containers, events.poison(), ...events.tables(Math.floor(total / rounds))];
        const source = await world.source(lines);
        const producing = world.command('produce', source, '--only', '--once');
        await delay(1000 + context.random() * 2000); // the moment is what varies
        const restore = cut(context);
        context.say('the network is gone');
        await delay(sessionMs * (1.2 + context.random()));
        restore();
        context.say('the network is back');
        // A scan that the brokers were away for too long is done again.
        if ((await producing).code !== 0) await world.must('produce', source, '--only', '--once');
      }
      await world.settle();
      const ended = stages.processes.filter(({ isRunning }) => !isRunning);
      await stages.drain();
      return [...ended.map(({ name, output }) => `${name} has ended: ${output}`), ...(await world.judge())];
    });
  },
};

function cut({ kafka, hubs }: Context): () => void {
  if (kafka !== undefined) return kafka.proxy.cut();
  if (hubs === undefined) throw new Error('There is no network in this scenario.');
  hubs.server.freeze();
  return () => hubs.server.thaw();
}
