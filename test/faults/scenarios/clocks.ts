import { Stages } from '../chaos.ts';
import { type Scenario, within } from '../scenario.ts';
import { World } from '../world.ts';

const dayMs = 24 * 3600 * 1000;
const clock = new URL('../skewed-clock.mjs', import.meta.url).href;

/** The clocks of producers and stages are wrong by a day, each in another direction. */
export const wrongClocks: Scenario = {
  number: 18,
  title: 'clocks that are wrong by a day: what a source said last counts, not what has the latest time',
  run: (context) =>
    within(World.open(context, { schemas: 2, sources: 1 }), async (world) => {
      const { events } = world;
      const faults: string[] = [];
      const skew = (ms: number): void =>
        world.startWith({ env: { NODE_OPTIONS: `--import=${clock}`, CLOCK_SKEW_MS: String(ms) } });
      await world.startCatalogue();
      skew(-dayMs);
      const stages = [new Stages(world)];
      const name = await world.source([...events.containers(), ...events.tables(context.quick ? 100 : 2000)]);
      for (const days of context.quick ? [1, -1] : [1, -1, 2, -2, 0]) {
        skew(days * dayMs);
        const { code, stderr } = await world.produceAnew(name, [...events.containers(), ...events.revised()]);
        if (code !== 0) faults.push(`a producer ${days} days off ended with ${code}: ${stderr}`);
        await world.settle();
      }
      for (const running of stages) await running.drain();
      world.startWith({});
      return [...faults, ...(await world.judge())];
    }),
};
