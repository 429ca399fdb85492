import { randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { StreamError } from '../../pipeline/errors.ts';
import { partKey } from '../../pipeline/partitioner.ts';
import { topics } from '../../pipeline/topics.ts';
import type { NewRecord } from '../../pipeline/transport.ts';
import { claimName, type ClaimStore } from './claim-store.ts';
import type { Framing } from './framing.ts';
import { marks, mostParts, partText } from './marks.ts';
import { Missing } from './missing.ts';
import { isSurelyWithin, recordSize } from './record-size.ts';

/** What events are made ready with. */
export interface OutgoingOptions {
  /** Bytes that a record of a topic may have. */
  readonly recordLimit: (topic: string) => Promise<number>;
  readonly framing: Framing | undefined;
  readonly claims: ClaimStore | undefined;
  /** Bytes that an event may have. */
  readonly maxBytes: number;
}

/** Less than this every service takes: nobody is asked for the limit. */
const alwaysTaken = 100_000;
/** Parts are no larger than this, whatever the limit is: brokers and readers hold some of them at a time. */
const largestPart = 1_000_000;
/** What a dead letter may have beside the event that it is for, in bytes. */
export const letterBytes = 1024 ** 2;
/** Claims whose names are remembered, so that the same bytes are not put aside twice. */
const rememberedClaims = 1000;

/**
 * Makes records such that a transport takes them: framed, and where they are larger than the limit of their topic, compressed, then put aside, or
 * cut into parts. It is synchronous, since it runs within transactions: what has to be asked for first is thrown as {@link Missing}.
 */
export class Outgoing {
  readonly #options: OutgoingOptions;
  readonly #limits = new Map<string, number>();
  readonly #claimed = new Set<string>();

  constructor(options: OutgoingOptions) {
    this.#options = options;
  }

  /** The records of a topic, ready. Throws {@link Missing}, and EVENT_TOO_LARGE for one that is larger than any event may be. */
  ready(topic: string, records: readonly NewRecord[]): readonly NewRecord[] {
    const { framing } = this.#options;
    const framed = framing === undefined ? records : records.map((record) => framing.wrap(record));
    if (framed.every((record) => isSurelyWithin(alwaysTaken, record))) return framed;
    return framed.flatMap((record) => this.#fitted(topic, record));
  }

  #fitted(topic: string, record: NewRecord): readonly NewRecord[] {
    const { value } = record;
    if (value === null || recordSize(record) <= alwaysTaken) return [record];
    const { maxBytes } = this.#options;
    if (value.length > maxBytes + (topic === topics.deadLetters ? letterBytes : 0))
      throw new StreamError(
        'EVENT_TOO_LARGE',
        `An event of ${topic} has ${value.length} bytes, and ${maxBytes} are allowed (events.maxBytes).`,
      );
    const limit = this.#limitOf(topic);
    if (recordSize(record) <= limit) return [record];
    const compressed = compact(record, value);
    return recordSize(compressed) <= limit ? [compressed] : this.#elsewhere(compressed, limit);
  }

  #limitOf(topic: string): number {
    const limit = this.#limits.get(topic);
    if (limit !== undefined) return limit;
    throw new Missing(async () => {
      this.#limits.set(topic, await this.#options.recordLimit(topic));
    });
  }

  #elsewhere(record: NewRecord, limit: number): readonly NewRecord[] {
    const { claims } = this.#options;
    const { value } = record;
    if (value === null) return [record];
    if (claims === undefined) return parts(record, value, limit);
    const name = claimName(value);
    if (!this.#claimed.has(name)) {
      throw new Missing(async () => {
        await claims.put(name, value);
        this.#remember(name);
      });
    }
    const reference = Buffer.from(JSON.stringify({ sha256: name, bytes: value.length }));
    return [{ ...record, value: reference, headers: { ...record.headers, [marks.claim]: name } }];
  }

  #remember(name: string): void {
    this.#claimed.add(name);
    const [oldest] = this.#claimed;
    if (this.#claimed.size > rememberedClaims && oldest !== undefined) this.#claimed.delete(oldest);
  }
}

/** The record compressed, where that makes it smaller. Fast rather than small: it may run within a transaction. */
function compact(record: NewRecord, value: Uint8Array): NewRecord {
  const zipped = gzipSync(value, { level: 1 });
  if (zipped.length >= value.length) return record;
  return { ...record, value: zipped, headers: { ...record.headers, [marks.encoding]: 'gzip' } };
}

/** Numbered parts of an event. The last one is the event's own record: it has its key and headers, and its offset is the event's. */
function parts(record: NewRecord, value: Uint8Array, limit: number): readonly NewRecord[] {
  const id = randomUUID();
  const marked = (index: number, count: number): Record<string, string> => ({
    [marks.part]: partText({ id, index, count }),
  });
  const most = { ...record, value: null, headers: { ...record.headers, ...marked(mostParts, mostParts) } };
  const room =
    Math.min(limit, largestPart) - recordSize({ ...most, key: partKey(record.key, `${id}/${mostParts}`) });
  const count = Math.ceil(value.length / Math.max(room, 1));
  if (room < 1 || count > mostParts)
    throw new StreamError('EVENT_TOO_LARGE', 'The key and headers of an event leave no room for its value.');
  return Array.from({ length: count }, (_, index) => {
    const part = value.subarray(index * room, (index + 1) * room);
    const isLast = index === count - 1;
    return {
      key: isLast ? record.key : partKey(record.key, `${id}/${index}`),
      value: part,
      headers: isLast ? { ...record.headers, ...marked(index, count) } : marked(index, count),
    };
  });
}
