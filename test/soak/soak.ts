import { setTimeout as delay } from 'node:timers/promises';
import { Stages } from '../faults/chaos.ts';
import { faultsInCounts } from '../faults/counts.ts';
import { EventSource } from '../faults/issued.ts';
import type { CliProcess } from '../faults/process.ts';
import { FaultProxy } from '../faults/proxy.ts';
import { within } from '../faults/scenario.ts';
import { type Context, World } from '../faults/world.ts';
import { collecting, Footprint } from './footprint.ts';

/** How long a soak goes on, and what it does meanwhile. */
export interface SoakPlan {
  /** Milliseconds of disturbance, before everything is settled and judged. */
  readonly forMs: number;
  /** Tables of each of the two sources. */
  readonly tables: number;
}

const followed = 'source0';
const scheduled = 'source1';
const everyMs = { sample: 10_000, change: 4000, kill: 15_000, calm: 60_000 };

/** What goes wrong at the catalogue: a minute in which some requests are refused, reset or cut off, then one without. */
function disturb(proxy: FaultProxy, random: () => number): void {
  const began = performance.now();
  proxy.behave = ({ isBulk }) => {
    const isCalm = Math.floor((performance.now() - began) / everyMs.calm) % 2 === 1;
    if (!isBulk || isCalm) return undefined;
    const chance = random();
    if (chance < 0.06) return { status: 429, headers: { 'retry-after': '1' } };
    if (chance < 0.08) return { status: 503 };
    if (chance < 0.09) return 'truncate';
    return chance < 0.1 ? 'reset' : undefined;
  };
}

/** What one soak works with. */
interface Running {
  readonly world: World;
  readonly proxy: FaultProxy;
  readonly stages: Stages;
  readonly sources: Readonly<Record<string, EventSource>>;
  /** Those that nobody ends: what they hold is measured. */
  readonly steady: readonly CliProcess[];
  readonly footprint: Footprint;
}

/**
 * Days in minutes: one source is followed and changes every few seconds, one is read by a schedule, processes are killed and drained, and the catalogue refuses some
 * of what it gets. Resolves with what is wrong in the end; empty where the catalogue is equal to the sources, the counters of the stages add up, and
 * nothing that ran from beginning to end holds more than it did.
 */
export async function soak(context: Context, plan: SoakPlan): Promise<readonly string[]> {
  const proxy = new FaultProxy();
  const url = await proxy.listen();
  const options = {
    schemas: 10,
    sources: 2,
    sink: `{ kind: atlas, url: '${url}', user: admin, password: admin, retry: { longestRetryAfterMs: 2000, maxDelayMs: 1000 } }`,
    sourceOptions: { [scheduled]: "schedule: '* * * * *'" },
  };
  try {
    return await within(World.open(context, options), async (world) => {
      world.startWith({ env: collecting(context.folder) });
      const catalogue = await world.startCatalogue();
      proxy.target = world.catalogueUrl;
      const sources = await fill(world, plan);
      await world.settle();
      const steady = [
        world.beginStage('transform', 'transform 0'),
        world.beginStage('sink', 'sink 0'),
        world.follow(followed),
        world.follow(scheduled),
      ];
      for (const one of steady) await one.says('Ctrl-C drains and ends.');
      const stages = new Stages(world);
      await stages.ready();
      const running = {
        world,
        proxy,
        stages,
        sources,
        steady: [catalogue, ...steady],
        footprint: new Footprint(context.folder),
      };
      const kills = await disturbFor(plan.forMs, running);
      return [...(await finish(running, kills)), ...report(running)];
    });
  } finally {
    proxy.close();
  }
}

async function fill(world: World, { tables }: SoakPlan): Promise<Running['sources']> {
  const sources = {
    [followed]: new EventSource(world.issued, 10, 'f'),
    [scheduled]: new EventSource(world.issued, 10, 's'),
  };
  for (const [name, events] of Object.entries(sources)) {
    const made = await world.source([
      ...(name === followed ? events.containers() : []),
      ...events.tables(tables),
    ]);
    await world.must('produce', made, '--only', '--once');
  }
  return sources;
}

/** Resolves with how many processes were killed. */
async function disturbFor(forMs: number, running: Running): Promise<number> {
  const { world, stages, proxy, footprint, steady, sources } = running;
  const { random, say } = world.context;
  disturb(proxy, random);
  const began = performance.now();
  const next = { sample: 0, change: 0, kill: everyMs.kill };
  let kills = 0;
  for (let at = 0; at < forMs; at = performance.now() - began) {
    if (at >= next.sample) {
      await footprint.note(steady);
      next.sample = at + everyMs.sample;
    }
    if (at >= next.change) {
      for (const [name, events] of Object.entries(sources)) await world.rewrite(name, linesOf(name, events));
      next.change = at + everyMs.change;
    }
    if (at >= next.kill) {
      const isKill = random() < 0.7;
      await stages.replaceOne(async (victim) => void (await (isKill ? victim.kill() : victim.drain())));
      kills += isKill ? 1 : 0;
      world.expectRunning();
      say(
        `${Math.round(at / 1000)} s of ${Math.round(forMs / 1000)}, ${kills} killed, ${proxy.counts.broken} of ${proxy.counts.bulks} writes refused`,
      );
      say(`MB: ${footprint.latest}`);
      next.kill = at + everyMs.kill;
    }
    await delay(100);
  }
  proxy.behave = () => undefined;
  return kills;
}

function linesOf(name: string, events: EventSource): readonly string[] {
  return [...(name === followed ? events.containers() : []), ...events.revised()];
}

async function finish(
  { world, stages, steady, sources }: Running,
  kills: number,
): Promise<readonly string[]> {
  for (const one of steady.slice(1)) await one.drain();
  // What was written since the last look is read by a pass of its own.
  for (const name of Object.keys(sources)) await world.must('produce', name, '--only', '--once');
  await world.settle();
  await stages.drain();
  return [...(await world.judge()), ...(await faultsInCounts(world, kills))];
}

function report({ world, footprint }: Running): readonly string[] {
  const { lines, faults } = footprint.verdict();
  for (const line of lines) world.context.say(line);
  return faults;
}
