import path from 'node:path';
import { open } from 'lmdb';
import { groups, topics } from '../../../pipeline/topics.ts';
import { putSealed, type Sealed } from '../../../transports/embedded/sealed.ts';
import { type Scenario, within } from '../scenario.ts';
import { World } from '../world.ts';

/** Committed offsets that are gone, garbage, or beyond the end of the log. */
export const wrongOffsets: Scenario = {
  number: 28,
  title: 'offsets that are missing, garbage or from the future: explicit, never a gap',
  run: (context) =>
    within(World.open(context, { schemas: 5, sources: 1, partitions: 2 }), async (world) => {
      const { events } = world;
      const faults: string[] = [];
      await world.startCatalogue();
      await world.produce([...events.containers(), events.poison(), ...events.tables(300)]);
      await world.settle();
      const change = (how: (groups: Sealed, key: readonly [string, number, string, number]) => void) =>
        changeOffsets(path.join(world.state, 'topics'), how);
      const refuses = async (what: string): Promise<void> => {
        const { code, stderr } = await world.command('transform', '--once');
        context.say(
          `${what}: ${stderr.split('\n').find((line) => line.startsWith('error:')) ?? `exit ${code}`}`,
        );
        if (code !== 1 || !stderr.includes('TRANSPORT_DAMAGED'))
          faults.push(`${what}: ended with ${code}: ${stderr}`);
      };
      await change((database, key) => database.putSync([...key], 'garbage!'));
      await refuses('garbage');
      await change((database, key) => putSealed(database, [...key], 1_000_000));
      await refuses('from the future');
      await change((database, key) => database.removeSync([...key]));
      const again = await world.must('transform', '--once');
      context.say(`missing: ${again.stdout.trim()}`);
      if (!/[1-9]\d* events received/u.test(again.stdout))
        faults.push(`missing: not read again: ${again.stdout}`);
      await world.settle();
      return [...faults, ...(await world.judge())];
    }),
};

/** Changes the committed offset of the transforms in every partition of the raw events. */
async function changeOffsets(
  folder: string,
  how: (groups: Sealed, key: readonly [string, number, string, number]) => void,
): Promise<void> {
  const environment = open({ path: folder, noSubdir: false, overlappingSync: false });
  const database: Sealed = environment.openDB({
    name: 'groups',
    encoding: 'string',
    keyEncoding: 'ordered-binary',
  });
  const meta = environment.openDB<string, string[]>({
    name: 'meta',
    encoding: 'string',
    keyEncoding: 'ordered-binary',
  });
  const topic = /"id":(\d+)/u.exec(meta.get(['topic', topics.raw]) ?? '')?.[1];
  environment.transactionSync(() => {
    for (const partition of [0, 1]) how(database, ['committed', Number(topic), groups.transform, partition]);
  });
  await environment.close();
}
