import { Stages } from '../chaos.ts';
import { type Scenario, within } from '../scenario.ts';
import { World } from '../world.ts';

/** Everything is said again from the beginning while the same objects change. */
export const replayWhileLive: Scenario = {
  number: 19,
  title: 'a replay from the beginning while everything changes: the newest stay',
  run: (context) =>
    within(World.open(context, { schemas: 5, sources: 1 }), async (world) => {
      const { events } = world;
      const faults: string[] = [];
      await world.startCatalogue();
      const stages = new Stages(world);
      await stages.ready();
      const tables = context.quick ? 300 : 5000;
      const name = await world.source([...events.containers(), ...events.tables(tables)]);
      await world.must('produce', name, '--only', '--once');
      for (let round = 0; round < (context.quick ? 1 : 4); round += 1) {
        const replaying = world.command('replay', '--from', 'beginning');
        for (let revision = 0; revision < 2; revision += 1)
          await world.produceAnew(name, [...events.containers(), ...events.revised()]);
        const { code, stdout, stderr } = await replaying;
        if (code !== 0 || !stdout.includes('Replayed.'))
          faults.push(`the replay ended with ${code}: ${stdout}${stderr}`);
        context.say(stdout.trim());
      }
      await world.settle();
      await stages.drain();
      return [...faults, ...(await world.judge())];
    }),
};
