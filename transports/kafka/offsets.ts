import { typeOf } from './faults.ts';
import type { Session } from './session.ts';
import { isOfAnother, noteOf, topicId } from './topic-id.ts';
import { byLeader, partitionCount } from './topics.ts';
import { isolation } from './wire.ts';

/** Timestamps that stand for the ends of a partition. */
export const ends = { latest: -1, earliest: -2 } as const;

/**
 * Offsets by partition: at a time (milliseconds since 1970, -1 where nothing is as late), or at one of the {@link ends}. The latest is behind everything
 * that was appended, also in transactions that are not over yet, or of which this partition has not heard yet: whoever waits until all of it is settled
 * must not miss what is on its way.
 */
export function listOffsets(
  session: Session,
  topic: string,
  of: { readonly timestamp: number; readonly partitions?: readonly number[] },
): Promise<ReadonlyMap<number, number>> {
  return session.attempt(`The offsets of ${topic} cannot be read`, async (cluster) => {
    const count = await partitionCount(cluster, topic);
    const { timestamp, partitions = Array.from({ length: count }, (_, partition) => partition) } = of;
    const found = new Map<number, number>();
    for (const [nodeId, own] of byLeader(cluster, topic, partitions)) {
      const broker = await cluster.findBroker({ nodeId });
      const { responses } = await broker.listOffsets({
        replicaId: -1,
        isolationLevel: isolation.uncommitted,
        topics: [{ topic, partitions: own.map((partition) => ({ partition, timestamp })) }],
      });
      for (const { partition, offset } of responses.flatMap((one) => one.partitions))
        found.set(partition, Number(offset));
    }
    return found;
  });
}

/** Committed offsets of a group by partition; those that were never committed are absent, and those of a topic that was made anew since. `id` is that of the topic, where it is known. */
export async function fetchCommitted(
  session: Session,
  { groupId, topic, id }: { readonly groupId: string; readonly topic: string; readonly id?: string },
  partitions: readonly number[],
): Promise<ReadonlyMap<number, number>> {
  const current = id ?? (await topicId(session, topic));
  const { responses } = await session.onCoordinator(
    'Committed offsets cannot be read',
    { id: groupId, type: 0 },
    (broker) =>
      broker.offsetFetch({
        groupId,
        topics: [{ topic, partitions: partitions.map((partition) => ({ partition })) }],
      }),
  );
  const found = responses
    .flatMap((one) => one.partitions)
    .filter(({ metadata }) => !isOfAnother(metadata, current))
    .map(({ partition, offset }) => [partition, Number(offset)] as const);
  return new Map(found.filter(([, offset]) => offset >= 0));
}

/** Commits offsets as a member of a group, or, of an empty group, as nobody. Rejects with what the coordinator says. */
export async function commitOffsets(
  session: Session,
  of: {
    readonly groupId: string;
    readonly topic: string;
    /** The topic's id, as far as it is known. */
    readonly id: string;
    readonly offsets: ReadonlyMap<number, number>;
    readonly memberId?: string;
    readonly generationId?: number;
  },
): Promise<void> {
  const { groupId, topic, id, offsets, memberId = '', generationId = -1 } = of;
  const metadata = noteOf(id);
  const partitions = [...offsets].map(([partition, offset]) => ({
    partition,
    offset: offset.toString(),
    metadata,
  }));
  await session.onCoordinator('Offsets cannot be committed', { id: groupId, type: 0 }, (broker) =>
    broker.offsetCommit({
      groupId,
      groupGenerationId: generationId,
      memberId,
      retentionTime: -1,
      topics: [{ topic, partitions }],
    }),
  );
}

/** The name of what the coordinator answered, through the error that {@link Session} makes of it. */
export function answerOf(thrown: unknown): string {
  return typeOf(thrown instanceof Error && thrown.cause !== undefined ? thrown.cause : thrown);
}
