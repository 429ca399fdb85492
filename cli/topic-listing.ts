import { schedulesTopic } from '../pipeline/topics.ts';
import type { PartitionState, Transport } from '../pipeline/transport.ts';
import { table } from './table.ts';
import { bytesText, spanText } from './units.ts';

/** How far a consumer group is on one partition. */
export interface GroupProgress {
  readonly group: string;
  readonly committed: number;
  /** Offsets from the committed one to the end; of a compacted topic some may be gone. */
  readonly lag: number;
  /** Since the oldest event that is not settled was appended, in milliseconds; null when all is settled. */
  readonly oldestMs: number | null;
  /** Members of the group on the whole topic. */
  readonly members: number;
}

/** One partition of a topic, as `topics list --json` prints it. */
export interface ListedPartition {
  readonly topic: string;
  readonly partition: number;
  readonly earliest: number;
  readonly next: number;
  readonly records: number | null;
  readonly bytes: number | null;
  readonly groups: readonly GroupProgress[];
}

/** Every partition of every topic, and how far each group is on it; `now` in milliseconds since 1970. */
export async function listTopics(transport: Transport, now: number): Promise<readonly ListedPartition[]> {
  const listed: ListedPartition[] = [];
  for (const topic of await transport.admin.topics()) {
    const partitions = await transport.describe(topic);
    const names = [...new Set(partitions.flatMap(({ committed }) => Object.keys(committed)))].sort();
    const members = new Map<string, number>();
    for (const name of names) members.set(name, await transport.admin.members(topic, name));
    for (const state of partitions) {
      const groups: GroupProgress[] = [];
      for (const group of names) {
        const at = await progressOf(transport, { topic, group, now }, state);
        groups.push({ ...at, members: members.get(group) ?? 0 });
      }
      const { partition, earliest, next, held } = state;
      const { records = null, bytes = null } = held ?? {};
      listed.push({ topic, partition, earliest, next, records, bytes, groups });
    }
  }
  return listed;
}

async function progressOf(
  transport: Transport,
  { topic, group, now }: { readonly topic: string; readonly group: string; readonly now: number },
  { partition, earliest, next, committed }: PartitionState,
): Promise<Omit<GroupProgress, 'members'>> {
  const offset = committed[group] ?? earliest;
  const lag = Math.max(next - offset, 0);
  if (lag > 0) {
    for await (const { timestamp } of transport.read(topic, partition, offset)) {
      return { group, committed: offset, lag, oldestMs: Math.max(now - timestamp, 0) };
    }
  }
  return { group, committed: offset, lag, oldestMs: null };
}

/** The groups of leases, one for each producer, read nothing: they say who produces. How many there are, and their members, is all there is to see. */
function leasesText(groups: readonly GroupProgress[]): readonly [string, number] {
  const members = groups.reduce((sum, group) => sum + group.members, 0);
  return [groups.length === 1 ? '1 lease' : `${groups.length} leases`, members];
}

/** The listing as people read it: one line for each partition and group; one for all leases. */
export function topicsText(partitions: readonly ListedPartition[]): string {
  const rows = partitions.flatMap(({ topic, partition, earliest, next, records, bytes, groups }) => {
    const place = [topic, partition, earliest, next, records ?? '', bytes === null ? '' : bytesText(bytes)];
    if (groups.length === 0) return [[...place, '', '', '', '', '']];
    if (topic === schedulesTopic) return [[...place, ...leasesText(groups), '', '', '']];
    return groups.map((group) => [
      ...place,
      group.group,
      group.members,
      group.committed,
      group.lag,
      group.oldestMs === null ? '' : spanText(group.oldestMs),
    ]);
  });
  const head = ['topic', 'partition', 'earliest', 'next', 'records', 'size'];
  return table([...head, 'group', 'members', 'committed', 'lag', 'oldest'], rows);
}
