/** Stages as processes of their own, as a user starts them, for benchmarks that look at a process from outside. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { setTimeout as delay } from 'node:timers/promises';
import { residentAnonymous } from './benchmark.ts';

const main = fileURLToPath(new URL('../cli/main.js', import.meta.url));

/** Starts `purview-streams`. Benchmarks run compiled: see scripts/bench.ts. */
export function startCommand(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
}

/** Runs a command to its end; resolves with the most anonymous memory that it held, in MB. */
export async function peakMemory(args: readonly string[]): Promise<number> {
  const child = startCommand(args);
  const { pid } = child;
  if (pid === undefined) throw new Error('The process did not start.');
  let peak = 0;
  const looking = new AbortController();
  const look = async (): Promise<void> => {
    while (!looking.signal.aborted) {
      peak = Math.max(peak, residentAnonymous(pid));
      await delay(10);
    }
  };
  const looked = look();
  const [code] = await once(child, 'exit');
  looking.abort();
  await looked;
  if (code !== 0) throw new Error(`purview-streams ${args.join(' ')} ended with ${code}.`);
  return peak;
}
