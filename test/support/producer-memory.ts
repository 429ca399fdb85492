import type { ProducerMemory } from '../../pipeline/producer.ts';
import type { Json } from '../../pipeline/state.ts';

/** A memory that forgets with the test; what is set is seen by the next scan that gets it. */
export function testMemory(): ProducerMemory {
  const values = new Map<string, Json>();
  return {
    async *entries(prefix) {
      for (const [key, value] of [...values].sort(([a], [b]) => (a < b ? -1 : 1)))
        if (key.startsWith(prefix)) yield { key, at: `memory/p/${key}`, value };
    },
    set(key, value) {
      if (value === undefined) values.delete(key);
      else values.set(key, value);
    },
  };
}
