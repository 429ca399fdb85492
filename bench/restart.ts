import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { topics } from '../pipeline/topics.ts';
import type { Transport } from '../pipeline/transport.ts';
import { type Benchmark, inFolder, median, range, repeats, sized, timed } from './benchmark.ts';
import { openFrom, writeConfig } from './pipeline.ts';
import { startCommand } from './stage-process.ts';
import { appendTables } from './workload.ts';

async function changes(transport: Transport): Promise<number> {
  return (await transport.describe(topics.entities))[0]?.next ?? 0;
}

/** Milliseconds from the start of a transform process to its first change on disk. The process is killed then: the backlog stays. */
async function firstChange(config: string, transport: Transport): Promise<number> {
  const before = await changes(transport);
  const start = performance.now();
  const child = startCommand(['transform', '--config', config]);
  let ended = false;
  const exited = once(child, 'exit').then(() => {
    ended = true;
  });
  while ((await changes(transport)) === before) {
    if (ended) throw new Error('The process ended before it had derived anything.');
    await delay(2);
  }
  const took = performance.now() - start;
  child.kill('SIGTERM');
  await exited;
  return took;
}

/** A backlog of little: what the large one is held against. */
const smallBacklog = 500;

/** Times of several starts, each of which leaves most of the backlog to the next. */
async function starts(backlog: number, runs: number): Promise<readonly number[]> {
  return inFolder(async (folder) => {
    const config = writeConfig(folder, { sink: '{ kind: memory }' });
    const pipeline = await openFrom(config);
    try {
      const { transport } = pipeline;
      const found: number[] = [];
      for (let run = 0; run < runs; run += 1) {
        // A small one may be gone after a start.
        if (run === 0 || backlog <= smallBacklog)
          await appendTables(transport, backlog, { from: run * backlog });
        found.push(await firstChange(config, transport));
      }
      return found;
    } finally {
      await pipeline.close();
    }
  });
}

/** A start does not read the backlog before it goes on. */
export const restart: Benchmark = {
  names: ['restart'],
  summary:
    'from the start of a transform process to its first change on disk, with a backlog of 1,000,000 events',
  aim: 'a ratio near 1: the backlog does not show',
  measure: async (context) => {
    const backlog = sized(context, 1_000_000, smallBacklog + 1);
    const runs = repeats(context, 5);
    const baselines = await starts(smallBacklog, runs);
    context.progress(`backlog of ${smallBacklog}: ${range(baselines)} ms`);
    let values: readonly number[] = [];
    const took = await timed(async () => {
      values = await starts(backlog, runs);
    });
    context.progress(`backlog of ${backlog}: ${range(values)} ms; ${(took / 1000).toFixed(0)} s in all`);
    return [
      {
        name: 'restart',
        value: median(values),
        unit: 'ms',
        baseline: median(baselines),
        note: `backlog of ${backlog} events; median of ${values.length}, ${range(values)}; baseline: a backlog of ${smallBacklog} events, ${range(baselines)}`,
      },
    ];
  },
};
