import type { StreamError } from '../../pipeline/errors.ts';
import type { Outcome } from '../../pipeline/sink.ts';
import type { BatchRecords } from './batch-records.ts';
import { permanent } from './outcomes.ts';
import type { ErrorPolicy } from './policy.ts';
import type { Doubts } from './rejections.ts';
import type { Moment, Suspects } from './suspects.ts';
import type { Item, RootWrite } from './unit.ts';

/** What {@link Failures} go by. */
export interface FailureContext {
  readonly suspects: Suspects;
  readonly policy: ErrorPolicy;
  /** Takes note of what was refused and may not be at fault itself. */
  readonly doubts: Doubts;
}

/** Gives what fails of a batch its outcomes. */
export class Failures {
  readonly #context: FailureContext;
  readonly #records: BatchRecords;
  readonly #outcomes: (item: Item, outcome: Outcome) => void;

  constructor(
    context: FailureContext,
    records: BatchRecords,
    outcomes: (item: Item, outcome: Outcome) => void,
  ) {
    this.#context = context;
    this.#records = records;
    this.#outcomes = outcomes;
  }

  /**
   * Gives roots that were refused each alone the outcome of that.
   *
   * @param at when it was refused first, and whether that is surely its own fault
   */
  refuse(
    roots: readonly RootWrite[],
    error: StreamError,
    { refused, isSure }: { readonly refused: Moment; readonly isSure: boolean },
  ): void {
    const { suspects, policy } = this.#context;
    for (const root of roots) {
      const isUnclear = error.code === 'CATALOG_FAULT' || error.code === 'CATALOG_CONFLICT';
      const isOwn = isUnclear ? isSure || suspects.failedAlone(root.ref) : isSure && !error.retryable;
      if (isOwn) {
        suspects.forget(root.ref);
        const own = permanent(error);
        for (const item of root.items) this.#failed(root, item, policy.outcome(root.ref, item.change, own));
      } else this.fail([root], error, refused);
    }
  }

  /**
   * Gives roots the outcome of an error.
   *
   * @param refused when it was refused, where that was before now
   */
  fail(roots: readonly RootWrite[], error: StreamError, refused?: Moment): void {
    const { suspects, doubts, policy } = this.#context;
    for (const root of roots) {
      for (const item of root.items) {
        const outcome = policy.outcome(root.ref, item.change, error);
        if (outcome.kind === 'rejected') doubts.set(item.index, refused ?? suspects.now());
        this.#failed(root, item, outcome);
      }
    }
  }

  /** What is tried again at once comes as it is; after what is put aside another change may come. */
  #failed(root: RootWrite, item: Item, outcome: Outcome): void {
    if (outcome.kind !== 'retry') this.#records.left(root);
    this.#outcomes(item, outcome);
  }
}
