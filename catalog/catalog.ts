/** What the routes share: the store, the types, the clock and the counters. */
import type { CatalogStore } from './store.ts';
import { baseModel } from './types/base-model.ts';
import { TypeSystem } from './types/type-system.ts';

/** Calls since the start. */
export interface CatalogCounters {
  /** POST, PUT and DELETE calls under `/v2`: writes of types, entities and relationships. Searches by POST do not count. */
  readonly writeCalls: number;
  readonly readCalls: number;
  /** Calls that were answered with a status of 400 or more. */
  readonly failedCalls: number;
}

/** One open catalogue, without its server. */
export class Catalog {
  readonly store: CatalogStore;
  readonly types: TypeSystem;
  readonly now: () => number;
  #writeCalls = 0;
  #readCalls = 0;
  #failedCalls = 0;

  /** Loads the base model into an empty store. */
  constructor(store: CatalogStore, now: () => number) {
    this.store = store;
    this.now = now;
    this.types = new TypeSystem(store);
    if (this.types.isEmpty) this.types.loadModel(baseModel, now());
  }

  /** Counts one call. */
  count(kind: 'write' | 'read', status: number): void {
    if (kind === 'write') this.#writeCalls += 1;
    else this.#readCalls += 1;
    if (status >= 400) this.#failedCalls += 1;
  }

  /** The calls since the start. */
  counters(): CatalogCounters {
    return { writeCalls: this.#writeCalls, readCalls: this.#readCalls, failedCalls: this.#failedCalls };
  }
}
