import { refKey } from '../../pipeline/derive/keys.ts';
import type { EntityRef } from '../../schemas/types.ts';

/** A moment in the traffic with the catalogue. */
export interface Moment {
  /** Grows with every moment. */
  readonly at: number;
  /** When the youngest of the requests was sent that had been accepted by then; 0 for none. */
  readonly accepted: number;
}

/** Whether a request was sent after one moment, and accepted before the other. */
export function acceptedBetween(earlier: Moment, later: Moment): boolean {
  return later.accepted > earlier.at;
}

interface Suspect {
  /** Rounds in which it failed alone. */
  tries: number;
  /** When it failed first. */
  readonly since: Moment;
}

const mostSuspects = 10_000;
const triesBeforeRefusal = 3;

/**
 * Tells what is wrong with an entity from what is wrong with the server. What failed, and failed again alone after something else
 * had been accepted in between, is at fault itself. Where the answer does not even say that the entity is meant (500, also given to some
 * mistakes of the client, and 409), it must have failed alone again and again besides.
 */
export class Suspects {
  readonly #suspects = new Map<string, Suspect>();
  #now = 0;
  #accepted = 0;

  /** This moment. */
  now(): Moment {
    this.#now += 1;
    return { at: this.#now, accepted: this.#accepted };
  }

  /** A request that was sent at some moment was accepted. */
  written(sent: Moment): void {
    this.#accepted = Math.max(this.#accepted, sent.at);
  }

  /** It was written, or is refused: nothing is held against it any more. */
  forget(ref: EntityRef): void {
    this.#suspects.delete(refKey(ref));
  }

  /** An entity failed alone, by an answer that may not mean it, while nothing else was accepted. True when it is to be refused all the same. */
  failedAlone(ref: EntityRef): boolean {
    const key = refKey(ref);
    const suspect = this.#suspects.get(key) ?? { tries: 0, since: this.now() };
    suspect.tries += 1;
    if (this.#suspects.size < mostSuspects) this.#suspects.set(key, suspect);
    return suspect.tries >= triesBeforeRefusal && acceptedBetween(suspect.since, this.now());
  }
}
