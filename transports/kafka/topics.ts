import { StreamError } from '../../pipeline/errors.ts';
import { typeOf } from './faults.ts';
import type { WireCluster } from './wire.ts';

/** How many partitions a topic has. Rejects with TOPIC_UNKNOWN. */
export async function partitionCount(cluster: WireCluster, topic: string): Promise<number> {
  const count = cluster.getNodeIds().length === 0 ? 0 : known(cluster, topic);
  if (count > 0) return count;
  try {
    await cluster.addMultipleTargetTopics([topic]);
    if (known(cluster, topic) === 0) await cluster.refreshMetadata();
  } catch (thrown) {
    const type = typeOf(thrown);
    if (type !== 'UNKNOWN_TOPIC_OR_PARTITION' && type !== 'INVALID_TOPIC_EXCEPTION') throw thrown;
    throw unknownTopic(topic, thrown);
  }
  const found = known(cluster, topic);
  if (found === 0) throw unknownTopic(topic, undefined);
  return found;
}

function known(cluster: WireCluster, topic: string): number {
  return cluster.findTopicPartitionMetadata(topic).length;
}

function unknownTopic(topic: string, cause: unknown): StreamError {
  return new StreamError('TOPIC_UNKNOWN', `The topic ${topic} has not been created.`, { cause });
}

/** Partitions by the broker that leads them. */
export function byLeader(
  cluster: WireCluster,
  topic: string,
  partitions: Iterable<number>,
): ReadonlyMap<number, readonly number[]> {
  const leaders = new Map(
    cluster.findTopicPartitionMetadata(topic).map(({ partitionId, leader }) => [partitionId, leader]),
  );
  const found = new Map<number, number[]>();
  for (const partition of partitions) {
    const leader = leaders.get(partition) ?? -1;
    found.set(leader, [...(found.get(leader) ?? []), partition]);
  }
  return found;
}
