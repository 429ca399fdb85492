import { crc32 } from 'node:zlib';
import type { NewRecord, StoredRecord } from '../../pipeline/transport.ts';

/** Where a record stands. Stored with it, so that a record that turns up in another place is found. */
export interface RecordPlace {
  readonly topic: string;
  /** Number of the topic in this log. */
  readonly topicId: number;
  readonly partition: number;
  readonly offset: number;
}

// [0] CRC-32 of the whole with these four bytes 0, [4] format, [5] 1 = tombstone, [6] timestamp (double), [14] length of the key,
// [18] length of the headers, [22] number of the topic, [26] partition, [30] offset (double), then key (UTF-8), headers (JSON),
// value. Little endian.
const headBytes = 38;
const format = 1;

/** A record whose place and time are still open: everything that can be done before the transaction. */
export function encodeRecord(record: NewRecord): Buffer {
  const headers = JSON.stringify(record.headers);
  const keyBytes = Buffer.byteLength(record.key);
  const headersBytes = Buffer.byteLength(headers);
  const valueBytes = record.value?.length ?? 0;
  const stored = Buffer.allocUnsafe(headBytes + keyBytes + headersBytes + valueBytes);
  stored[4] = format;
  stored[5] = record.value === null ? 1 : 0;
  stored.writeUInt32LE(keyBytes, 14);
  stored.writeUInt32LE(headersBytes, 18);
  stored.write(record.key, headBytes);
  stored.write(headers, headBytes + keyBytes);
  if (record.value !== null) stored.set(record.value, headBytes + keyBytes + headersBytes);
  return stored;
}

/** Puts place and time (milliseconds since 1970) into what {@link encodeRecord} made. */
export function sealRecord(stored: Buffer, place: RecordPlace, timestamp: number): void {
  stored.writeDoubleLE(timestamp, 6);
  stored.writeUInt32LE(place.topicId, 22);
  stored.writeUInt32LE(place.partition, 26);
  stored.writeDoubleLE(place.offset, 30);
  stored.writeUInt32LE(0, 0);
  stored.writeUInt32LE(crc32(stored), 0);
}

/**
 * The record as it was appended. One whose checksum, place or form is not right comes back marked `corrupt`, with the bytes that
 * were found: the reader decides, it is never skipped here. The value shares the memory of `stored`.
 */
export function openRecord(stored: Buffer, place: RecordPlace): StoredRecord {
  const at = { topic: place.topic, partition: place.partition, offset: place.offset };
  const damage = damageOf(stored, place);
  if (damage !== undefined) return corruptRecord(stored, place, damage);
  const keyEnd = headBytes + stored.readUInt32LE(14);
  const headersEnd = keyEnd + stored.readUInt32LE(18);
  const headers: StoredRecord['headers'] = JSON.parse(stored.toString('utf8', keyEnd, headersEnd));
  return {
    key: stored.toString('utf8', headBytes, keyEnd),
    value: stored[5] === 1 ? null : stored.subarray(headersEnd),
    headers,
    ...at,
    timestamp: stored.readDoubleLE(6),
  };
}

/** Stands for a record that cannot be read. */
export function corruptRecord(bytes: Uint8Array, place: RecordPlace, reason: string): StoredRecord {
  return {
    key: '',
    value: bytes,
    headers: {},
    topic: place.topic,
    partition: place.partition,
    offset: place.offset,
    timestamp: 0,
    corrupt: reason,
  };
}

/** The time of a record that has been checked or need not be, in milliseconds since 1970. */
export function timestampOf(stored: Buffer): number {
  return stored.length < headBytes ? 0 : stored.readDoubleLE(6);
}

/** Where a record stands: what it says itself where all else of it is right, for a bit of its key may have flipped. NaN for a key that is none. */
export function offsetOf(key: unknown, stored: Buffer, at: (offset: number) => RecordPlace): number {
  const stated = stored.length < headBytes ? Number.NaN : stored.readDoubleLE(30);
  if (stated === key || openRecord(stored, at(stated)).corrupt === undefined) return stated;
  return typeof key === 'number' && Number.isSafeInteger(key) ? key : Number.NaN;
}

/** Where to go on behind a key; one that is damaged moves nothing. */
export function behind(key: number, position: number): number {
  return Number.isSafeInteger(key) ? Math.max(position, key + 1) : position;
}

function damageOf(stored: Buffer, place: RecordPlace): string | undefined {
  if (stored.length < headBytes) return `only ${stored.length} bytes of the record are there`;
  const expected = stored.readUInt32LE(0);
  stored.writeUInt32LE(0, 0); // no second view of the bytes: this is the hot path
  const found = crc32(stored);
  stored.writeUInt32LE(expected, 0);
  if (found !== expected) return 'the checksum does not match the bytes';
  if (stored[4] !== format) return `the format ${stored[4]} is not known to this version`;
  const isHere =
    stored.readDoubleLE(30) === place.offset &&
    stored.readUInt32LE(26) === place.partition &&
    stored.readUInt32LE(22) === place.topicId;
  if (!isHere) return 'the record belongs to another place';
  return undefined;
}
