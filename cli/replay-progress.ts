import process from 'node:process';
import { note } from './output.ts';
import { spanText } from './units.ts';

/** Milliseconds between two lines where nobody watches a terminal. */
const lineEveryMs = 5000;

/** How far a replay is, in events, at some time in milliseconds. */
interface Sample {
  readonly at: number;
  readonly done: number;
}

/** `1,200 of 50,000 events, 800 events/s, 61 s left`; the speed is that since `first`. */
export function progressText(first: Sample, now: Sample, total: number): string {
  const seconds = (now.at - first.at) / 1000;
  const perSecond = seconds > 0 ? (now.done - first.done) / seconds : 0;
  const left = total - now.done;
  const count = (events: number): string => Math.round(events).toLocaleString('en-US');
  const speed = perSecond > 0 ? `, ${count(perSecond)} events/s` : '';
  const time = perSecond > 0 && left > 0 ? `, ${spanText((left / perSecond) * 1000)} left` : '';
  return `${count(now.done)} of ${count(total)} events${speed}${time}`;
}

/** Shows on standard error how far a replay is: one line that updates itself on a terminal, a line now and then elsewhere. */
export class ReplayProgress {
  readonly #total: number;
  #first: Sample | undefined;
  #shownAt = 0;

  constructor(total: number) {
    this.#total = total;
  }

  /** Tells that `done` events are through. */
  update(done: number): void {
    const now = { at: performance.now(), done };
    this.#first ??= now;
    if (process.stderr.isTTY) {
      process.stderr.write(`\r\u001B[2Kreplay: ${progressText(this.#first, now, this.#total)}`);
    } else if (now.at - this.#shownAt >= lineEveryMs || done === this.#total) {
      this.#shownAt = done === this.#total ? Number.POSITIVE_INFINITY : now.at;
      note(`replay: ${progressText(this.#first, now, this.#total)}`);
    }
  }

  /** Ends the line. */
  end(): void {
    if (process.stderr.isTTY) process.stderr.write('\n');
  }
}
