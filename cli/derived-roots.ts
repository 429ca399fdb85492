import { z } from 'zod';
import type { Deriver, ObjectState } from '../pipeline/derive/deriver.ts';
import type { StateStore } from '../pipeline/state.ts';

const prefix = 'derived/';
const derivedSchema = z.object({
  producer: z.string(),
  type: z.string(),
  objectId: z.string(),
  roots: z.array(z.tuple([z.string(), z.boolean()])),
});

/** Keeps which roots each object derived, so that a removal finds them after a restart. */
export class DerivedRoots {
  readonly #state: StateStore;
  readonly #kept = new Map<string, string>();

  constructor(state: StateStore) {
    this.#state = state;
  }

  /** Tells a deriver what earlier runs had derived. */
  async restore(deriver: Deriver): Promise<void> {
    for await (const { key, value } of this.#state.scan(prefix)) {
      const { producer, type, objectId, roots } = derivedSchema.parse(value);
      this.#kept.set(key, JSON.stringify(roots));
      deriver.restore({
        producer,
        type,
        objectId,
        position: { incarnation: '', sequence: -1 },
        roots: new Map(roots),
      });
    }
  }

  /** Keeps what changed. */
  async remember(objects: readonly ObjectState[]): Promise<void> {
    const latest = new Map(objects.map((object) => [prefix + object.key, object]));
    const writes = [...latest].flatMap(([key, { producer, type, objectId, roots }]) => {
      const list = [...roots];
      const text = JSON.stringify(list);
      if (this.#kept.get(key) === text || (list.length === 0 && !this.#kept.has(key))) return [];
      if (list.length === 0) this.#kept.delete(key);
      else this.#kept.set(key, text);
      return { key, value: list.length === 0 ? undefined : { producer, type, objectId, roots: list } };
    });
    if (writes.length > 0) await this.#state.write(writes);
  }
}
