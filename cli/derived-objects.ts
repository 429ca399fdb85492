import { z } from 'zod';
import type { Deriver, ObjectState } from '../pipeline/derive/deriver.ts';
import type { StateStore } from '../pipeline/state.ts';
import { databaseLevels } from '../schemas/types.ts';

const prefix = 'derived/';
const refSchema = z.object({ typeName: z.string(), qualifiedName: z.string() });
const knownAssetSchema = refSchema.extend({
  columns: z.array(z.string()),
  standsFor: refSchema.exactOptional(),
  routine: z
    .object({
      dialect: z.string(),
      text: z.string(),
      place: z.array(z.object({ level: z.enum(databaseLevels), name: z.string() })),
    })
    .exactOptional(),
});
const derivedSchema = z.object({
  producer: z.string(),
  type: z.string(),
  objectId: z.string(),
  /** Keys of the roots that the object speaks of; true for placeholders. */
  roots: z.array(z.tuple([z.string(), z.boolean()])),
  /** Assets whose shape it makes known. */
  known: z.array(knownAssetSchema),
});

/**
 * Keeps, over restarts, which roots each object derived, so that a removal finds them, and which assets it made known, so that one
 * producer can run alone and still see the assets of the others.
 */
export class DerivedObjects {
  readonly #state: StateStore;
  readonly #kept = new Map<string, string>();

  constructor(state: StateStore) {
    this.#state = state;
  }

  /**
   * Tells a deriver what earlier runs had derived of the objects of some producers. What others had said (removed from the
   * configuration, or renamed) must not hold a root for ever: nobody will say that it is gone.
   */
  async restore(deriver: Deriver, producers: ReadonlySet<string>): Promise<void> {
    for await (const { key, value } of this.#state.scan(prefix)) {
      const { producer, type, objectId, roots, known } = derivedSchema.parse(value);
      if (!producers.has(producer)) continue;
      this.#kept.set(key, JSON.stringify([roots, known]));
      deriver.restore({ producer, type, objectId, roots: new Map(roots), known });
    }
  }

  /** Keeps what changed. */
  async remember(objects: readonly ObjectState[]): Promise<void> {
    const latest = new Map(objects.map((object) => [prefix + object.key, object]));
    const writes = [...latest].flatMap(([key, { producer, type, objectId, ...object }]) => {
      const roots = [...object.roots];
      const known = object.known.map((asset) => knownAssetSchema.parse(asset));
      const text = JSON.stringify([roots, known]);
      const gone = roots.length === 0 && known.length === 0;
      if (gone ? !this.#kept.delete(key) : this.#kept.get(key) === text) return [];
      if (!gone) this.#kept.set(key, text);
      return { key, value: gone ? undefined : { producer, type, objectId, roots, known } };
    });
    if (writes.length > 0) await this.#state.write(writes);
  }
}
