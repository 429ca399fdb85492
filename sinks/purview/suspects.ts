import { refKey } from '../../pipeline/derive/keys.ts';
import type { EntityRef } from '../../schemas/types.ts';

interface Suspect {
  /** Rounds in which it failed alone. */
  tries: number;
  /** Writes of the sink that had succeeded when it failed first. */
  readonly writes: number;
}

const mostSuspects = 10_000;
const triesBeforeRefusal = 3;

/**
 * Tells what is wrong with an entity from what is wrong with the server, where the answer does not (500, also given to some
 * mistakes of the client, and 409). An entity that failed alone, again and again, while others were written, is refused; as
 * long as nothing else can be written either, the server is to blame.
 */
export class Suspects {
  readonly #suspects = new Map<string, Suspect>();
  #writes = 0;

  /** Requests that were written so far. */
  get writes(): number {
    return this.#writes;
  }

  /** Something was written. */
  written(): void {
    this.#writes += 1;
  }

  /** It was written, or is refused: nothing is held against it any more. */
  forget(ref: EntityRef): void {
    this.#suspects.delete(refKey(ref));
  }

  /** An entity failed alone. True when it is to be refused. `writesBefore` is what `writes` was before it was tried in company. */
  failedAlone(ref: EntityRef, writesBefore: number): boolean {
    if (this.#writes > writesBefore) return true;
    const key = refKey(ref);
    const suspect = this.#suspects.get(key) ?? { tries: 0, writes: this.#writes };
    suspect.tries += 1;
    if (this.#suspects.size < mostSuspects) this.#suspects.set(key, suspect);
    return suspect.tries >= triesBeforeRefusal && this.#writes > suspect.writes;
  }
}
