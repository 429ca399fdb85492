import { refuseActive, settableOffset } from '../../pipeline/group-offsets.ts';
import type { TransportAdmin } from '../../pipeline/transport.ts';
import type { GroupStore } from './group-store.ts';
import type { Hubs } from './hubs.ts';
import { PartitionReader } from './partition-reader.ts';
import { groupKey } from './subscription.ts';

/** What the admin part works with. */
export interface AdminHost {
  readonly hubs: Hubs;
  readonly store: GroupStore;
  /** Throws when the transport is closed. */
  readonly open: () => void;
  /** Forgets what transactions have settled for partitions of groups, by {@link groupKey}. */
  readonly forget: (keys: readonly string[]) => Promise<void>;
}

/** What people do with topics and groups. Event hubs cannot be listed over AMQP: those that this pipeline uses are remembered. */
export function createAdmin({ hubs, store, open, forget }: AdminHost): TransportAdmin {
  const members = async (topic: string, group: string): Promise<number> => {
    open();
    await hubs.partitions(topic); // it must be there
    return (await store.view(topic, group)).members.length;
  };
  return {
    members,
    topics: async () => {
      open();
      return store.topics();
    },
    offsetAt: async (topic, partition, timestamp) => {
      open();
      await hubs.checkPartition(topic, partition);
      return offsetAt(hubs, { topic, partition, timestamp });
    },
    resetOffsets: async (topic, group, offsets) => {
      refuseActive(topic, group, await members(topic, group));
      const settable: { readonly partition: number; readonly offset: number }[] = [];
      for (const [partition, offset] of offsets) {
        await hubs.checkPartition(topic, partition);
        const { earliest, next } = await hubs.ends(topic, partition);
        settable.push({ partition, offset: settableOffset(topic, { partition, earliest, next }, offset) });
      }
      const { partitions } = await store.view(topic, group);
      for (const { partition, offset } of settable) {
        const { generation = 0, etag } = partitions.get(partition) ?? {};
        const record = { partition, owner: '', generation: generation + 1, offset };
        // Somebody has taken it since it was asked.
        if ((await store.write(topic, group, record, etag)) === undefined) refuseActive(topic, group, 1);
      }
    },
    forgetGroup: async (topic, group) => {
      refuseActive(topic, group, await members(topic, group));
      const { partitions } = await store.view(topic, group);
      await forget([...partitions.keys()].map((partition) => groupKey(topic, group, partition)));
      await store.forget(topic, group);
    },
  };
}

/** Has the service find the first event of a time. */
async function offsetAt(
  hubs: Hubs,
  {
    topic,
    partition,
    timestamp,
  }: { readonly topic: string; readonly partition: number; readonly timestamp: number },
): Promise<number> {
  const { earliest, next, lastAt } = await hubs.ends(topic, partition);
  if (earliest === next || lastAt < timestamp) return next;
  const reader = new PartitionReader({ hubs, topic, partition, start: earliest, since: timestamp });
  try {
    const [found] = await reader.pull({ records: 1, bytes: 1 }, AbortSignal.timeout(hubs.options.patienceMs));
    return found?.offset ?? next;
  } finally {
    reader.close();
  }
}
