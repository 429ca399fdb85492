import type { ProducerMemory } from './producer.ts';
import type { Json, StateStore, StateWrite } from './state.ts';

/** The memory of one producer during one scan: reads from the state store, and keeps what is to be remembered until {@link write}. */
export class RunnerMemory implements ProducerMemory {
  readonly #state: StateStore;
  readonly #prefix: string;
  readonly #writes = new Map<string, Json | undefined>();

  constructor(state: StateStore, producer: string) {
    this.#state = state;
    this.#prefix = `memory/${encodeURIComponent(producer)}/`;
  }

  async *entries(
    prefix: string,
  ): AsyncIterable<{ readonly key: string; readonly at: string; readonly value: Json }> {
    for await (const { key: at, value } of this.#state.scan(this.#prefix + prefix)) {
      yield { key: at.slice(this.#prefix.length), at, value };
    }
  }

  set(key: string, value: Json | undefined): void {
    this.#writes.set(key, value);
  }

  /** Writes everything that was set, in one step. */
  async write(): Promise<void> {
    const writes = [...this.#writes].map(([key, value]): StateWrite => ({ key: this.#prefix + key, value }));
    if (writes.length > 0) await this.#state.write(writes);
    this.#writes.clear();
  }
}
