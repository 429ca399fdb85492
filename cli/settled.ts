import { setTimeout as delay } from 'node:timers/promises';
import { groups, topics } from '../pipeline/topics.ts';
import type { Transport } from '../pipeline/transport.ts';

/** Milliseconds between two looks at the offsets. */
const pollMs = 20;

/**
 * Resolves when every raw event and every entity change that is in the topics now has been settled. The transform stage
 * commits a raw event after its changes stand in the topic, so the raw topic is looked at first. Rejects when `signal` fires.
 */
export async function waitUntilSettled(transport: Transport, signal: AbortSignal): Promise<void> {
  await caughtUp(transport, { topic: topics.raw, group: groups.transform }, signal);
  await caughtUp(transport, { topic: topics.entities, group: groups.sink }, signal);
}

async function caughtUp(
  transport: Transport,
  { topic, group }: { readonly topic: string; readonly group: string },
  signal: AbortSignal,
): Promise<void> {
  const targets = new Map((await transport.describe(topic)).map(({ partition, next }) => [partition, next]));
  for (;;) {
    const partitions = await transport.describe(topic);
    if (
      partitions.every(({ partition, committed }) => (committed[group] ?? 0) >= (targets.get(partition) ?? 0))
    )
      return;
    await delay(pollMs, undefined, { signal });
  }
}
