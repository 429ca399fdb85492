import { type ErrorCode, StreamError } from '../../pipeline/errors.ts';
import type { Clock } from '../../pipeline/sink-component.ts';
import type { Telemetry } from '../../pipeline/telemetry.ts';
import { Pace } from './pace.ts';

/** What a {@link Gate} is made with. */
export interface GateOptions {
  readonly clock: Clock;
  readonly random: () => number;
  /** Requests a second that the account allows all processes together; undefined where nobody knows. */
  readonly limit: number | undefined;
  /** Requests in flight at the most. */
  readonly inFlight: number;
  /** Longest pause between two probes of a catalogue that does not answer, in milliseconds. */
  readonly longestProbeMs: number;
  /** Is told of every answer. @default nobody */
  readonly telemetry?: Pick<Telemetry, 'emit'> | undefined;
  /** How many processes share the limit now, this one included; at least 1. */
  readonly members: () => Promise<number>;
}

/** How a request goes through the gate. */
export interface Turn {
  /** Whether it goes before those that are not: a change of now before a scan of everything. */
  readonly isUrgent: boolean;
  /** Ends the wait. */
  readonly signal: AbortSignal;
}

interface Waiter {
  readonly go: () => void;
}

/** Failures in a row that close the gate to all but probes. */
const failuresToClose = 3;
const firstProbeMs = 250;
/** Of so many requests one is not urgent, where both wait: a scan must end some day. */
const oneOfBulk = 8;
const membersEveryMs = 30_000;

/**
 * The one gate that all requests of a process pass, whichever lane they are of. It keeps the pace that the catalogue bears
 * ({@link Pace}), pauses everybody when the catalogue asks for a pause (Retry-After), halves what may be in flight when requests fail
 * one after the other, and lets single probes through once nothing else is answered, until one succeeds.
 */
export class Gate {
  readonly #options: GateOptions;
  readonly #pace: Pace;
  readonly #urgent: Waiter[] = [];
  readonly #bulk: Waiter[] = [];
  #inFlight = 0;
  /** What may be in flight now. */
  #width: number;
  #failures = 0;
  #closedUntil = 0;
  #urgentInRow = 0;
  #timer: AbortController | undefined;
  #members = 1;
  #membersAt = Number.NEGATIVE_INFINITY;

  constructor(options: GateOptions) {
    this.#options = options;
    this.#pace = new Pace({ limit: options.limit });
    this.#width = options.inFlight;
  }

  /** Requests a second at the most; infinite where nothing has set a limit yet. */
  get rate(): number {
    return this.#pace.rate;
  }

  /** Sends one request when its turn comes. Rejects as `request` does, and with the reason of the turn's signal. */
  async run<T>(request: () => Promise<T>, turn: Turn): Promise<T> {
    await this.#shareLimit();
    await this.#enter(turn);
    const sentAt = this.#options.clock.now();
    try {
      const answer = await request();
      this.#accepted(sentAt);
      this.#tell(undefined);
      return answer;
    } catch (thrown) {
      if (thrown instanceof StreamError && !turn.signal.aborted) {
        this.#refused(thrown, sentAt);
        this.#tell(thrown.code);
      }
      throw thrown;
    } finally {
      this.#inFlight -= 1;
      this.#pump();
    }
  }

  #tell(refused: ErrorCode | undefined): void {
    this.#options.telemetry?.emit('paced', {
      refused,
      perSecond: this.#pace.rate,
      inFlight: this.#width,
      waiting: this.#urgent.length + this.#bulk.length,
    });
  }

  /** Takes the part of the limit that is ours, now and then: others come and go. */
  async #shareLimit(): Promise<void> {
    const { clock, limit, members } = this.#options;
    const now = clock.now();
    if (limit === undefined || now - this.#membersAt < membersEveryMs) return;
    this.#membersAt = now;
    const found = Math.max(1, await members());
    this.#pace.share(this.#members, found, now);
    this.#members = found;
  }

  #enter({ isUrgent, signal }: Turn): Promise<void> {
    if (signal.aborted) return Promise.reject(signal.reason);
    const queue = isUrgent ? this.#urgent : this.#bulk;
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        queue.splice(queue.indexOf(waiter), 1);
        if (this.#urgent.length + this.#bulk.length === 0) this.#timer?.abort();
        reject(signal.reason);
      };
      const waiter: Waiter = {
        go: () => {
          signal.removeEventListener('abort', leave);
          resolve();
        },
      };
      signal.addEventListener('abort', leave, { once: true });
      queue.push(waiter);
      this.#pump();
    });
  }

  /** Lets through whoever may go now, and comes back when the next one may. */
  #pump(): void {
    while (this.#urgent.length + this.#bulk.length > 0 && this.#inFlight < this.#width) {
      const waitMs = this.#waitMs(this.#options.clock.now());
      if (waitMs > 0) return this.#comeBack(waitMs);
      this.#pace.take();
      this.#inFlight += 1;
      this.#next()?.go();
    }
  }

  #next(): Waiter | undefined {
    const isBulk = this.#urgent.length === 0 || (this.#bulk.length > 0 && this.#urgentInRow >= oneOfBulk - 1);
    this.#urgentInRow = isBulk ? 0 : this.#urgentInRow + 1;
    return (isBulk ? this.#bulk : this.#urgent).shift();
  }

  #waitMs(now: number): number {
    return Math.max(this.#closedUntil - now, Math.ceil(this.#pace.waitMs(now)));
  }

  #comeBack(ms: number): void {
    if (this.#timer !== undefined) return;
    const timer = new AbortController();
    this.#timer = timer;
    const done = (): void => {
      this.#timer = undefined;
      this.#pump();
    };
    // It ends early when nobody waits any more.
    this.#options.clock.sleep(ms, timer.signal).then(done, done);
  }

  #accepted(sentAt: number): void {
    this.#pace.answered('accepted', sentAt, this.#options.clock.now());
    this.#failures = 0;
    this.#width = Math.min(this.#width + 1, this.#options.inFlight);
  }

  /** An answer that says something of the request alone lets the others go on. */
  #refused(error: StreamError, sentAt: number): void {
    const now = this.#options.clock.now();
    if (error.retryAfterMs !== undefined) this.#closeUntil(now + this.#jittered(error.retryAfterMs));
    switch (error.code) {
      case 'CATALOG_THROTTLED':
        this.#pace.answered('throttled', sentAt, now);
        return;
      case 'CATALOG_UNAVAILABLE':
      case 'CATALOG_UNEXPECTED':
      case 'CATALOG_FAULT':
        this.#failed(now);
        return;
      default:
        this.#accepted(sentAt);
    }
  }

  #failed(now: number): void {
    this.#failures += 1;
    if (this.#failures < failuresToClose) return;
    this.#width = Math.max(1, Math.floor(this.#width / 2));
    const probeMs = Math.min(
      firstProbeMs * 2 ** (this.#failures - failuresToClose),
      this.#options.longestProbeMs,
    );
    this.#closeUntil(now + probeMs);
  }

  #closeUntil(time: number): void {
    this.#closedUntil = Math.max(this.#closedUntil, time);
  }

  /** A little more than was asked for, so that many processes do not come back together. */
  #jittered(ms: number): number {
    return ms + this.#options.random() * Math.min(ms / 10, 1000);
  }
}
