import type { Telemetry } from '../pipeline/telemetry.ts';

/** How a process is. `ok` and `slow` do their work; `waiting` cannot at the moment, and says for what; `stuck` should be started again. */
export interface Health {
  readonly state: 'ok' | 'slow' | 'waiting' | 'stuck' | 'draining';
  /** Why, in one sentence. */
  readonly detail: string;
}

/** After so long without anything settled, while something is in flight, a process is slow, in milliseconds. */
const slowMs = 60_000;
/** After so long without anything settled, and without a word of what it waits for, it is stuck. */
const stuckMs = 10 * 60_000;

interface Wait {
  readonly who: string;
  readonly code: string;
  readonly since: number;
  readonly until: number;
}

/** Tells stuck from slow, by what telemetry says of the stages of this process. */
export class HealthWatch {
  readonly #now: () => number;
  #inFlight = 0;
  #movedAt: number;
  readonly #waits = new Map<string, Wait>();
  #isDraining = false;

  /** Listens at once. `now`: milliseconds that only grow. */
  constructor(telemetry: Telemetry, now: () => number = () => performance.now()) {
    this.#now = now;
    this.#movedAt = now();
    telemetry.on('received', ({ events }) => {
      if (this.#inFlight === 0) this.#movedAt = this.#now();
      this.#inFlight += events;
    });
    telemetry.on('settled', ({ stage }) => this.#moved(stage, 1));
    telemetry.on('returned', ({ stage, events }) => this.#moved(stage, events));
    telemetry.on('sinkWaiting', ({ code, waitMs }) => this.#wait('sink', code, waitMs));
    telemetry.on('stageWaiting', ({ stage, code, waitMs }) => this.#wait(stage, code, waitMs));
    telemetry.on('paced', ({ refused }) => {
      if (refused === undefined) this.#waits.delete('sink');
    });
  }

  /** From now on the process takes no more work. */
  drain(): void {
    this.#isDraining = true;
  }

  /** How it is now. */
  get health(): Health {
    const now = this.#now();
    if (this.#isDraining) return { state: 'draining', detail: 'it finishes what is in flight' };
    const stillMs = now - this.#movedAt;
    const work = `${this.#inFlight} events in flight, nothing settled for ${Math.round(stillMs / 1000)} s`;
    // A wait that should be over and of which nothing was heard since is none any more.
    const wait = [...this.#waits.values()].find(({ until }) => now < until + slowMs);
    if (wait !== undefined && now - wait.since >= slowMs) {
      const seconds = Math.round((now - wait.since) / 1000);
      return {
        state: 'waiting',
        detail: `${wait.who} has met ${wait.code} for ${seconds} s and tries again; ${work}`,
      };
    }
    if (this.#inFlight === 0 || stillMs < slowMs)
      return { state: 'ok', detail: `${this.#inFlight} events in flight` };
    if (wait === undefined && stillMs >= stuckMs) return { state: 'stuck', detail: work };
    return { state: 'slow', detail: work };
  }

  #moved(stage: string, events: number): void {
    this.#inFlight -= events;
    this.#movedAt = this.#now();
    this.#waits.delete(stage);
  }

  #wait(who: string, code: string, waitMs: number): void {
    const now = this.#now();
    const before = this.#waits.get(who);
    this.#waits.set(who, { who, code, since: before?.since ?? now, until: now + waitMs });
  }
}
