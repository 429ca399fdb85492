import type { Database, RootDatabase } from 'lmdb';
import { z } from 'zod';
import { StreamError } from '../../pipeline/errors.ts';
import { partitionOf } from '../../pipeline/partitioner.ts';
import type {
  AppendedAt,
  NewRecord,
  PullLimit,
  Retention,
  StoredRecord,
  TopicSpec,
} from '../../pipeline/transport.ts';
import { openDatabase } from '../../platform/lmdb.ts';
import {
  behind,
  corruptRecord,
  encodeRecord,
  offsetOf,
  openRecord,
  type RecordPlace,
  sealRecord,
  timestampOf,
} from './record.ts';
import { RecordDatabases } from './record-databases.ts';
import { damagedLog, getSealed, hasNoEntry, putSealed, readingPages, type Sealed } from './sealed.ts';

/** A topic of the log. */
export interface LogTopic {
  readonly name: string;
  readonly id: number;
  readonly partitions: number;
  readonly retention: Retention;
}

/** Counters of a partition. */
export interface LogPartition {
  /** Oldest offset that may still be there. */
  readonly earliest: number;
  /** The offset that the next record gets. */
  readonly next: number;
  /** Bytes of its records as they are stored. */
  readonly bytes: number;
  /** Time of the last record: the times of a partition never fall. */
  readonly timestamp: number;
}

/** What {@link EmbeddedLog.slice} found, and where to go on. */
interface Slice {
  readonly records: readonly StoredRecord[];
  readonly position: number;
}

/** Records that are encoded and partitioned: all that can be done before the transaction. */
export interface PreparedAppend {
  readonly topic: LogTopic;
  readonly records: readonly { readonly partition: number; readonly stored: Buffer }[];
  readonly bytes: number;
}

const topicShape = z.object({
  id: z.int(),
  partitions: z.int(),
  retention: z.object({
    ms: z.number().exactOptional(),
    bytes: z.number().exactOptional(),
    compact: z.object({ tombstoneMs: z.number() }).exactOptional(),
  }),
});
const partitionShape = z.tuple([z.number(), z.number(), z.number(), z.number()]);
const countShape = z.number();
const statsShape = z.object({ entryCount: z.number() });
const namesShape = z.array(z.string());

/** Topics and their records in LMDB: one database for the counters, one for the records of each partition, by offset. */
export class EmbeddedLog {
  readonly meta: Sealed;
  readonly #environment: RootDatabase<string, Buffer>;
  readonly #maxBytes: number;
  readonly #topics = new Map<string, LogTopic>();
  readonly #records: RecordDatabases;

  constructor(environment: RootDatabase<string, Buffer>, maxBytes: number) {
    this.#environment = environment;
    this.#maxBytes = maxBytes;
    this.#records = new RecordDatabases(environment);
    this.meta = openDatabase(environment, {
      name: 'meta',
      encoding: 'string',
      keyEncoding: 'ordered-binary',
    });
  }

