import type { CliProcess } from '../process.ts';
import { type Scenario, within } from '../scenario.ts';
import { World } from '../world.ts';

/** A text keeps the event loop of the transforms for seconds; nobody takes them for dead. */
export const blockedLoop: Scenario = {
  number: 41,
  title: 'texts that take a transform seconds: it keeps its partitions, and what comes behind them passes',
  run: (context) =>
    within(World.open(context, { schemas: 2, sources: 2, sessionMs: 30_000 }), async (world) => {
      const { events } = world;
      await world.startCatalogue();
      const stages = [world.beginStage('transform', 'transform'), world.beginStage('sink', 'sink')];
      for (const stage of stages) await stage.says('Metrics:');
      await world.produce([...events.containers(), ...events.tables(20)]);
      const started = performance.now();
      await world.produce([events.heavy(context.quick ? 60_000 : 200_000), ...events.tables(100)]);
      await world.settle();
      context.say(`settled after ${((performance.now() - started) / 1000).toFixed(1)} s`);
      const faults = (await Promise.all(stages.map(lostPartitions))).flat();
      for (const stage of stages) await stage.drain();
      return [...faults, ...(await world.judge())];
    }),
};

async function lostPartitions(stage: CliProcess): Promise<readonly string[]> {
  const samples = Object.entries((await stage.samples()) ?? {});
  const refused = samples.filter(([name, value]) => name.startsWith('commits_refused') && value > 0);
  return refused.map(([name, value]) => `${stage.name}: ${name} ${value}`);
}
