import { StreamError } from '../../pipeline/errors.ts';
import type { Delivery, Outcome } from '../../pipeline/sink.ts';

/** When too much is refused to be the fault of single entities. */
export interface RejectionLimits {
  /** Share of the changes of late that may be refused. */
  readonly share: number;
  /** How many must have been refused before the share counts. */
  readonly least: number;
  /** How long it waits before it tries one again, in milliseconds. */
  readonly pauseMs: number;
}

/** Changes that are looked at together. */
const ofLate = 200;

/**
 * Keeps a mapping that makes nothing but wrong entities from emptying a topic into the dead letters: when more than a share of what
 * came of late is refused, nothing is, and single changes are tried until one passes.
 */
export class Rejections {
  readonly #limits: RejectionLimits;
  #seen: boolean[] = [];
  #isOpen = false;

  constructor(limits: RejectionLimits) {
    this.#limits = limits;
  }

  /** Delivers a batch, or only the first of it while too much is refused. */
  async guard(
    batch: readonly Delivery[],
    deliver: (batch: readonly Delivery[]) => Promise<readonly Outcome[]>,
  ): Promise<readonly Outcome[]> {
    if (!this.#isOpen) return this.#judge(await deliver(batch));
    const first = await deliver(batch.slice(0, 1));
    if (first.some(isRefusal)) return batch.map(() => this.#paused());
    this.#isOpen = false;
    this.#seen = [];
    return [...first, ...this.#judge(await deliver(batch.slice(1)))];
  }

  #judge(outcomes: readonly Outcome[]): readonly Outcome[] {
    this.#seen = [...this.#seen, ...outcomes.map(isRefusal)].slice(-ofLate);
    const refused = this.#seen.filter((one) => one).length;
    const { least, share } = this.#limits;
    this.#isOpen = refused >= least && refused > share * this.#seen.length;
    return this.#isOpen
      ? outcomes.map((outcome) => (isRefusal(outcome) ? this.#paused() : outcome))
      : outcomes;
  }

  #paused(): Outcome {
    const { share, pauseMs } = this.#limits;
    const error = new StreamError(
      'CATALOG_REJECTING',
      `The catalogue refuses more than ${share * 100} % of what came of late: that is no fault of single entities, so nothing of it becomes a dead letter.`,
      {
        retryAfterMs: pauseMs,
        advice:
          'Look at the mapping or the types that changed last. To let it all become dead letters, set `sink.rejections.share` to 1.',
      },
    );
    return { kind: 'retry', error };
  }
}

function isRefusal(outcome: Outcome): boolean {
  return outcome.kind === 'rejected' && outcome.error.code === 'CATALOG_BAD_ENTITY';
}
