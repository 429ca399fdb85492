import { gunzipSync, gzipSync } from 'node:zlib';
import { z } from 'zod';
import { StreamError } from '../../pipeline/errors.ts';

const bytes = z.string().nullable().describe('base64; null is a tombstone');
const place = z.tuple([z.string(), z.number(), z.number()]);

/** One transaction as it stands in the journal. Everything but the id is absent where it is empty. */
const entryShape = z.strictObject({
  id: z.string(),
  /** State: key and value; without a value it is removed. */
  state: z.array(z.tuple([z.string()]).rest(z.unknown())).optional(),
  /** Records of the table by their key's text. */
  table: z.array(z.tuple([z.string(), bytes])).optional(),
  /** What is to be appended to topics after the entry is written. */
  outputs: z
    .array(
      z.strictObject({
        topic: z.string(),
        records: z.array(z.tuple([z.string(), bytes, z.record(z.string(), z.string())])),
      }),
    )
    .optional(),
  /** Partition of a group, generation of its owner, and what of it is settled. Entries of older generations do not count. */
  places: z.array(place).optional(),
  /** Partitions that have a new owner: as above, -1 as the offset. */
  fences: z.array(place).optional(),
  /** Ids of entries whose outputs are in their topics. */
  sent: z.array(z.string()).optional(),
  /** Partitions of groups that are forgotten. */
  forgotten: z.array(z.string()).optional(),
  /** Nothing comes behind it: the journal goes on in the next one. */
  sealed: z.literal(true).optional(),
  /** What is too large for a block stands in a blob of its own. */
  elsewhere: z.string().optional(),
});

/** See {@link encodeEntry}. */
export type JournalEntry = z.output<typeof entryShape>;
/** A record of {@link JournalEntry.state}. */
export type StateItem = [string, ...unknown[]];

const headBytes = 8;

/** An entry as bytes: its length, a checksum (both 32 bits, big-endian), and its JSON, compressed. */
export function encodeEntry(entry: JournalEntry): Buffer {
  const body = gzipSync(JSON.stringify(entry), { level: 1 });
  const head = Buffer.alloc(headBytes);
  head.writeUInt32BE(body.length, 0);
  head.writeUInt32BE(checksum(body), 4);
  return Buffer.concat([head, body]);
}

/** The entries that bytes hold, each with where it ends. Throws STATE_UNAVAILABLE where they are not what was written. */
export function* decodeEntries(
  data: Buffer,
): Iterable<{ readonly entry: JournalEntry; readonly end: number }> {
  for (let at = 0; at < data.length; ) {
    const end = at + headBytes + (data.length - at >= headBytes ? data.readUInt32BE(at) : 0);
    const body = data.subarray(at + headBytes, end);
    if (end > data.length || checksum(body) !== data.readUInt32BE(at + 4))
      throw new StreamError('STATE_UNAVAILABLE', 'The journal of the state in the blob store is damaged.');
    yield { entry: entryShape.parse(JSON.parse(gunzipSync(body).toString())), end };
    at = end;
  }
}

/** FNV-1a: the store has checksums of its own, this one tells what is no entry at all. */
function checksum(data: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of data) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
