import { messageOf, StreamError } from '../../pipeline/errors.ts';
import type { StoredRecord } from '../../pipeline/transport.ts';
import {
  Decoder,
  decodeRecordBatch,
  errorOfCode,
  type WireDecoder,
  type WireRecord,
  type WireRecordBatch,
} from './wire.ts';

/** What a broker answered for one partition. */
export interface FetchedPartition {
  readonly topic: string;
  readonly partition: number;
  readonly errorCode: number;
  /** Behind the last record of a transaction that has ended, or that is in none. */
  readonly stable: number;
  readonly earliest: number;
  /** Transactions that were given up, by where they begin. */
  readonly aborted: readonly AbortedTransaction[];
  /** The batches, encoded; the last one may be cut off. */
  readonly bytes: Buffer;
}

interface AbortedTransaction {
  readonly producerId: string;
  readonly first: number;
}

/** Records of one partition, and where to go on: behind what holds no records for us too. */
export interface FetchedRecords {
  readonly records: readonly StoredRecord[];
  readonly next: number;
}

/** How a broker's answer to Fetch, version 11, is read; for `connectionPool.send`. */
export const fetchResponse = {
  decode: async (bytes: Buffer): Promise<readonly FetchedPartition[]> => {
    const decoder = new Decoder(bytes);
    decoder.readInt32(); // how long the broker waits with its next answers
    const code = decoder.readInt16();
    if (code !== 0) throw errorOfCode(code);
    decoder.readInt32(); // no session
    return decoder
      .readArray((topic) => {
        const name = topic.readString();
        return topic.readArray((partition) => readPartition(name, partition));
      })
      .flat();
  },
  parse: async (partitions: readonly FetchedPartition[]): Promise<readonly FetchedPartition[]> => partitions,
};

function readPartition(topic: string, decoder: WireDecoder): FetchedPartition {
  const partition = decoder.readInt32();
  const errorCode = decoder.readInt16();
  decoder.readInt64(); // the high watermark
  const stable = Number(decoder.readInt64());
  const earliest = Number(decoder.readInt64());
  const aborted = decoder.readArray((one) => ({
    producerId: one.readInt64().toString(),
    first: Number(one.readInt64()),
  }));
  decoder.readInt32(); // a replica nearer by
  const size = decoder.readInt32();
  const bytes = size > 0 ? decoder.readBytes(size) : Buffer.alloc(0);
  return { topic, partition, errorCode, stable, earliest, aborted, bytes };
}

/** Bytes of a batch before its records (Kafka's message format 2). */
const batchHeader = 61;

/**
 * Decodes the records from an offset on. Records of transactions that were given up, and the marks that end transactions, are left out. A batch that
 * cannot be decoded is one corrupt record. Rejects with CONFIG_INVALID where its compression is not known here.
 */
export async function recordsOf(fetched: FetchedPartition, from: number): Promise<FetchedRecords> {
  const { topic, partition, bytes } = fetched;
  const open = [...fetched.aborted].sort((a, b) => a.first - b.first);
  const abandoned = new Set<string>();
  const records: StoredRecord[] = [];
  let next = from;
  for (let at = 0; at + batchHeader <= bytes.length; ) {
    const end = at + 12 + bytes.readInt32BE(at + 8);
    if (end > bytes.length) break; // cut off: it comes whole with the next request
    const first = Number(bytes.readBigInt64BE(at));
    const last = first + bytes.readInt32BE(at + 23);
    const encoded = bytes.subarray(at, end);
    at = end;
    if (last < from) continue;
    next = last + 1;
    for (let one = open[0]; one !== undefined && one.first <= last; one = open[0]) {
      abandoned.add(one.producerId);
      open.shift();
    }
    const batch = await decode(encoded);
    if (batch instanceof Error) {
      records.push(corrupt({ topic, partition, offset: Math.max(first, from) }, encoded, batch));
      continue;
    }
    if (batch.isControlBatch) abandoned.delete(batch.producerId);
    else if (!(batch.inTransaction && abandoned.has(batch.producerId)))
      for (const record of batch.records)
        if (Number(record.offset) >= from) records.push(storedRecord(record, topic, partition));
  }
  return { records, next };
}

async function decode(encoded: Buffer): Promise<WireRecordBatch | Error> {
  try {
    return await decodeRecordBatch(new Decoder(encoded));
  } catch (thrown) {
    if (thrown instanceof StreamError) throw thrown; // the batch is right: what decompresses it is missing
    return thrown instanceof Error ? thrown : new Error(messageOf(thrown));
  }
}

function corrupt(
  place: { readonly topic: string; readonly partition: number; readonly offset: number },
  value: Buffer,
  cause: Error,
): StoredRecord {
  return {
    ...place,
    key: '',
    value: Uint8Array.from(value),
    headers: {},
    timestamp: 0,
    corrupt: `the batch cannot be decoded: ${cause.message}`,
  };
}

function storedRecord(record: WireRecord, topic: string, partition: number): StoredRecord {
  const { key, value } = record;
  return {
    topic,
    partition,
    offset: Number(record.offset),
    timestamp: Number(record.timestamp),
    key: key === null ? '' : key.toString(),
    value: value === null ? null : value,
    headers: headersOf(record),
  };
}

/** Of a header that is there twice the last one counts. Copies nothing: this runs for every event. */
function headersOf({ headers }: WireRecord): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    const last = value instanceof Uint8Array ? value : value?.at(-1);
    if (last instanceof Uint8Array) found[name] = utf8Of(last);
  }
  return found;
}

function utf8Of(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
}
