import { decodeEvent, encodeEvent } from '../../schemas/codec.ts';
import type { DerivedObject, RawEvent } from '../../schemas/types.ts';
import { messageOf, StreamError } from '../errors.ts';
import { keyPart, type Table, type TableView } from '../table.ts';
import { objectEventTypes } from '../../schemas/types.ts';
import type { ObjectRawEvent } from '../transform.ts';

const kind = 'object';

/** What is remembered of every object, within one transaction: each is read once, and written once, at the end. */
export class ObjectRecords {
  readonly #table: TableView;
  readonly #read = new Map<string, DerivedObject | undefined>();
  readonly #changed = new Map<string, Uint8Array>();

  constructor(table: TableView) {
    this.#table = table;
  }

  /** What is remembered under a part of a key; see {@link partOf}. */
  get(part: string): DerivedObject | undefined {
    if (this.#read.has(part)) return this.#read.get(part);
    const value = this.#table.get([kind, part]);
    const found = value === undefined ? undefined : decodeRecord(value);
    this.#read.set(part, found);
    return found;
  }

  /** Stores a record, which is given encoded too: see {@link encodeRecord}. */
  put(part: string, record: DerivedObject, encoded: Uint8Array): void {
    this.#read.set(part, record);
    this.#changed.set(part, encoded);
  }

  /** Writes what was changed, within the same transaction. */
  flush(table: Table): void {
    for (const [part, encoded] of this.#changed) table.put([kind, part], encoded);
    this.#changed.clear();
  }
}

/** Encodes a record. Throws EVENT_INVALID when it holds what no event can. */
export function encodeRecord(record: DerivedObject): Uint8Array {
  return encodeEvent('derived-object', record);
}

/** Every object that is remembered. */
export function* rememberedObjects(table: TableView): Iterable<DerivedObject> {
  for (const { value } of table.scan([kind])) yield decodeRecord(value);
}

/** The part of a table's keys that stands for an object. */
export function partOf(objectKey: string): string {
  return keyPart(objectKey);
}

/** The event that is remembered of an object; undefined when it was removed. Throws EVENT_UNDECODABLE for one that nobody can read. */
export function eventOf({ event }: Pick<DerivedObject, 'event'>): ObjectRawEvent | undefined {
  if (event === null) return undefined;
  const { type, value } = decodeEvent(event);
  if (objectEventTypes.some((known) => known === type)) return { type, value } as ObjectRawEvent & RawEvent;
  throw new StreamError('EVENT_UNDECODABLE', `An event of type ${type} does not describe an object.`);
}

function decodeRecord(value: Uint8Array): DerivedObject {
  try {
    const { type, value: decoded } = decodeEvent(value);
    if (type === 'derived-object') return decoded as DerivedObject;
    throw new StreamError('EVENT_UNDECODABLE', `It is of type ${type}.`);
  } catch (thrown) {
    throw new StreamError(
      'STATE_UNAVAILABLE',
      `What is remembered of an object cannot be read: ${messageOf(thrown)}`,
      {
        cause: thrown,
        advice:
          'It was written by another version of this program: use that one, or start with a new folder.',
      },
    );
  }
}
