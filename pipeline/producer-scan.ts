import { z } from 'zod';
import type { EventType, EventTypes } from '../schemas/types.ts';
import { canonicalJson } from './canonical-json.ts';
import { hashOf } from './content-hash.ts';
import type { FoundObject } from './producer.ts';
import type { StateWrite } from './state.ts';
import type { NewRecord } from './transport.ts';

/** What the inventory keeps of an object, as it stands in the state store. */
export const entrySchema = z.object({
  incarnation: z.string(),
  sequence: z.number(),
  hash: z.string(),
  ref: z.string().exactOptional(),
});
/** What the inventory keeps of an object. */
export type Entry = z.output<typeof entrySchema>;

/** What one scan, or one change, has seen so far. */
export class Scan {
  /** Inventory keys of what was found. */
  readonly seen = new Set<string>();
  /** Events that wait to be published. */
  readonly records: NewRecord[] = [];
  /** What to remember when they are. */
  readonly writes: StateWrite[] = [];
  readonly incarnation: string;
  readonly inventory: Map<string, Entry>;
  /** How many objects were known when the scan began. */
  readonly knownBefore: number;
  readonly #all: boolean;
  readonly #floor: number;
  readonly #refs = new Set<string>();
  published = 0;

  constructor(options: {
    readonly incarnation: string;
    readonly inventory: Map<string, Entry>;
    readonly all: boolean;
    readonly floor: number;
  }) {
    this.incarnation = options.incarnation;
    this.inventory = options.inventory;
    this.knownBefore = options.inventory.size;
    this.#all = options.all;
    this.#floor = options.floor;
  }

  /** Takes up one object: publishes it when it is new or changed, with a position above its last one. */
  add(
    found: FoundObject,
    record: <T extends EventType>(type: T, value: EventTypes[T]) => NewRecord,
    producer: string,
  ): void {
    const key = `${found.type}\n${found.objectId}`;
    this.seen.add(key);
    const ref = found.ref === undefined ? {} : { ref: found.ref };
    if (found.ref !== undefined) this.#refs.add(found.ref);
    const hash = hashOf(canonicalJson(found.value));
    const known = this.inventory.get(key);
    const same = known?.incarnation === this.incarnation && known.hash === hash;
    const sequence = same
      ? known.sequence
      : Math.max(found.sequence ?? 0, known === undefined ? this.#floor : known.sequence + 1);
    if (!same || this.#all) {
      const position = { incarnation: this.incarnation, sequence };
      this.records.push(objectRecord(found, { producer, objectId: found.objectId, position }, record));
      this.published += 1;
    }
    if (same && known.ref === found.ref) return;
    const entry = { incarnation: this.incarnation, sequence, hash, ...ref };
    this.inventory.set(key, entry);
    this.writes.push({ key, value: entry });
  }

  /** Known objects that were not seen. */
  missing(): readonly (readonly [key: string, entry: Entry])[] {
    return [...this.inventory].filter(([key]) => !this.seen.has(key));
  }

  /** Known objects that were not seen although their refs were, or are among `looked`: renamed or dropped. */
  goneOf(looked: readonly string[]): readonly (readonly [key: string, entry: Entry])[] {
    const refs = new Set([...this.#refs, ...looked]);
    return [...this.inventory].filter(
      ([key, { incarnation, ref }]) =>
        ref !== undefined && incarnation === this.incarnation && refs.has(ref) && !this.seen.has(key),
    );
  }
}

function objectRecord(
  found: FoundObject,
  added: {
    readonly producer: string;
    readonly objectId: string;
    readonly position: { readonly incarnation: string; readonly sequence: number };
  },
  record: <T extends EventType>(type: T, value: EventTypes[T]) => NewRecord,
): NewRecord {
  switch (found.type) {
    case 'database-object':
      return record(found.type, { ...found.value, ...added });
    case 'routine':
      return record(found.type, { ...found.value, ...added });
    case 'job':
      return record(found.type, { ...found.value, ...added });
    case 'job-file':
      return record(found.type, { ...found.value, ...added });
    case 'entity':
      return record(found.type, { ...found.value, ...added });
    case 'observed-statement':
      return record(found.type, { ...found.value, ...added });
  }
}
