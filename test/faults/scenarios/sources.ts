import { Stages } from '../chaos.ts';
import { type Scenario, within } from '../scenario.ts';
import { World } from '../world.ts';

/** Two sources describe the same assets at the same time, through several processes. */
export const twoSpeakers: Scenario = {
  number: 20,
  title: 'two producers of the same assets, through several processes at once',
  run: (context) =>
    within(World.open(context, { schemas: 2, sources: 4 }), async (world) => {
      await world.startCatalogue();
      await world.produce(world.events.containers());
      const stages = new Stages(world);
      await stages.ready();
      const { events } = world;
      const lines = events.tables(context.quick ? 200 : 4000);
      const sources = [await world.source(lines), await world.source([...lines].reverse())];
      await Promise.all(sources.map((name) => world.must('produce', name, '--only', '--once')));
      await world.settle();
      await stages.drain();
      return world.judge();
    }),
};

/** A source shows nothing, or only a part, or a part that cannot be read. */
export const incompleteScan: Scenario = {
  number: 40,
  title: 'a scan that sees nothing, half, or what it cannot read: nothing is removed',
  run: (context) =>
    within(World.open(context, { schemas: 2, sources: 2 }), async (world) => {
      await world.startCatalogue();
      await world.produce(world.events.containers());
      const lines = world.events.tables(60);
      const name = await world.source(lines);
      await world.must('produce', name, '--only', '--once');
      await world.settle();
      const faults: string[] = [];
      const shown: readonly (readonly [string, readonly string[], string])[] = [
        ['nothing', [], 'removals list'],
        ['half', lines.slice(30), 'removals list'],
        ['a line that is no JSON in the place of ten', [...lines.slice(10), '{"objectId":'], ''],
      ];
      for (const [what, rest, said] of shown) {
        const { stdout, stderr } = await world.produceAnew(name, rest);
        if (!`${stdout}${stderr}`.includes(said))
          faults.push(`${what}: "${said}" is not said: ${stdout}${stderr}`);
        await world.must('transform', '--once');
        await world.must('sink', '--once');
      }
      await world.must('dead-letters', 'drop', '--all'); // the line that is no JSON
      return [...faults, ...(await world.judge())];
    }),
};
