import { isBusy } from '../chaos.ts';
import { faultsInCounts } from '../counts.ts';
import type { CliProcess } from '../process.ts';
import { type Scenario, within } from '../scenario.ts';
import { World } from '../world.ts';

/** Processes of the sink at the most: as many as there are partitions. */
const most = 4;

/** Sinks come and go under load, and what is said of a table is said anew at every step. */
export const rollingScale: Scenario = {
  number: 2,
  title: 'sinks from one to four and back to one under load: nothing is lost or reordered',
  run: (context) => {
    const tables = context.quick ? 400 : 4000;
    const rounds = context.quick ? 1 : 3;
    return within(World.open(context, { schemas: 5, sources: 1, partitions: most }), async (world) => {
      const { events } = world;
      const faults: string[] = [];
      await world.startCatalogue();
      const transform = world.beginStage('transform', 'transform');
      const sinks = [world.beginStage('sink', 'sink 1')];
      const name = await world.source([...events.containers(), ...events.tables(tables)]);
      await world.must('produce', name, '--only', '--once');
      let started = 1;
      const under = async (change: () => Promise<void>): Promise<void> => {
        const producing = world.produceAnew(name, [...events.containers(), ...events.revised()]);
        await change();
        const { code, stderr } = await producing;
        if (code !== 0) faults.push(`a scan ended with ${code}: ${stderr}`);
      };
      for (let round = 0; round < rounds; round += 1) {
        await under(async () => {
          while (sinks.length < most) {
            started += 1;
            const joined = world.beginStage('sink', `sink ${started}`);
            sinks.push(joined);
            await isBusy(joined, 2000);
          }
          context.say('four sinks');
        });
        await under(async () => {
          while (sinks.length > 1) await drained(sinks.shift(), faults);
          context.say('one sink');
        });
      }
      await world.settle();
      for (const last of [transform, ...sinks]) await drained(last, faults);
      // Whoever gives up a partition gives back what it has not begun with.
      const moves = rounds * 2 * (most - 1);
      return [...faults, ...(await world.judge()), ...(await faultsInCounts(world, moves))];
    });
  },
};

async function drained(leaving: CliProcess | undefined, faults: string[]): Promise<void> {
  const result = await leaving?.drain();
  if (result !== undefined && result.code !== 0)
    faults.push(`${leaving?.name} ended with ${result.code}: ${result.stderr}`);
}
