import { StreamError } from '../../pipeline/errors.ts';
import type { Delivery, Outcome } from '../../pipeline/sink.ts';
import { acceptedBetween, type Moment, type Suspects } from './suspects.ts';

/** When too much is refused to be the fault of single entities. */
export interface RejectionLimits {
  /** Share of the changes of late that may be refused. */
  readonly share: number;
  /** How many must have been refused before the share counts. */
  readonly least: number;
  /** How long it waits before it tries one again, in milliseconds. */
  readonly pauseMs: number;
}

/** What {@link Rejections} work with. */
export interface RejectionsOptions extends RejectionLimits {
  readonly suspects: Suspects;
  /** How often a change is tried that is refused while nothing is accepted, at least 1. */
  readonly attempts: number;
}

/** Places in a batch of changes that were refused, and may not be at fault themselves; each with when that was. */
export type Doubts = Map<number, Moment>;

/** How a batch reaches the catalogue. */
export interface Delivering {
  /** Delivers changes; notes which refusals are in doubt, by their place among them. */
  readonly deliver: (batch: readonly Delivery[], doubts: Doubts) => Promise<readonly Outcome[]>;
  /** Waits before the next try; longer, the more there were. */
  readonly pause: (attempt: number) => Promise<void>;
}

/** Changes that are looked at together. */
const ofLate = 200;

/** What became of a change; another try may change it. */
interface Verdict {
  outcome: Outcome;
}

/**
 * Keeps what is not at fault out of the dead letters. A refusal counts when the same change is refused again after something else was
 * accepted: until then it is tried once more. When more than a share of what came of late is refused, as by a wrong mapping, nothing becomes a dead
 * letter, and single changes are tried until one passes.
 */
export class Rejections {
  readonly #options: RejectionsOptions;
  #seen: Verdict[] = [];
  #isOpen = false;
  /** Which change of a batch is tried first while too much is refused: another one each time, for that one may be at fault itself. */
  #turn = 0;

  constructor(options: RejectionsOptions) {
    this.#options = options;
  }

  /** Delivers a batch, or only single changes of it while too much is refused. */
  async guard(batch: readonly Delivery[], delivering: Delivering): Promise<readonly Outcome[]> {
    const outcomes = new Map<number, Outcome>();
    if (this.#isOpen) await this.#probe(batch, delivering, outcomes);
    const left = [...batch.keys()].filter((index) => !outcomes.has(index));
    if (left.length > 0 && !this.#isOpen) {
      const found = await this.#deliver(pick(batch, left), delivering);
      for (const [at, outcome] of found.entries()) outcomes.set(left[at] ?? -1, outcome);
    }
    return batch.map((_, index) => outcomes.get(index) ?? this.#paused());
  }

  /** Tries single changes until the catalogue accepts one, or refuses one. */
  async #probe(
    batch: readonly Delivery[],
    { deliver }: Delivering,
    outcomes: Map<number, Outcome>,
  ): Promise<void> {
    const { suspects } = this.#options;
    const first = this.#turn;
    for (let step = 0; this.#isOpen && step < batch.length; step += 1) {
      const index = (first + step) % batch.length;
      const sent = suspects.now();
      const [outcome] = await deliver(pick(batch, [index]), new Map());
      this.#turn = index + 1;
      if (outcome === undefined || isRefusal(outcome)) return;
      outcomes.set(index, outcome);
      if (outcome.kind === 'retry') return;
      if (!acceptedBetween(sent, suspects.now())) continue; // it was not asked
      this.#isOpen = false;
      this.#seen = [];
    }
  }

  async #deliver(batch: readonly Delivery[], { deliver, pause }: Delivering): Promise<readonly Outcome[]> {
    const { suspects, attempts } = this.#options;
    const doubts: Doubts = new Map();
    const verdicts = [...(await deliver(batch, doubts))].map((outcome): Verdict => ({ outcome }));
    this.#seen = [...this.#seen, ...verdicts].slice(-ofLate);
    for (let attempt = 1; attempt < attempts && doubts.size > 0 && !this.#judge(); attempt += 1) {
      const now = suspects.now();
      if (![...doubts.values()].some((refused) => acceptedBetween(refused, now))) await pause(attempt);
      if (!this.#isOpen) await this.#again(pick(batch, doubts.keys()), { deliver, verdicts, doubts });
    }
    const isOpen = this.#judge();
    return verdicts.map(({ outcome }) => (isOpen && isRefusal(outcome) ? this.#paused() : outcome));
  }

  /** Tries once more what is in doubt. */
  async #again(
    doubted: readonly Delivery[],
    {
      deliver,
      verdicts,
      doubts,
    }: Pick<Delivering, 'deliver'> & { readonly verdicts: readonly Verdict[]; readonly doubts: Doubts },
  ): Promise<void> {
    const sent = this.#options.suspects.now();
    const stillDoubted: Doubts = new Map();
    const outcomes = await deliver(doubted, stillDoubted);
    for (const [at, [index, refused]] of [...doubts].entries()) {
      const verdict = verdicts[index];
      const outcome = outcomes[at];
      if (verdict === undefined || outcome === undefined) continue;
      verdict.outcome = outcome;
      if (!stillDoubted.has(at) || acceptedBetween(refused, sent)) doubts.delete(index);
    }
  }

  /** Whether too much is refused now. */
  #judge(): boolean {
    const refused = this.#seen.filter(({ outcome }) => isRefusal(outcome)).length;
    const { least, share } = this.#options;
    this.#isOpen = refused >= least && refused > share * this.#seen.length;
    return this.#isOpen;
  }

  #paused(): Outcome {
    const { share, pauseMs } = this.#options;
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

function pick(batch: readonly Delivery[], indexes: Iterable<number>): readonly Delivery[] {
  return [...indexes].flatMap((index) => batch.slice(index, index + 1));
}

function isRefusal(outcome: Outcome): boolean {
  return outcome.kind === 'rejected' && outcome.error.code !== 'TYPE_UNKNOWN';
}
