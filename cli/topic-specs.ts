import type { Config } from '../pipeline/config.ts';
import { schedulesTopic, topics } from '../pipeline/topics.ts';
import type { TopicSpec } from '../pipeline/transport.ts';

const weekMs = 7 * 24 * 3600 * 1000;

/**
 * The topics between the stages. Of each source object the last raw event stays, so that the topic always holds enough to build the catalogue again.
 * Changes go by age and not by key: what several producers say of one asset has one key. Dead letters are kept until they are redriven or dropped.
 */
export function topicSpecs(config: Config): readonly TopicSpec[] {
  const { partitions } = config.transport;
  return [
    { name: topics.raw, partitions, retention: { compact: { tombstoneMs: weekMs } } },
    { name: topics.entities, partitions, retention: { ms: weekMs } },
    { name: topics.deadLetters, partitions, retention: { compact: { tombstoneMs: weekMs } } },
    { name: schedulesTopic, partitions: 1, retention: { ms: weekMs } },
  ];
}
