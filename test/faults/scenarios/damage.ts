import { cp, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { LogReader, type ReadAnswer } from '../log-reader.ts';
import { type Scenario, within } from '../scenario.ts';
import { type Context, World } from '../world.ts';

const advice = 'Move the folder away and start again';
/**
 * What may become of damage. A flipped number of a page makes LMDB touch memory that the file does not have: the system then ends
 * the process, which is no refusal, but nothing is skipped silently.
 */
const loud = /^(?:whole|quarantined|refused|the process died of SIG(?:BUS|SEGV|ABRT)$)/u;

/** Files that were cut short, at any place. */
export const tornFile: Scenario = {
  number: 26,
  title: 'a torn or truncated log is refused and says how to rebuild, or nothing of it is missing',
  run: (context) =>
    within(World.open(context, { schemas: 5, sources: 2 }), async (world) => {
      const { data, lines } = await filledLog(world, 500);
      const size = (await readFile(data)).length;
      const cuts = context.quick ? 40 : 400;
      const faults = await damageAndRead(context, data, cuts, async (copy) => {
        const at = Math.floor(context.random() * size);
        await truncate(copy, at);
        return `cut at ${at} of ${size}`;
      });
      // The way out that the message names: the folder away, and everything anew.
      await truncate(data, Math.floor(size / 2));
      const refused = await world.command('transform', '--once');
      if (refused.code !== 1 || !refused.stderr.includes(advice))
        faults.push(`transform on a cut log ended with ${refused.code}: ${refused.stderr}`);
      await rename(path.dirname(data), `${path.dirname(data)}.away`);
      await world.startCatalogue();
      await world.produceAgain(lines);
      await world.settle();
      return [...faults, ...(await world.judge())];
    }),
};

/** Bits that flipped, in records and pages. */
export const bitFlips: Scenario = {
  number: 27,
  title: 'flipped bits in records and pages are quarantined, refused or end the process, and never skipped',
  run: (context) =>
    within(World.open(context, { schemas: 5, sources: 2 }), async (world) => {
      const { data } = await filledLog(world, 500);
      const bytes = await readFile(data);
      const flips = context.quick ? 150 : 1500;
      const faults = await damageAndRead(context, data, flips, async (copy) => {
        const at = Math.floor(context.random() * bytes.length);
        const bit = Math.floor(context.random() * 8);
        const flipped = Buffer.from(bytes);
        flipped[at] = (flipped[at] ?? 0) ^ (1 << bit);
        await writeFile(copy, flipped);
        return `bit ${bit} of byte ${at}`;
      });
      faults.push(...(await quarantine(world, data, bytes)));
      await world.startCatalogue();
      await world.settle();
      return [...faults, ...(await world.judge())];
    }),
};

/** A record of entities whose text is not what was written: it is a dead letter with its bytes, and no other one is. */
async function quarantine(world: World, data: string, bytes: Buffer): Promise<readonly string[]> {
  const [name, text] = [...world.issued.assets].find(([, held]) => held !== undefined) ?? ['', ''];
  const at = bytes.lastIndexOf(text ?? '');
  if (at < 0) return ['no record with the text of a table is in the file'];
  const flipped = Buffer.from(bytes);
  for (let place = bytes.indexOf(text ?? ''); place >= 0; place = bytes.indexOf(text ?? '', place + 1)) {
    flipped[place] = (flipped[place] ?? 0) ^ 1;
  }
  await writeFile(data, flipped);
  await world.must('transform', '--once');
  world.issued.assets.delete(name);
  world.issued.corrupt += 1;
  return [];
}

/** A log with some tables, raw and as entities, that nobody has open. */
async function filledLog(
  world: World,
  tables: number,
): Promise<{ readonly data: string; readonly lines: readonly string[] }> {
  const lines = [...world.events.containers(), world.events.poison(), ...world.events.tables(tables)];
  await world.produce(lines);
  return { data: path.join(world.state, 'topics', 'data.mdb'), lines };
}

/** Damages copies of a log and reads them; what was neither refused, nor quarantined, nor whole. */
async function damageAndRead(
  context: Context,
  data: string,
  rounds: number,
  damage: (file: string) => Promise<string>,
): Promise<string[]> {
  const reader = new LogReader();
  const faults: string[] = [];
  const verdicts = new Map<string, number>();
  const copy = path.join(context.folder, 'damaged');
  try {
    const whole = await reader.read(path.dirname(data));
    for (let round = 0; round < rounds; round += 1) {
      await rm(copy, { recursive: true, force: true });
      await cp(path.dirname(data), copy, { recursive: true });
      const what = await damage(path.join(copy, 'data.mdb'));
      const verdict = verdictOn(whole, await reader.read(copy));
      verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
      if (!loud.test(verdict)) faults.push(`${what}: ${verdict}`);
    }
  } finally {
    await reader.close();
  }
  context.say([...verdicts].map(([verdict, count]) => `${count} × ${verdict}`).join(', '));
  return faults;
}

function verdictOn(whole: ReadAnswer, found: ReadAnswer): string {
  if ('refused' in found) return `refused with ${found.refused}`;
  if ('died' in found) return `the process died of ${found.died}`;
  if ('fault' in found) return `not one of our errors: ${found.fault}`;
  if (!('records' in whole)) return 'the undamaged log cannot be read';
  const names = new Set([...Object.keys(whole.records), ...Object.keys(found.records)]);
  const other = [...names].filter((name) => found.records[name] !== whole.records[name]);
  if (other.length === 0) return 'whole';
  const silent = other.filter((name) => found.records[name] !== 'corrupt');
  if (silent.length === 0) return 'quarantined';
  return `silently other: ${silent.length} records such as ${silent[0]}`;
}
