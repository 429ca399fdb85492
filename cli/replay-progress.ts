import process from 'node:process';
import { pause } from '../pipeline/delivery/backoff.ts';
import { inputOf } from '../pipeline/topics.ts';
import type { PartitionState, Transport } from '../pipeline/transport.ts';
import { note } from './output.ts';
import { spanText } from './units.ts';

const pollMs = 200;

/** Milliseconds between two lines where nobody watches a terminal. */
const lineEveryMs = 5000;

/** How far a replay is, in events, at some time in milliseconds. */
interface Sample {
  readonly at: number;
  readonly done: number;
}

/** What is counted: raw events through the transforms, or changes through the sink. */
type Unit = 'events' | 'changes';

/** `1,200 of 50,000 events, 800 events/s, 61 s left`; the speed is that since `first`. */
export function progressText(first: Sample, now: Sample, total: number, unit: Unit = 'events'): string {
  const seconds = (now.at - first.at) / 1000;
  const perSecond = seconds > 0 ? (now.done - first.done) / seconds : 0;
  const left = total - now.done;
  const count = (events: number): string => Math.round(events).toLocaleString('en-US');
  const speed = perSecond > 0 ? `, ${count(perSecond)} ${unit}/s` : '';
  const time = perSecond > 0 && left > 0 ? `, ${spanText((left / perSecond) * 1000)} left` : '';
  return `${count(now.done)} of ${count(total)} ${unit}${speed}${time}`;
}

/** Shows on standard error how far a replay is: one line that updates itself on a terminal, a line now and then elsewhere. */
class ReplayProgress {
  readonly #total: number;
  readonly #unit: Unit;
  #first: Sample | undefined;
  #shownAt = 0;

  constructor(total: number, unit: Unit = 'events') {
    this.#total = total;
    this.#unit = unit;
  }

  /** Tells that `done` of them are through. */
  update(done: number): void {
    const now = { at: performance.now(), done };
    this.#first ??= now;
    if (process.stderr.isTTY) {
      process.stderr.write(`\r\u001B[2Kreplay: ${progressText(this.#first, now, this.#total, this.#unit)}`);
    } else if (now.at - this.#shownAt >= lineEveryMs || done === this.#total) {
      this.#shownAt = done === this.#total ? Number.POSITIVE_INFINITY : now.at;
      note(`replay: ${progressText(this.#first, now, this.#total, this.#unit)}`);
    }
  }

  /** Ends the line. */
  end(): void {
    if (process.stderr.isTTY) process.stderr.write('\n');
  }
}

/** Shows how much of `total` is done, as `look` tells, until it is all or `signal` fires. */
export async function showUntil(
  { total, unit }: { readonly total: number; readonly unit?: Unit },
  look: () => Promise<number>,
  signal: AbortSignal,
): Promise<void> {
  const progress = new ReplayProgress(total, unit);
  try {
    while (!signal.aborted) {
      const done = await look();
      progress.update(done);
      if (done >= total) return;
      await pause(pollMs, signal);
    }
  } finally {
    progress.end();
  }
}

/** Shows how far the sinks are with what stands in their topic now. Resolves when they are through, or when `signal` fires. */
export async function showDelivery(transport: Transport, signal: AbortSignal): Promise<void> {
  const { topic, group } = inputOf.sink;
  const settled = (partitions: readonly PartitionState[]): number =>
    partitions.reduce((sum, { committed }) => sum + (committed[group] ?? 0), 0);
  const partitions = await transport.describe(topic);
  const before = settled(partitions);
  const total = partitions.reduce((sum, { next }) => sum + next, 0) - before;
  if (total <= 0) return;
  const look = async (): Promise<number> =>
    Math.min(settled(await transport.describe(topic)) - before, total);
  await showUntil({ total, unit: 'changes' }, look, signal);
}
