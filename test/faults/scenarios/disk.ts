import { mkdir, rm, statfs, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { start } from '../../support/cli.ts';
import { until } from '../process.ts';
import { type Scenario, within } from '../scenario.ts';
import { World } from '../world.ts';

/** The disk of the log runs full while everything is at work. */
export const diskFull: Scenario = {
  number: 25,
  title: 'disk full: producers are refused, readers go on, and all goes on when there is space',
  run: async (context) => {
    const disk = `${context.folder}-disk`; // beside the folder of the scenario, which is removed while it is mounted
    await mkdir(disk);
    const mounted = await start('mount', ['-t', 'tmpfs', '-o', 'size=96m', 'tmpfs', disk]).ended;
    if (mounted.code !== 0) {
      context.say(
        `no small disk can be had (${mounted.stderr.trim()}): the limit of the log takes its place`,
      );
    }
    const onDisk = mounted.code === 0;
    const options = onDisk ? { state: path.join(disk, 'state') } : { maxBytes: 1_500_000 };
    try {
      return await within(World.open(context, { schemas: 5, sources: 3, ...options }), (world) =>
        fillAndFree(world, onDisk ? disk : undefined),
      );
    } finally {
      if (onDisk) await start('umount', [disk]).ended;
      await rm(disk, { recursive: true, force: true });
    }
  },
};

async function fillAndFree(world: World, disk: string | undefined): Promise<readonly string[]> {
  const { events, context } = world;
  const faults: string[] = [];
  const tables = 2000;
  await world.startCatalogue();
  await world.produce([...events.containers(), events.poison(), ...events.tables(tables)]);
  await world.must('transform', '--once');
  const ballast = path.join(disk ?? context.folder, 'ballast');
  if (disk !== undefined) await fill(disk, ballast);
  const lines = events.tables(tables);
  const source = await world.source(lines);
  const refused = await world.command('produce', source, '--only', '--once');
  context.say(`the producer: ${refused.stderr.trim().split('\n').at(-1) ?? ''}`);
  if (refused.code !== 1 || !refused.stderr.includes('TRANSPORT_FULL')) {
    faults.push(`the producer on a full disk ended with ${refused.code}: ${refused.stderr}`);
  }
  await world.must('dead-letters', 'list');
  const sink = world.beginStage('sink', 'sink on a full disk');
  await sink.says('TRANSPORT_FULL'); // it has met the full disk, and waits
  if (disk === undefined) await world.limit(undefined);
  else await rm(ballast);
  if (!sink.isRunning) faults.push(`the sink ended on a full disk:\n${sink.output}`);
  else {
    await until('the sink has settled everything', 120_000, async () => {
      const samples = (await sink.samples()) ?? {};
      const lags = Object.entries(samples).filter(([name]) => name.startsWith('lag_events{stage="sink"'));
      return lags.length > 0 && lags.every(([, lag]) => lag === 0);
    });
    await sink.drain();
  }
  await world.must('produce', source, '--only', '--once');
  await world.settle();
  return [...faults, ...(await world.judge())];
}

/** Fills a disk but for a few pages. */
async function fill(disk: string, ballast: string): Promise<void> {
  const { bavail, bsize } = await statfs(disk);
  await writeFile(ballast, Buffer.alloc(bavail * bsize - 64 * 1024));
}
