import { readdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { residentAnonymous } from '../../bench/benchmark.ts';
import type { CliProcess } from '../faults/process.ts';

/** What one process held at one moment. */
interface Sample {
  /** Anonymous memory in MB. */
  readonly memory: number;
  /** Open files and sockets. */
  readonly files: number;
}

/** How much the last quarter may be of the second: in the first, caches and heaps find their size. */
const mostGrowth = 1.1;
/** Open files more than in the second quarter that come and go with connections. */
const spareFiles = 10;

/** What a process is given so that it collects its garbage when {@link Footprint.note} asks for it. */
export const collecting = {
  NODE_OPTIONS: `--import=${new URL('./collect-garbage.mjs', import.meta.url).href}`,
};
/** How long a collection may take, in milliseconds. */
const collectMs = 1000;

/**
 * What processes hold in the course of a soak, after they have collected their garbage: one that works once a minute would collect it once an hour by itself, and seem to grow
 * in between (measured: 110 to 220 MB and back within 65 runs of a schedule, while what it holds stays at 36 MB).
 */
export class Footprint {
  readonly #samples = new Map<string, Sample[]>();

  /** Notes what the processes hold now, which were started with {@link collecting}; those that do not run are left out. */
  async note(processes: readonly CliProcess[]): Promise<void> {
    for (const one of processes) if (one.isRunning) one.signal('SIGUSR2');
    await delay(collectMs);
    for (const { name, pid, isRunning } of processes) {
      if (!isRunning) continue;
      const files = readdirSync(`/proc/${pid}/fd`).length;
      const own = this.#samples.get(name) ?? [];
      this.#samples.set(name, own);
      own.push({ memory: residentAnonymous(pid), files });
    }
  }

  /** A line for each process, and what is wrong with it. */
  verdict(): { readonly lines: readonly string[]; readonly faults: readonly string[] } {
    const lines: string[] = [];
    const faults: string[] = [];
    for (const [name, samples] of this.#samples) {
      const second = quarter(samples, 1);
      const last = quarter(samples, 3);
      const growth = mean(last.map(({ memory }) => memory)) / mean(second.map(({ memory }) => memory));
      const files =
        Math.max(...last.map((sample) => sample.files)) - Math.max(...second.map((sample) => sample.files));
      const memory = [second, last].map((some) => mean(some.map((sample) => sample.memory)).toFixed(0));
      lines.push(
        `${name}: RssAnon ${memory.join(' -> ')} MB (${growth.toFixed(2)}), open files ${files >= 0 ? '+' : ''}${files}`,
      );
      if (!(growth <= mostGrowth)) faults.push(`${name} grew to ${growth.toFixed(2)} of its second quarter`);
      if (files > spareFiles) faults.push(`${name} has ${files} open files more than in its second quarter`);
    }
    return { lines, faults };
  }
}

function quarter<T>(items: readonly T[], index: number): readonly T[] {
  return items.slice(Math.floor((items.length * index) / 4), Math.floor((items.length * (index + 1)) / 4));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
