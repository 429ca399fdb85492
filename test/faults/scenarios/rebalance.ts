import { setTimeout as delay } from 'node:timers/promises';
import { isBusy } from '../chaos.ts';
import { type CliProcess, until } from '../process.ts';
import { type Scenario, within } from '../scenario.ts';
import { World } from '../world.ts';

const sessionMs = 3000;

/** Members that join, leave, and are stopped for longer than their session, all in mid-batch. */
export const rebalanceInMidBatch: Scenario = {
  number: 2,
  title: 'rebalance in mid-batch: join, leave, and SIGSTOP for longer than the session',
  run: (context) => {
    const total = context.quick ? 5000 : 40_000;
    const rounds = context.quick ? 1 : 4;
    return within(World.open(context, { schemas: 10, sources: rounds + 1, sessionMs }), async (world) => {
      await world.startCatalogue();
      await world.produce([...world.events.containers(), world.events.poison()]);
      for (let round = 0; round < rounds; round += 1) {
        const producing = world.produce(world.events.tables(Math.floor(total / rounds)));
        for (const stage of ['transform', 'sink'] as const) {
          const first = world.beginStage(stage, `first ${stage}`);
          await isBusy(first);
          const second = world.beginStage(stage, `second ${stage}`);
          await second.says('Metrics:');
          await isBusy(second, 3000);
          await first.drain();
          context.say(`${stage}: one joined, one left`);
          const third = world.beginStage(stage, `third ${stage}`);
          await isBusy(third, 3000);
          await stopForLonger(second, context.random);
          context.say(`${stage}: one was stopped for longer than its session`);
          await Promise.all([second.drain(), third.drain()]);
        }
        await producing;
      }
      await world.settle();
      return world.judge();
    });
  },
};

/** Stops a process for more than its session, at a random moment. It may hold the lock of the log: the others then wait for it. */
async function stopForLonger(victim: CliProcess, random: () => number): Promise<void> {
  await delay(random() * 200);
  victim.signal('SIGSTOP');
  await delay(sessionMs * (1.5 + random()));
  victim.signal('SIGCONT');
}

/** A process that wakes after its partitions went to another one. */
export const zombieWakes: Scenario = {
  number: 3,
  title:
    'a zombie wakes after its partitions were given away: it commits nothing of them, and works on as a new member',
  run: (context) => {
    const total = context.quick ? 2000 : 20_000;
    return within(World.open(context, { schemas: 5, sources: 5, sessionMs }), async (world) => {
      const faults: string[] = [];
      await world.startCatalogue();
      await world.produce([...world.events.containers(), world.events.poison()]);
      for (const stage of ['transform', 'sink'] as const) {
        const zombie = world.beginStage(stage, `zombie ${stage}`);
        await zombie.says('Metrics:');
        const producing = world.produce(world.events.tables(total));
        const wasBusy = await isBusy(zombie, 30_000);
        zombie.signal('SIGSTOP');
        await producingOr(producing, zombie);
        const heir = world.beginStage(stage, `heir ${stage}`);
        await heir.says('Metrics:');
        await takenOver(heir, zombie, stage);
        context.say(`the heir has settled what the zombie held ${wasBusy ? 'in mid-batch' : 'idle'}`);
        zombie.signal('SIGCONT');
        await heir.drain();
        await world.produce(world.events.tables(10));
        await until(`${zombie.name} works again`, 60_000, async () => (await lag(zombie, stage)) === 0);
        const { code, stdout, stderr } = await zombie.drain();
        if (code !== 0) faults.push(`${zombie.name} ended with ${code}: ${stderr}`);
        context.say(stdout.trim());
        if (stage === 'transform') await world.must('transform', '--once');
      }
      await world.settle();
      return [...faults, ...(await world.judge())];
    });
  },
};

/** A zombie that was stopped in the middle of a commit keeps the lock of the log; it is then woken for a moment. */
async function producingOr(producing: Promise<void>, zombie: CliProcess): Promise<void> {
  for (;;) {
    const ended = await Promise.race([producing.then(() => true), delay(20_000, false)]);
    if (ended) return;
    zombie.signal('SIGCONT');
    await delay(50);
    zombie.signal('SIGSTOP');
  }
}

async function takenOver(heir: CliProcess, zombie: CliProcess, stage: string): Promise<void> {
  await until(`${heir.name} has settled everything`, 120_000, async () => {
    if (!heir.isRunning) throw new Error(`${heir.name} has ended:\n${heir.output}`);
    return (await lag(heir, stage)) === 0;
  });
  if (!zombie.isRunning) throw new Error(`${zombie.name} has ended:\n${zombie.output}`);
}

/** Events that a stage has still to settle, over all processes; undefined when the process does not answer. */
async function lag(running: CliProcess, stage: string): Promise<number | undefined> {
  const samples = await running.samples();
  if (samples === undefined) return undefined;
  const own = Object.entries(samples).filter(([name]) => name.startsWith(`lag_events{stage="${stage}"`));
  return own.reduce((sum, [, value]) => sum + value, 0);
}
