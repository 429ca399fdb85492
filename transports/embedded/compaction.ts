import { z } from 'zod';
import type { LogTopic } from './log.ts';
import { behind, openRecord } from './record.ts';
import { chunkRecords, type Upkeep } from './retention.ts';
import { getSealed, putSealed } from './sealed.ts';

/** Keys that one pass remembers at the most: what bounds its memory. The next pass goes on where it ended. */
const keysInMemory = 50_000;
const offsetShape = z.number();

interface Pass {
  /** Last offset of each key from where the pass before ended. */
  readonly last: ReadonlyMap<string, number>;
  /** Where this pass ends. */
  readonly end: number;
}

/**
 * Removes from a partition what a later record of the same key supersedes, as Kafka's log cleaner does: the part that is new since
 * the last pass is read for the last offset of each key, then everything below is read once and thinned. A tombstone goes
 * when it is old enough and every group has passed it. The very last record always stays. Does nothing before the new part has
 * as many records as are left of the rest, unless `force` is set.
 */
export async function compactPartition(
  upkeep: Upkeep,
  topic: LogTopic,
  partition: number,
  force: boolean,
): Promise<void> {
  if (topic.retention.compact === undefined) return;
  const pass = await plan(upkeep, topic, partition, force);
  if (pass === undefined) return;
  await upkeep.committer.run(() => upkeep.log.putThinnedTo(topic, partition, pass.end)); // before the first gap
  let from = 0;
  while (from < pass.end) {
    const start = from;
    from = await upkeep.committer.run(() => thinChunk(upkeep, { topic, partition }, pass, start));
  }
  await upkeep.committer.run(() => putSealed(upkeep.log.meta, ['compacted', topic.id, partition], pass.end));
}

async function plan(
  { log, committer }: Upkeep,
  topic: LogTopic,
  partition: number,
  force: boolean,
): Promise<Pass | undefined> {
  log.refresh();
  const { earliest, next } = log.partition(topic, partition);
  const before = offsetShape.parse(getSealed(log.meta, ['compacted', topic.id, partition]) ?? 0);
  const start = Math.max(before, earliest);
  const end = next - 1;
  // Offsets only grow: counted in them, the rest would be all that was ever appended, and a pass would never be due again.
  const rest = log.held(topic, partition).records - (next - start);
  if (start >= end || (!force && end - start < rest)) return undefined;
  const last = new Map<string, number>();
  let position = start;
  while (position < end && last.size < keysInMemory) {
    const limit = { records: Math.min(chunkRecords, end - position), bytes: Number.POSITIVE_INFINITY };
    const read = await committer.run(() => log.slice(topic, partition, position, limit));
    for (const { key, offset, corrupt } of read.records) {
      if (offset < end && corrupt === undefined) last.set(key, offset);
    }
    position = Math.min(read.position, end);
  }
  return { last, end: position };
}

/** Thins one chunk within a transaction; where the next one starts. */
function thinChunk(
  { log, groups, now }: Upkeep,
  { topic, partition }: { readonly topic: LogTopic; readonly partition: number },
  { last, end }: Pass,
  start: number,
): number {
  const counters = log.partition(topic, partition);
  const records = log.records(topic, partition);
  const settled = groups.lowestCommitted(topic, partition) ?? end;
  const oldest = now() - (topic.retention.compact?.tombstoneMs ?? 0);
  const going: number[] = [];
  let { bytes } = counters;
  let read = 0;
  let position = start;
  for (const { key: offset, value } of records.getRange({ start, end, limit: chunkRecords })) {
    read += 1;
    position = behind(offset, position);
    const record = openRecord(value, { topic: topic.name, topicId: topic.id, partition, offset });
    if (record.corrupt !== undefined) continue; // for the readers to see
    const superseded = (last.get(record.key) ?? -1) > offset;
    const gone = record.value === null && record.timestamp < oldest && offset < settled;
    if (!superseded && !gone) continue;
    going.push(offset);
    bytes -= value.length;
  }
  for (const offset of going) records.removeSync(offset);
  if (going.length > 0) {
    let { earliest } = counters;
    for (const key of records.getKeys({ limit: 1 })) earliest = key;
    log.putPartition(topic, partition, { ...counters, bytes, earliest });
  }
  return read < chunkRecords ? end : position;
}