  /** Makes the next reads see what other processes have committed. */
  refresh(): void {
    readingPages(() => this.#environment.resetReadTxn());
  }

  /** A topic, or TOPIC_UNKNOWN. Its record databases are open then. */
  topic(name: string): LogTopic {
    const known = this.#topics.get(name);
    if (known !== undefined) return known;
    this.refresh();
    const found = getSealed(this.meta, ['topic', name]);
    if (found === undefined) {
      throw new StreamError('TOPIC_UNKNOWN', `The topic ${name} has not been created.`);
    }
    const topic: LogTopic = { name, ...topicShape.parse(found) };
    for (let partition = 0; partition < topic.partitions; partition += 1) this.records(topic, partition);
    this.#topics.set(name, topic);
    return topic;
  }

  /** Names of all topics, in the order of their numbers. */
  topicNames(): readonly string[] {
    return namesShape.parse(getSealed(this.meta, ['topics']) ?? []);
  }

  /** Creates a topic where it is missing; called within a transaction. Throws CONFIG_INVALID for one without partitions. */
  createTopic(spec: TopicSpec): void {
    if (getSealed(this.meta, ['topic', spec.name]) !== undefined) return;
    const { partitions, retention = {} } = spec;
    if (!Number.isInteger(partitions) || partitions < 1) {
      throw new StreamError('CONFIG_INVALID', `The topic ${spec.name} cannot have ${partitions} partitions.`);
    }
    const names = this.topicNames();
    if (names.includes(spec.name) || (names.length === 0 && !hasNoEntry(this.meta)))
      throw damagedLog(`it has lost what it knew of its topics (${spec.name})`);
    putSealed(this.meta, ['topics'], [...names, spec.name]);
    putSealed(this.meta, ['topic', spec.name], { id: names.length, partitions, retention });
  }

  /** The records of a partition by offset, encoded. */
  records(topic: LogTopic, partition: number): Database<Buffer, number> {
    return this.#records.of(topic, partition);
  }

  /** Says how a transaction ended: whether it became durable, or was given up. */
  ended(isCommitted: boolean): void {
    this.#records.ended(isCommitted);
  }

  /** Counters of a partition. Throws TOPIC_UNKNOWN for a partition that the topic does not have, and TRANSPORT_DAMAGED where they are gone. */
  partition(topic: LogTopic, partition: number): LogPartition {
    if (!(partition >= 0 && partition < topic.partitions)) {
      throw new StreamError('TOPIC_UNKNOWN', `The topic ${topic.name} has no partition ${partition}.`);
    }
    const counters = this.#counters(topic, partition);
    if (counters !== undefined) return counters;
    const isEmpty = hasNoEntry(this.records(topic, partition));
    const later = this.#counters(topic, partition); // another process may just have appended the first record
    if (later === undefined && !isEmpty)
      throw damagedLog(`the counters of ${topic.name}-${partition} are missing`);
    return later ?? { earliest: 0, next: 0, bytes: 0, timestamp: 0 };
  }

  /** Undefined before the first record. */
  #counters(topic: LogTopic, partition: number): LogPartition | undefined {
    const found = getSealed(this.meta, ['partition', topic.id, partition]);
    if (found === undefined) return undefined;
    const [earliest, next, bytes, timestamp] = partitionShape.parse(found);
    return { earliest, next, bytes, timestamp };
  }

  /** How many records a partition holds, and their bytes as they are stored. */
  held(topic: LogTopic, partition: number): { readonly records: number; readonly bytes: number } {
    const stats = readingPages(() => this.records(topic, partition).getStats());
    return { records: statsShape.parse(stats).entryCount, bytes: this.partition(topic, partition).bytes };
  }

