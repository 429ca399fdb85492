import { StreamError } from '../pipeline/errors.ts';
import { inputOf } from '../pipeline/topics.ts';
import type { Transport } from '../pipeline/transport.ts';

/**
 * Makes the group of each stage known before its first member comes: a topic keeps what a group has not committed, and what nobody has
 * ever read would go by age. A sink that is started weeks after the transforms finds every change.
 */
export async function keepForStages(transport: Transport): Promise<void> {
  for (const { topic, group } of Object.values(inputOf)) {
    const partitions = await transport.describe(topic);
    const unknown = partitions.filter(({ committed }) => committed[group] === undefined);
    if (unknown.length === 0) continue;
    const offsets = new Map(unknown.map(({ partition, earliest }) => [partition, earliest]));
    try {
      await transport.admin.resetOffsets(topic, group, offsets);
    } catch (thrown) {
      // It has members by now: then it is known.
      if (!(thrown instanceof StreamError && thrown.code === 'GROUP_ACTIVE')) throw thrown;
    }
  }
}
