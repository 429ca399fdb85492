import { setTimeout as delay } from 'node:timers/promises';
import type { SinkStage } from '../pipeline/sink-stage.ts';
import { type StageName, stageNames } from '../pipeline/telemetry.ts';
import { inputOf } from '../pipeline/topics.ts';
import type { Transport } from '../pipeline/transport.ts';

/** Milliseconds between two looks at the offsets. */
const pollMs = 20;

/**
 * Resolves when everything that is in the inputs of the stages now has been settled, in this process or another. The transform
 * stage commits a raw event after its changes stand in the topic, so stages are looked at in their order.
 * What is parked is looked for until nothing of it moves on any more; it stays parked then. Rejects when `signal` fires.
 */
export async function waitUntilSettled(
  transport: Transport,
  signal: AbortSignal,
  by: { readonly stages: readonly StageName[]; readonly sink?: SinkStage | undefined } = {
    stages: stageNames,
  },
): Promise<void> {
  for (let isMoving = true; isMoving; isMoving = (await by.sink?.sweep(signal)) === true) {
    for (const stage of stageNames) {
      if (by.stages.includes(stage)) await caughtUp(transport, inputOf[stage], signal);
    }
  }
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
