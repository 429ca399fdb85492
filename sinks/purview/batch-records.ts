import type { StateStore, StateWrite } from '../../pipeline/state.ts';
import { begunWrite } from './begun.ts';
import type { RootWrite } from './unit.ts';

/** What is to be recorded of a batch, to be written together: a batch costs one write of the state. */
export class BatchRecords {
  readonly #state: StateStore;
  #writes: StateWrite[] = [];
  /** What is in the catalogue in part, as far as is known. */
  readonly #begun = new Set<RootWrite>();
  /** What of that did not come to its end. */
  #left: RootWrite[] = [];

  constructor(state: StateStore) {
    this.#state = state;
  }

  /** Takes note of what the catalogue has confirmed. */
  add(...writes: readonly StateWrite[]): void {
    this.#writes.push(...writes);
  }

  /** Takes note of something else than was noted of it. */
  replace(write: StateWrite): void {
    this.#writes = [...this.#writes.filter(({ key }) => key !== write.key), write];
  }

  /** The catalogue has some roots, at least in part. */
  begun(roots: readonly RootWrite[]): void {
    for (const root of roots) this.#begun.add(root);
  }

  /** A root is not written to its end: it is remembered what it may have got. */
  left(root: RootWrite): void {
    if (this.#begun.delete(root)) this.#left.push(root);
  }

  /** Writes it. Where that fails, it is still to be written. */
  async keep(): Promise<void> {
    for (const root of this.#left.splice(0)) this.add(await begunWrite(this.#state, root));
    if (this.#writes.length === 0) return;
    await this.#state.write(this.#writes);
    this.#writes = [];
  }
}
