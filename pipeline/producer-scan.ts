import { z } from 'zod';
import type { EventType, EventTypes, Formerly, ObjectEvent } from '../schemas/types.ts';
import { canonicalJson } from './canonical-json.ts';
import { hashOf } from './content-hash.ts';
import type { FoundObject, ToldRename } from './producer.ts';
import type { StateWrite } from './state.ts';
import type { NewRecord } from './transport.ts';

/** What the inventory keeps of an object, as it stands in the state store. */
export const entrySchema = z.object({
  incarnation: z.string(),
  sequence: z.number(),
  hash: z.string(),
  ref: z.string().exactOptional(),
  /** Whether it had other names before, see `FormerNames`. */
  renamed: z.literal(true).exactOptional(),
});
/** What the inventory keeps of an object. */
export type Entry = z.output<typeof entrySchema>;

/** What an object was called before, and what remembers what it is called now. */
interface FormerlyCalled {
  readonly formerly: readonly Formerly[];
  readonly writes: readonly StateWrite[];
}

const nothingFormer: FormerlyCalled = { formerly: [], writes: [] };

/** What one scan, or one change, has seen so far. */
export class Scan {
  /** Inventory keys of what was found. */
  readonly seen = new Set<string>();
  /** Events that wait to be published. */
  readonly records: NewRecord[] = [];
  /** What to remember when they are. */
  readonly writes: StateWrite[] = [];
  /** What they are called, to remember with it. */
  readonly names: StateWrite[] = [];
  readonly incarnation: string;
  readonly inventory: Map<string, Entry>;
  /** How many objects were known when the scan began. */
  readonly knownBefore: number;
  readonly #all: boolean;
  readonly #floor: number;
  /** What the source says was renamed, by the key that it has now. */
  readonly #told: ReadonlyMap<string, ToldRename>;
  /** Keys of what was found, by ref. */
  readonly #refs = new Map<string, string>();
  #known: ReadonlyMap<string, string> | undefined;
  #next: ReadonlySet<string> = new Set();
  #hashed: { readonly found: FoundObject; readonly hash: string } | undefined;
  /** Of what is to be published: the object, and what was known of it before. */
  readonly #published = new WeakMap<
    NewRecord,
    {
      readonly key: string;
      readonly objectId: string;
      readonly before: Entry | undefined;
      readonly names: readonly StateWrite[];
    }
  >();
  published = 0;

  constructor(options: {
    readonly incarnation: string;
    readonly inventory: Map<string, Entry>;
    readonly all: boolean;
    readonly floor: number;
    readonly renamed?: readonly ToldRename[] | undefined;
  }) {
    this.incarnation = options.incarnation;
    this.inventory = options.inventory;
    this.knownBefore = options.inventory.size;
    this.#all = options.all;
    this.#floor = options.floor;
    this.#told = new Map((options.renamed ?? []).map((one) => [databaseKey(one.to), one]));
  }

  /** Takes note of what is added next. */
  expect(found: readonly FoundObject[]): void {
    this.#next = new Set(found.map(keyOf));
  }

  /** Whether an object of that id is found in this scan, as far as that is known: a name that another object left, and that is in use again. */
  isInUse(key: string): boolean {
    return this.seen.has(key) || this.#next.has(key);
  }

  /** Whether an object is to be published, as far as it can be: what has no hash is rejected when it is added. */
  isNews(found: FoundObject): boolean {
    if (this.#all) return true;
    const known = this.inventory.get(keyOf(found));
    try {
      return known?.incarnation !== this.incarnation || known.hash !== this.#hashOf(found);
    } catch {
      return true;
    }
  }

  #hashOf(found: FoundObject): string {
    if (this.#hashed?.found !== found) this.#hashed = { found, hash: hashOf(canonicalJson(found.value)) };
    return this.#hashed.hash;
  }

  /** The key that an object was known under when the scan began, by its ref. To be asked before it is added. */
  knownUnder(ref: string): string | undefined {
    this.#known ??= new Map(
      [...this.inventory].flatMap(([key, entry]) =>
        entry.ref === undefined || entry.incarnation !== this.incarnation ? [] : [[entry.ref, key] as const],
      ),
    );
    return this.#known.get(ref);
  }

