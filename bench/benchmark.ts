/** What a benchmark is, and what all of them use. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** One measured figure: a line of the output. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What it is held against, in the same unit, measured in the same run; null where there is nothing. */
  readonly baseline: number | null;
  readonly note: string;
}

/** What a benchmark runs with. */
export interface BenchmarkContext {
  /** The sizes that it states are multiplied by this: 1 for figures, less to see that it works. */
  readonly scale: number;
  /** Says on standard error what is going on. */
  readonly progress: (text: string) => void;
}

/** One file of this folder: measures one thing, which may be more than one figure. */
export interface Benchmark {
  /** Names of its figures, in the order in which it gives them. */
  readonly names: readonly string[];
  readonly summary: string;
  /** What is aimed at, in words. */
  readonly aim: string;
  readonly measure: (context: BenchmarkContext) => Promise<readonly Figure[]>;
}

/** A size at the scale of this run, at least `least`. */
export function sized({ scale }: BenchmarkContext, full: number, least = 1): number {
  return Math.max(least, Math.round(full * scale));
}

/** Below this scale nothing is measured to be believed: once is enough, and in one process. */
export const smallScale = 0.1;

/** How often something is measured: `full` times, or once where the sizes are small too. */
export function repeats({ scale }: BenchmarkContext, full: number): number {
  return scale < smallScale ? 1 : full;
}

/** The median. Throws for an empty list. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new Error('There is nothing to take the median of.');
  const below = sorted.length % 2 === 0 ? sorted[sorted.length / 2 - 1] : middle;
  return (middle + (below ?? middle)) / 2;
}

/** Smallest and largest, for a note: `12,300 to 13,100`. */
export function range(values: readonly number[], digits = 0): string {
  const shown = (value: number): string => value.toLocaleString('en', { maximumFractionDigits: digits });
  return `${shown(Math.min(...values))} to ${shown(Math.max(...values))}`;
}

/** Milliseconds that `work` takes. */
export async function timed(work: () => Promise<unknown> | void): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** Microseconds of processor time, of all threads of this process, that `work` takes: other processes hardly show in it. */
export async function processorTime(work: () => Promise<unknown> | void): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

/** How many of `count` a second makes, when all of them took `work`'s time. */
export async function rate(count: number, work: () => Promise<unknown> | void): Promise<number> {
  return (count / (await timed(work))) * 1000;
}

/** Gives `work` a folder of its own, which is deleted at the end. */
export async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Anonymous memory of a process in MB (RssAnon of proc(5): without the pages of files, which LMDB maps). */
export function residentAnonymous(pid: number | 'self'): number {
  const found = /RssAnon:\s+(\d+) kB/u.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(found?.[1] ?? 0) / 1024;
}
