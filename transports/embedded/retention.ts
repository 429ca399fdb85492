import type { Committer } from './committer.ts';
import type { Groups } from './groups.ts';
import type { EmbeddedLog, LogTopic } from './log.ts';
import { timestampOf } from './record.ts';

/** What the parts of the upkeep work on. */
export interface Upkeep {
  readonly log: EmbeddedLog;
  readonly groups: Groups;
  readonly committer: Committer;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Records that one transaction removes or looks at, so that appends come in between. */
export const chunkRecords = 1000;

/**
 * Removes the oldest records of a partition while they are older than the topic keeps them or the partition is larger than it may be.
 * What a consumer group has not committed stays, so that nothing is lost by it; a log that fills up for that says so with TRANSPORT_FULL.
 */
export async function trimPartition(upkeep: Upkeep, topic: LogTopic, partition: number): Promise<void> {
  const { ms, bytes } = topic.retention;
  if (ms === undefined && bytes === undefined) return;
  while ((await upkeep.committer.run(() => trimChunk(upkeep, topic, partition))) === chunkRecords);
}

/** Removes one chunk within a transaction; the number of records removed. */
function trimChunk(upkeep: Upkeep, topic: LogTopic, partition: number): number {
  const { log, groups } = upkeep;
  const { ms = Number.POSITIVE_INFINITY, bytes: limit = Number.POSITIVE_INFINITY } = topic.retention;
  const counters = log.partition(topic, partition);
  const records = log.records(topic, partition);
  const end = Math.min(groups.lowestCommitted(topic, partition) ?? counters.next, counters.next);
  const oldest = upkeep.now() - ms;
  let { bytes, earliest } = counters;
  const going: number[] = [];
  for (const { key, value } of records.getRange({ start: earliest, end, limit: chunkRecords })) {
    if (!Number.isSafeInteger(key)) continue; // it is damaged: for the readers to see
    if (timestampOf(value) >= oldest && bytes <= limit) break;
    going.push(key);
    bytes -= value.length;
    earliest = key + 1;
  }
  for (const offset of going) records.removeSync(offset);
  if (going.length > 0) log.putPartition(topic, partition, { ...counters, bytes, earliest });
  return going.length;
}
