import type { Json, StateStore, StateWrite } from '../../pipeline/state.ts';

/** A state store that notices when something is written which somebody has read to plan with it. */
export class WatchedState implements StateStore {
  readonly #state: StateStore;
  readonly #views = new Set<StateView>();

  constructor(state: StateStore) {
    this.#state = state;
  }

  get(key: string): Promise<Json | undefined> {
    return this.#state.get(key);
  }

  async write(writes: readonly StateWrite[]): Promise<void> {
    // Before it, for what was read already; and after it, for what is read meanwhile and may be either.
    const tell = (): void => {
      for (const view of this.#views) view.noticed(writes);
    };
    tell();
    try {
      await this.#state.write(writes);
    } finally {
      tell();
    }
  }

  scan(prefix: string): ReturnType<StateStore['scan']> {
    return this.#state.scan(prefix);
  }

  close(): Promise<void> {
    return this.#state.close();
  }

  /** A view to plan with, which must be closed. */
  view(): StateView {
    const view: StateView = new StateView(this.#state, () => this.#views.delete(view));
    this.#views.add(view);
    return view;
  }
}

/** What is planned with: it knows what was read, and keeps to itself what is written. */
export class StateView implements StateStore {
  readonly #state: StateStore;
  readonly #leave: () => void;
  readonly #read = new Set<string>();
  readonly #written = new Map<string, Json | undefined>();
  #isStale = false;

  constructor(state: StateStore, leave: () => void) {
    this.#state = state;
    this.#leave = leave;
  }

  /** Whether anything that was read has been written since, or may have been. */
  get isStale(): boolean {
    return this.#isStale;
  }

  /** What was written to the view. */
  get writes(): readonly StateWrite[] {
    return [...this.#written].map(([key, value]) => ({ key, value }));
  }

  /** Takes note of what was written to the store. */
  noticed(writes: readonly StateWrite[]): void {
    this.#isStale ||= writes.some(({ key }) => this.#read.has(key));
  }

  async get(key: string): Promise<Json | undefined> {
    if (this.#written.has(key)) return this.#written.get(key);
    this.#read.add(key);
    return this.#state.get(key);
  }

  async write(writes: readonly StateWrite[]): Promise<void> {
    for (const { key, value } of writes) this.#written.set(key, value);
  }

  /** A plan that needs it is of no use: nobody can tell whether what is found stays all that there is. */
  scan(prefix: string): ReturnType<StateStore['scan']> {
    this.#isStale = true;
    return this.#state.scan(prefix);
  }

  /** Notices nothing any more. */
  async close(): Promise<void> {
    this.#leave();
  }
}
