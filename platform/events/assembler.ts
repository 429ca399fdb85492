import { eventKeyOf } from '../../pipeline/partitioner.ts';
import type { StoredRecord } from '../../pipeline/transport.ts';
import { marks, parsePart, type PartMark, withoutMark } from './marks.ts';

/** Parts of one event, as far as they are here. */
export interface OpenEvent {
  readonly id: string;
  readonly count: number;
  /** Offset of the first part that came. */
  readonly first: number;
  readonly parts: Map<number, Uint8Array>;
  /** The record that came last. */
  last: StoredRecord;
  bytes: number;
  /** When it came, in milliseconds of the clock that `add` is given. */
  at: number;
  /** Headers of the event, once its last part is here. */
  headers: StoredRecord['headers'];
  /** No more parts are to be expected. */
  isOver: boolean;
}

/** What bounds the parts that are kept. */
export interface AssemblerLimits {
  /** Bytes that an event may have. */
  readonly maxBytes: number;
  /** How long the next part of an event is waited for, in milliseconds. */
  readonly waitMs: number;
}

/** Ids of events that are done, of which a part may come once more. */
const rememberedIds = 100;

/**
 * Puts events together that stand in a partition as several records. What stands behind the first part of an event waits until it is whole or given
 * up, so that records come out by rising offset and nobody settles what an unfinished event stands before.
 */
export class Assembler {
  readonly #limits: AssemblerLimits;
  readonly #open = new Map<string, OpenEvent>();
  readonly #done = new Set<string>();
  /** What waits to come out. */
  #held: StoredRecord[] = [];
  #heldBytes = 0;
  /** First and last offset of events of several records that are put together. */
  #spans: { readonly first: number; readonly last: number }[] = [];
  /** The offset behind the last record that came in, and behind the last that came out. */
  #in: number;
  #out: number;

  constructor(start: number, limits: AssemblerLimits) {
    this.#in = start;
    this.#out = start;
    this.#limits = limits;
  }

  /** Whether nothing waits. */
  get isIdle(): boolean {
    return this.#open.size === 0 && this.#held.length === 0;
  }

  /** Takes records of the partition, by rising offset. */
  add(records: readonly StoredRecord[], now: number): void {
    for (const record of records) {
      this.#in = record.offset + 1;
      const text = record.corrupt === undefined ? record.headers[marks.part] : undefined;
      if (text !== undefined) this.#addPart(record, parsePart(text), now);
      else this.#hold(record);
      for (const event of this.#open.values())
        if (record.timestamp - event.last.timestamp > this.#limits.waitMs) event.isOver = true;
      this.#bound();
    }
  }

  /** Events of which no more parts come, but which are not whole: their first parts may stand where nobody has read. Give them to {@link close}. */
  over(now: number): readonly OpenEvent[] {
    for (const event of this.#open.values()) if (now - event.at >= this.#limits.waitMs) event.isOver = true;
    return [...this.#open.values()].filter(({ isOver }) => isOver);
  }

  /** How long from now an unfinished event may still wait, in milliseconds; undefined where there is none. */
  dueIn(now: number): number | undefined {
    if (this.#open.size === 0) return undefined;
    const first = Math.min(...[...this.#open.values()].map(({ at }) => at));
    return Math.max(0, first + this.#limits.waitMs - now);
  }

  /** Puts an event together with the parts that are there: where some are missing, it is corrupt, and its value is what there is. */
  close(event: OpenEvent): void {
    const { id, count, first, last, parts, headers } = event;
    this.#open.delete(id);
    this.#done.add(id);
    const [oldest] = this.#done;
    if (this.#done.size > rememberedIds && oldest !== undefined) this.#done.delete(oldest);
    this.#spans.push({ first, last: last.offset });
    const indices = Array.from({ length: count }, (_, index) => index);
    const missing = indices.filter((index) => !parts.has(index));
    const found = indices.flatMap((index) => parts.get(index) ?? []);
    this.#hold({
      ...last,
      key: eventKeyOf(last.key),
      headers: withoutMark(headers, marks.part),
      value: Buffer.concat(found),
      ...(missing.length === 0 ? {} : { corrupt: missingText(event, missing) }),
    });
  }

  /** What can come out: by rising offset, and nothing that an unfinished event stands before. */
  take(): readonly StoredRecord[] {
    const until = Math.min(...[...this.#open.values()].map(({ first }) => first));
    this.#held.sort((a, b) => a.offset - b.offset);
    const at = this.#held.findIndex(({ offset }) => offset >= until);
    const taken = this.#held.splice(0, at === -1 ? this.#held.length : at);
    for (const { value } of taken) this.#heldBytes -= value?.length ?? 0;
    this.#out = (taken.at(-1)?.offset ?? this.#out - 1) + 1;
    return taken;
  }

  /** Where a partition is settled whose events below an offset are: not between the parts of an event, and behind what came twice. */
  settled(offset: number): number {
    this.#spans = this.#spans.filter(({ last }) => last >= offset);
    if (this.isIdle && offset === this.#out) return Math.max(this.#in, offset);
    let settled = offset;
    for (;;) {
      const within = this.#spans.filter(({ first, last }) => first < settled && settled <= last);
      if (within.length === 0) return settled;
      settled = Math.min(...within.map(({ first }) => first));
    }
  }

  #addPart(record: StoredRecord, mark: PartMark | undefined, now: number): void {
    if (mark === undefined || record.value === null) {
      this.#hold({ ...record, corrupt: `${marks.part} says ${record.headers[marks.part] ?? ''}` });
      return;
    }
    if (this.#done.has(mark.id)) return; // it was sent twice
    const event = this.#eventOf(mark, record);
    event.last = record;
    event.at = now;
    addPart(event, mark, record.value);
    if (mark.index === event.count - 1) {
      event.headers = record.headers;
      event.isOver = true;
    }
    if (event.bytes > this.#limits.maxBytes) event.isOver = true;
    if (event.parts.size === event.count) this.close(event);
  }

  #eventOf({ id, count }: PartMark, record: StoredRecord): OpenEvent {
    const known = this.#open.get(id);
    if (known !== undefined && known.count === count) return known;
    const last = record;
    const fresh = { id, count, first: record.offset, parts: new Map(), last, bytes: 0, at: 0, headers: {} };
    const event: OpenEvent = { ...fresh, isOver: false };
    this.#open.set(id, event);
    return event;
  }

  #hold(record: StoredRecord): void {
    this.#held.push(record);
    this.#heldBytes += record.value?.length ?? 0;
  }

  /** What waits is bounded: the oldest unfinished event is given up where it comes to more than two events may have. */
  #bound(): void {
    if (this.#open.size === 0) return;
    const events = [...this.#open.values()];
    const bytes = events.reduce((sum, event) => sum + event.bytes, this.#heldBytes);
    const [oldest] = events.filter(({ isOver }) => !isOver);
    if (bytes > 2 * this.#limits.maxBytes && oldest !== undefined) oldest.isOver = true;
  }
}

/** Adds a part to what is there of an event; one that is there already stays. */
export function addPart(event: OpenEvent, { index }: PartMark, value: Uint8Array): void {
  if (event.parts.has(index)) return;
  event.parts.set(index, value);
  event.bytes += value.length;
}

function missingText({ count }: OpenEvent, missing: readonly number[]): string {
  const named = missing.slice(0, 5).map((index) => index + 1);
  const more = missing.length > named.length ? ', …' : '';
  return `of the ${count} parts of the event ${missing.length} are missing (${named.join(', ')}${more})`;
}
