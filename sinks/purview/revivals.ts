import { refKey } from '../../pipeline/derive/keys.ts';
import type { EntityRef } from '../../schemas/types.ts';
import type { Unrecorded } from './unrecorded.ts';

/** Roots that were made anew while something was in flight. */
export interface Revived {
  /** By {@link refKey}. */
  readonly refs: ReadonlyMap<string, EntityRef>;
  /** Resolves when those that are being tied now are tied. */
  tied(): Promise<void>;
  /** Notes nothing any more. */
  close(): void;
}

/**
 * Roots that were deleted and are made anew: they are tied again to what refers to them by its record. What is in flight meanwhile says perhaps
 * something else, and is not recorded: it looks at its own ties to them before that. Nobody waits in a circle: who ties waits for what was
 * accepted before, and what is accepted after that waits for the tying.
 */
export class Revivals {
  readonly #unrecorded: Unrecorded;
  readonly #tying = new Map<Promise<void>, readonly EntityRef[]>();
  readonly #watches = new Set<Map<string, EntityRef>>();

  constructor(unrecorded: Unrecorded) {
    this.#unrecorded = unrecorded;
  }

  /** Notes from now on what is made anew, and what is being tied already. */
  watch(): Revived {
    const refs = new Map<string, EntityRef>();
    note(refs, [...this.#tying.values()].flat());
    this.#watches.add(refs);
    return {
      refs,
      tied: async () => void (await Promise.allSettled(this.#tying.keys())),
      close: () => void this.#watches.delete(refs),
    };
  }

  /** Ties roots again by a task, when what was accepted before is recorded. Rejects as the task does. */
  async tie(refs: readonly EntityRef[], task: () => Promise<void>, own: Revived): Promise<void> {
    if (refs.length === 0) return;
    for (const watch of this.#watches) if (watch !== own.refs) note(watch, refs);
    const tied = this.#unrecorded.none().then(task);
    this.#tying.set(tied, refs);
    await tied.finally(() => this.#tying.delete(tied));
  }
}

function note(watch: Map<string, EntityRef>, refs: readonly EntityRef[]): void {
  for (const ref of refs) watch.set(refKey(ref), ref);
}