  /** The key that an object was known under when the scan began, and which columns had other names, where the source says so. */
  toldOf(key: string): { readonly under: string; readonly columns: ToldRename['columns'] } | undefined {
    const told = this.#told.get(key);
    if (told === undefined) return undefined;
    const under = databaseKey(told.from);
    if (this.inventory.get(under)?.incarnation !== this.incarnation) return undefined;
    return { under, columns: told.columns };
  }

  /** The key under which this scan has found what was known under another one. */
  foundUnder(key: string, { ref, incarnation }: Entry): string | undefined {
    if (ref === undefined || incarnation !== this.incarnation) return undefined;
    for (const [now, { from }] of this.#told) if (databaseKey(from) === key && this.seen.has(now)) return now;
    return this.#refs.get(ref);
  }

  /** Takes up one object: publishes it when it is new or changed, with a position above its last one. */
  add(
    found: FoundObject,
    record: <T extends EventType>(type: T, value: EventTypes[T]) => NewRecord,
    producer: string,
    { formerly, writes }: FormerlyCalled = nothingFormer,
  ): void {
    const key = keyOf(found);
    this.seen.add(key);
    const ref = found.ref === undefined ? {} : { ref: found.ref };
    if (found.ref !== undefined) this.#refs.set(found.ref, key);
    const hash = this.#hashOf(found);
    const known = this.inventory.get(key);
    const same = known?.incarnation === this.incarnation && known.hash === hash;
    const sequence =
      known !== undefined && same
        ? known.sequence
        : Math.max(found.sequence ?? 0, known === undefined ? this.#floor : known.sequence + 1);
    if (!same || this.#all) {
      const position = { incarnation: this.incarnation, sequence };
      const { objectId } = found;
      const made = objectRecord(found, { producer, objectId, position, formerly }, record);
      this.records.push(made);
      this.#published.set(made, { key, objectId, before: known, names: writes });
      this.published += 1;
    }
    this.names.push(...writes);
    if (same && known.ref === found.ref) return;
    const isRenamed = formerly.some(({ objectId }) => objectId !== found.objectId);
    const renamed = isRenamed ? { renamed: true as const } : {};
    const entry = { incarnation: this.incarnation, sequence, hash, ...ref, ...renamed };
    this.inventory.set(key, entry);
    this.writes.push({ key, value: entry });
  }

  /** An event cannot be published: what was known of its object before stands, and what was to be written with it is not. Returns the object's id. */
  takeBack(record: NewRecord, writes: StateWrite[], names: StateWrite[]): string {
    const taken = this.#published.get(record);
    if (taken === undefined) throw new TypeError('It is not an event of this scan.');
    const { key, objectId, before } = taken;
    if (before === undefined) this.inventory.delete(key);
    else this.inventory.set(key, before);
    names.splice(0, names.length, ...names.filter((write) => !taken.names.includes(write)));
    const at = writes.findIndex((write) => write.key === key);
    if (at !== -1) writes.splice(at, 1);
    this.published -= 1;
    return objectId;
  }

  /** Known objects that were not seen. */
  missing(): readonly (readonly [key: string, entry: Entry])[] {
    return [...this.inventory].filter(([key]) => !this.seen.has(key));
  }

  /** Known objects that were not seen although their refs were, or are among `looked`: renamed or dropped. */
  goneOf(looked: readonly string[]): readonly (readonly [key: string, entry: Entry])[] {
    const refs = new Set([...this.#refs.keys(), ...looked]);
    return [...this.inventory].filter(
      ([key, { incarnation, ref }]) =>
        ref !== undefined && incarnation === this.incarnation && refs.has(ref) && !this.seen.has(key),
    );
  }
}

/** What comes, so many at a time, and the rest. */
export async function* inChunks<T>(items: AsyncIterable<T>, size: number): AsyncGenerator<readonly T[]> {
  let chunk: T[] = [];
  for await (const item of items) {
    chunk.push(item);
    if (chunk.length < size) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}

function databaseKey(objectId: string): string {
  return keyOf({ type: 'database-object', objectId });
}

/** The key of an object in the inventory. */
export function keyOf({ type, objectId }: Pick<FoundObject, 'type' | 'objectId'>): string {
  return `${type}\n${objectId}`;
}

function objectRecord(
  found: FoundObject,
  { formerly, ...added }: ObjectEvent & { readonly formerly: readonly Formerly[] },
  record: <T extends EventType>(type: T, value: EventTypes[T]) => NewRecord,
): NewRecord {
  switch (found.type) {
    case 'database-object':
      return record(found.type, { ...found.value, ...added, formerly });
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
