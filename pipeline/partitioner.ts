const seed = 0x9747b28c;
const multiplier = 0x5bd1e995;

/**
 * murmur2 of a key, as Kafka's Java client computes it (org.apache.kafka.common.utils.Utils.murmur2), so that every
 * client puts a key on the same partition.
 */
export function murmur2(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let hash = seed ^ bytes.length;
  const whole = bytes.length - (bytes.length % 4);
  for (let at = 0; at < whole; at += 4) {
    let word = Math.imul(view.getInt32(at, true), multiplier);
    word ^= word >>> 24;
    hash = Math.imul(hash, multiplier) ^ Math.imul(word, multiplier);
  }
  for (let at = bytes.length - 1; at >= whole; at -= 1) hash ^= view.getUint8(at) << (8 * (at - whole));
  if (whole < bytes.length) hash = Math.imul(hash, multiplier);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, multiplier);
  return hash ^ (hash >>> 15);
}

const partMark = '\n#part/';

/**
 * The key of a part of an event that is too large for one record. It is not the event's own, since compaction would keep only
 * the last part then; but it goes to the same partition.
 */
export function partKey(key: string, part: string): string {
  return `${key}${partMark}${part}`;
}

/** The key of the event that a record belongs to: its own, unless it is a part of one. */
export function eventKeyOf(key: string): string {
  const at = key.lastIndexOf(partMark);
  return at === -1 ? key : key.slice(0, at);
}

/** The partition of a key among `partitions`: Kafka's default partitioner for records with a key. */
export function partitionOf(key: string, partitions: number): number {
  return (murmur2(new TextEncoder().encode(eventKeyOf(key))) & 0x7fffffff) % partitions;
}