  /** Stores the counters of a partition, and what that changes in the whole; called within a transaction. */
  putPartition(topic: LogTopic, partition: number, counters: LogPartition): void {
    const change = counters.bytes - (this.#counters(topic, partition)?.bytes ?? 0);
    if (change !== 0) putSealed(this.meta, ['bytes'], this.totalBytes() + change);
    const { earliest, next, bytes, timestamp } = counters;
    putSealed(this.meta, ['partition', topic.id, partition], [earliest, next, bytes, timestamp]);
  }

  /** Compaction may have removed records below this offset; from it on there are no gaps. */
  thinnedTo(topic: LogTopic, partition: number): number {
    if (topic.retention.compact === undefined) return 0;
    const place = [topic.id, partition] as const;
    const thinned =
      getSealed(this.meta, ['thinned', ...place]) ?? getSealed(this.meta, ['compacted', ...place]);
    return countShape.parse(thinned ?? 0);
  }

  /** Says that compaction is about to remove records below an offset; called within a transaction. */
  putThinnedTo(topic: LogTopic, partition: number, offset: number): void {
    putSealed(this.meta, ['thinned', topic.id, partition], offset);
  }

  /** Bytes of all records as they are stored. */
  totalBytes(): number {
    return countShape.parse(getSealed(this.meta, ['bytes']) ?? 0);
  }

  /** Encodes records and finds their partitions. */
  prepare(topicName: string, records: readonly NewRecord[]): PreparedAppend {
    const topic = this.topic(topicName);
    const prepared = records.map((record) => ({
      partition: partitionOf(record.key, topic.partitions),
      stored: encodeRecord(record),
    }));
    const bytes = prepared.reduce((sum, { stored }) => sum + stored.length, 0);
    return { topic, records: prepared, bytes };
  }

  /** Appends; called within a transaction: offsets are taken here. Throws TRANSPORT_FULL before anything is written. */
  append({ topic, records, bytes }: PreparedAppend, now: number): readonly AppendedAt[] {
    const total = this.totalBytes();
    if (total + bytes > this.#maxBytes) {
      throw new StreamError(
        'TRANSPORT_FULL',
        `The log holds ${total} of the ${this.#maxBytes} bytes that it may hold; ${bytes} more do not fit.`,
        {
          advice:
            'Let its consumers catch up, shorten the retention, or raise the limit; readers go on meanwhile.',
        },
      );
    }
    const open = new Map<number, { -readonly [K in keyof LogPartition]: LogPartition[K] }>();
    const places = records.map(({ partition, stored }): AppendedAt => {
      let counters = open.get(partition);
      if (counters === undefined) {
        counters = { ...this.partition(topic, partition) };
        counters.timestamp = Math.max(counters.timestamp, now);
        open.set(partition, counters);
      }
      const offset = counters.next;
      sealRecord(stored, { topic: topic.name, topicId: topic.id, partition, offset }, counters.timestamp);
      this.records(topic, partition).putSync(offset, stored, { append: true });
      counters.next += 1;
      counters.bytes += stored.length;
      return { partition, offset };
    });
    for (const [partition, counters] of open) this.putPartition(topic, partition, counters);
    return places;
  }

  /**
   * Records from an offset within a limit, copied, and where to go on. Every offset between the earliest and the next exists, but for
   * those that compaction may have removed: one that is not found comes back as a corrupt record.
   */
  slice(topic: LogTopic, partition: number, from: number, limit: PullLimit): Slice {
    return readingPages(() => this.#slice(topic, partition, from, limit));
  }

  #slice(topic: LogTopic, partition: number, from: number, limit: PullLimit): Slice {
    const { earliest, next } = this.partition(topic, partition);
    const wholeFrom = this.thinnedTo(topic, partition);
    const found: StoredRecord[] = [];
    let position = Math.max(from, earliest);
    let bytes = 0;
    const full = (record: StoredRecord): boolean => {
      bytes += record.value?.length ?? 0;
      return found.length > 0 && (bytes > limit.bytes || found.length >= limit.records);
    };
    // Up to no end: a key that is damaged may seem to lie behind it, with those that follow.
    const range = this.records(topic, partition).getRange({ start: position, limit: limit.records });
    const at = (offset: number) => ({ topic: topic.name, topicId: topic.id, partition, offset });
    for (const { key, value } of range) {
      const offset = offsetOf(key, value, at);
      if (!(offset >= position && offset < next)) continue; // no key of this log: where it should be is found to be empty
      position = Math.max(position, Math.min(offset, wholeFrom));
      while (position < offset) {
        if (full(missing(at(position)))) return { records: found, position };
        found.push(missing(at(position)));
        position += 1;
      }
      const record = openRecord(value, at(offset));
      if (full(record)) return { records: found, position };
      found.push(record);
      position = offset + 1;
    }
    if (found.length < limit.records) {
      if (position < next) position = Math.max(position, Math.min(next, wholeFrom));
      while (position < next && found.length < limit.records) {
        found.push(missing(at(position)));
        position += 1;
      }
      if (found.length < limit.records) position = Math.max(position, next);
    }
    return { records: found, position };
  }

  /** The first offset whose record was appended at `timestamp` (milliseconds since 1970) or later; the next offset where there is none. */
  offsetAt(topic: LogTopic, partition: number, timestamp: number): number {
    const { earliest, next } = this.partition(topic, partition);
    const records = this.records(topic, partition);
    let low = earliest;
    let high = next;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      let after: { readonly key: number; readonly value: Buffer } | undefined;
      for (const entry of records.getRange({ start: middle, end: high, limit: 1 })) after = entry;
      if (after === undefined || timestampOf(after.value) >= timestamp) high = middle;
      else low = behind(after.key, middle + 1);
    }
    return low;
  }
}

function missing(place: RecordPlace): StoredRecord {
  return corruptRecord(new Uint8Array(), place, 'the record is missing from the log');
}
