import { z } from 'zod';
import { StreamError } from '../errors.ts';
import type { Table, TableView } from '../table.ts';

/** Stands for several objects: which ones, rows of their own say. No part of a key that names an object is this short. */
export const several = '*';

/** Who speaks of a root. */
export interface SoleSpeaker {
  readonly object: string;
  /** Name of its producer, as part of a key. */
  readonly producer: string;
  readonly placeholder: boolean;
  readonly hash: string;
}

/** What is remembered of one name (type and qualifiedName): mostly one object knows it and speaks of it, and all of that is one record. */
export interface NameRecord {
  /** Whether anybody has ever asked for the asset. */
  readonly isAsked: boolean;
  /** The object that makes the asset known, or {@link several}. */
  readonly knower: string | undefined;
  /** The object that speaks of the root, or {@link several}. */
  readonly speaker: SoleSpeaker | typeof several | undefined;
}

const kind = 'name';
const nothing: NameRecord = { isAsked: false, knower: undefined, speaker: undefined };
const shape = z.tuple([
  z.boolean(),
  z.string().nullable(),
  z.union([z.literal(several), z.tuple([z.string(), z.string(), z.boolean(), z.string()])]).nullable(),
]);

/** The records of names within one transaction: each is read once, and written once, at the end. */
export class NameRecords {
  readonly #table: TableView;
  readonly #read = new Map<string, NameRecord>();
  readonly #changed = new Map<string, NameRecord>();

  constructor(table: TableView) {
    this.#table = table;
  }

  /** What is remembered of a name, given as part of a key. */
  get(name: string): NameRecord {
    const read = this.#read.get(name);
    if (read !== undefined) return read;
    const value = this.#table.get([kind, name]);
    const found = value === undefined ? nothing : decode(name, value);
    this.#read.set(name, found);
    return found;
  }

  /** Changes what is remembered of a name. */
  set(name: string, record: NameRecord): void {
    this.#read.set(name, record);
    this.#changed.set(name, record);
  }

  /** Writes what was changed, within the same transaction. */
  flush(table: Table): void {
    for (const [name, record] of this.#changed) {
      const { isAsked, knower, speaker } = record;
      if (!isAsked && knower === undefined && speaker === undefined) table.remove([kind, name]);
      else table.put([kind, name], encode(record));
    }
    this.#changed.clear();
  }
}

function encode({ isAsked, knower, speaker }: NameRecord): Uint8Array {
  const said =
    speaker === undefined || speaker === several
      ? speaker
      : [speaker.object, speaker.producer, speaker.placeholder, speaker.hash];
  return Buffer.from(JSON.stringify([isAsked, knower ?? null, said ?? null]));
}

function decode(name: string, value: Uint8Array): NameRecord {
  const parsed = shape.safeParse(JSON.parse(Buffer.from(value).toString()));
  if (!parsed.success)
    throw new StreamError('STATE_UNAVAILABLE', `What is remembered of ${name} cannot be read.`, {
      cause: parsed.error,
    });
  const [isAsked, knower, said] = parsed.data;
  return { isAsked, knower: knower ?? undefined, speaker: speakerOf(said) };
}

function speakerOf(said: z.infer<typeof shape>[2]): NameRecord['speaker'] {
  if (said === null || said === several) return said ?? undefined;
  const [object, producer, placeholder, hash] = said;
  return { object, producer, placeholder, hash };
}
