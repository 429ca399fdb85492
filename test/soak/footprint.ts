import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { residentAnonymous } from '../../bench/benchmark.ts';
import type { CliProcess } from '../faults/process.ts';

/** What one process held at one moment. */
interface Sample {
  /** Anonymous memory in MB. */
  readonly memory: number;
  /** What of it JavaScript's own objects take, in MB. */
  readonly held: number;
  /** Open files and sockets. */
  readonly files: number;
}

const heldShape = z.object({ heapUsed: z.number() });

/** How much the last quarter may be of the second: in the first, caches and heaps find their size. */
const mostGrowth = 1.1;
/** Open files more than in the second quarter that come and go with connections. */
const spareFiles = 10;

/** What a process is given so that it collects its garbage when {@link Footprint.note} asks for it, and says in a folder what it holds. */
export function collecting(folder: string): Readonly<Record<string, string>> {
  const NODE_OPTIONS = `--import=${new URL('./collect-garbage.mjs', import.meta.url).href}`;
  return { NODE_OPTIONS, SOAK_HELD: folder };
}
/** How long a collection may take, in milliseconds, of a process that is busy. */
const collectMs = 30_000;

/**
 * What processes hold in the course of a soak, after they have collected their garbage: one that works once a minute would collect it once an hour by itself, and seem to grow
 * in between (measured: 110 to 220 MB and back within 65 runs of a schedule, while what it holds stays at 36 MB).
 */
export class Footprint {
  readonly #folder: string;
  readonly #samples = new Map<string, Sample[]>();

  /** The folder is that of {@link collecting}. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Notes what the processes hold now, which were started with {@link collecting}; those that do not run are left out. */
  async note(processes: readonly CliProcess[]): Promise<void> {
    for (const { pid } of processes) await rm(this.#heldFile(pid), { force: true });
    for (const one of processes) if (one.isRunning) one.signal('SIGUSR2');
    for (const one of processes) {
      const held = await this.#held(one);
      if (held === undefined) continue;
      const own = this.#samples.get(one.name) ?? [];
      this.#samples.set(one.name, own);
      const files = readdirSync(`/proc/${one.pid}/fd`).length;
      own.push({ memory: residentAnonymous(one.pid), held, files });
    }
  }

  #heldFile(pid: number): string {
    return path.join(this.#folder, `${pid}.json`);
  }

  /** What a process says that it holds, in MB, once it has collected; undefined where it does not run. */
  async #held(one: CliProcess): Promise<number | undefined> {
    const file = this.#heldFile(one.pid);
    for (const until = performance.now() + collectMs; one.isRunning; await delay(20)) {
      if (existsSync(file)) {
        return heldShape.parse(JSON.parse(readFileSync(file, 'utf8'))).heapUsed / 2 ** 20;
      }
      if (performance.now() > until) throw new Error(`${one.name} has not collected its garbage.`);
    }
    return undefined;
  }

  /** What each process held at the last moment, in MB: all of it, and JavaScript's objects. */
  get latest(): string {
    return [...this.#samples]
      .map(([name, samples]) => {
        const last = samples.at(-1);
        return `${name} ${last?.memory.toFixed(0)}/${last?.held.toFixed(0)}`;
      })
      .join(', ');
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
      const [memory, held] = (['memory', 'held'] as const).map((kind) =>
        [second, last].map((some) => mean(some.map((sample) => sample[kind])).toFixed(0)).join(' -> '),
      );
      lines.push(
        `${name}: RssAnon ${memory} MB (${growth.toFixed(2)}), of it JavaScript's ${held} MB, open files ${files >= 0 ? '+' : ''}${files}`,
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
