import { z } from 'zod';
import { parseStored } from '../../pipeline/parse-stored.ts';
import type { ProducerMemory } from '../../pipeline/producer.ts';

const idsSchema = z.object({ newest: z.number(), ids: z.record(z.string(), z.number()) });
const key = 'query-ids';
/** Ids that are remembered; of more, the newest. */
const maxIds = 20_000;

/**
 * Ids of queries that were counted already: exports overlap, because a source shows a query hours after it ran. Remembered are those that ran within the
 * overlap before the newest one.
 */
export class QueryIds {
  readonly #ids: Map<string, number>;
  readonly #overlapMs: number;
  #newest: number;

  private constructor(ids: Map<string, number>, newest: number, overlapMs: number) {
    this.#ids = ids;
    this.#newest = newest;
    this.#overlapMs = overlapMs;
  }

  /** Reads what the last scan remembered. Rejects with STATE_UNAVAILABLE where another version wrote it. */
  static async open(memory: ProducerMemory, overlapMs: number): Promise<QueryIds> {
    for await (const { at, value } of memory.entries(key)) {
      const { ids, newest } = parseStored(idsSchema, at, value);
      return new QueryIds(new Map(Object.entries(ids)), newest, overlapMs);
    }
    return new QueryIds(new Map(), 0, overlapMs);
  }

  /** True the first time that an id is seen. */
  isNew(id: string, time: Date | null): boolean {
    if (this.#ids.has(id)) return false;
    const at = time?.getTime() ?? this.#newest;
    this.#newest = Math.max(this.#newest, at);
    this.#ids.set(id, at);
    return true;
  }

  /** Remembers what the next export may hold again. */
  remember(memory: ProducerMemory): void {
    if (this.#ids.size === 0) return;
    const kept = [...this.#ids]
      .filter(([, at]) => at >= this.#newest - this.#overlapMs)
      .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
      .slice(0, maxIds);
    memory.set(key, { newest: this.#newest, ids: Object.fromEntries(kept) });
  }
}
