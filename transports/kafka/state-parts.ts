import { randomUUID } from 'node:crypto';
import type { NewRecord } from '../../pipeline/transport.ts';
import { marks, parsePart, type PartMark, partText } from '../../platform/events/marks.ts';
import type { KeptRecord } from '../../platform/state-cache.ts';

/** What every broker takes that was not told otherwise, with room for the rest of a batch. */
const usualBytes = 800_000;
/** Stands between the key of a record and the number of its part. */
const partMark = '\0\0part/';

type StateRecord = KeptRecord & Pick<NewRecord, 'headers'>;

/**
 * Cuts large values of the state into records that a broker takes, and puts them together again. The parts of a value stand before its own record, in one
 * transaction, under keys that are the same every time, so that compaction keeps those of the newest value only.
 */
export class StateParts {
  readonly #partBytes: number;
  /** How many parts the values have that were cut, as far as the topic was read. */
  readonly #counts = new Map<string, number>();
  /** Parts whose record has not come yet. */
  readonly #open = new Map<string, { readonly id: string; readonly parts: (Uint8Array | undefined)[] }>();

  constructor(partBytes = usualBytes) {
    this.#partBytes = partBytes;
  }

  /** The records that keep some values, with the removal of parts that are not needed any more. */
  *cut(records: readonly NewRecord[]): Iterable<NewRecord> {
    const partBytes = this.#partBytes;
    for (const record of records) {
      const { key, value } = record;
      const count = value === null || value.length <= partBytes ? 0 : Math.ceil(value.length / partBytes);
      const id = randomUUID();
      const marked = (index: number): Record<string, string> => markOf({ id, index, count: count + 1 });
      for (let index = 0; index < count; index += 1)
        yield {
          key: keyOfPart(key, index),
          value: value?.subarray(index * partBytes, (index + 1) * partBytes) ?? null,
          headers: marked(index),
        };
      yield count === 0
        ? record
        : { ...record, value: new Uint8Array(), headers: { ...record.headers, ...marked(count) } };
      for (let index = count; index < (this.#counts.get(key) ?? 0); index += 1)
        yield { key: keyOfPart(key, index), value: null, headers: markOf({ id, index, count: index + 2 }) };
    }
  }

  /**
   * The values that records of the topic stand for, in their order. One of which parts are missing is left out: compaction has taken them, since a newer
   * value follows.
   */
  *joined(records: readonly StateRecord[]): Iterable<KeptRecord> {
    for (const record of records) {
      const { key, value, headers } = record;
      const at = key.indexOf(partMark);
      const mark = parsePart(headers[marks.part] ?? '');
      if (at !== -1 && mark !== undefined) {
        if (value !== null) this.#hold(key.slice(0, at), mark, value);
        continue;
      }
      const held = this.#open.get(key);
      this.#open.delete(key);
      if (mark === undefined) {
        this.#counts.delete(key);
        yield record;
        continue;
      }
      this.#counts.set(key, mark.count - 1);
      const parts = held?.id === mark.id ? held.parts.filter((part) => part !== undefined) : [];
      if (parts.length === mark.count - 1) yield { key, value: Buffer.concat(parts) };
    }
  }

  #hold(key: string, { id, index }: PartMark, value: Uint8Array): void {
    const known = this.#open.get(key);
    const held = known?.id === id ? known : { id, parts: [] };
    held.parts[index] = value;
    this.#open.set(key, held);
  }
}

function keyOfPart(key: string, index: number): string {
  return `${key}${partMark}${index}`;
}

function markOf(mark: PartMark): Record<string, string> {
  return { [marks.part]: partText(mark) };
}
