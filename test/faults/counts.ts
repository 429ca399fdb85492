import { readStageTotals } from '../../pipeline/delivery/partition-counts.ts';
import { inputOf } from '../../pipeline/topics.ts';
import type { Transport } from '../../pipeline/transport.ts';
import type { World } from './world.ts';

/**
 * What is wrong with the counters of the stages when every process has ended (invariant 1): what is settled is what lies below the committed
 * offsets, each event once; what was received beside it was in the hands of a process that died, within its credits.
 */
export async function faultsInCounts(world: World, deaths: number): Promise<readonly string[]> {
  const transport = world.openTopics();
  try {
    const faults: string[] = [];
    for (const total of await readStageTotals(transport.transactions.state)) {
      const { stage, received, returned, inFlight, settled } = total;
      const done = Object.values(settled).reduce((sum, events) => sum + events, 0);
      const { topic, group } = inputOf[stage];
      const states = await transport.describe(topic);
      const isEmbedded = (world.context.kafka ?? world.context.hubs) === undefined;
      const committed = isEmbedded ? ends(states, group) : await below(transport, topic, group);
      world.context.say(
        `${stage}: ${received} received = ${done} settled + ${returned} again + ${inFlight} in flight`,
      );
      if (done !== committed)
        faults.push(`${stage}: ${done} events are counted as settled, ${committed} are committed`);
      if (inFlight !== 0) faults.push(`${stage}: ${inFlight} events are in flight, and no process is there`);
      const bound = deaths * world.credits * states.length;
      if (returned > bound) faults.push(`${stage}: ${returned} events were received again, ${bound} may be`);
    }
    return faults;
  } finally {
    await transport.close();
  }
}

/** Events below the committed offsets of a group where every offset holds one, or has held it before its key was compacted. */
function ends(states: Awaited<ReturnType<Transport['describe']>>, group: string): number {
  return states.reduce((sum, { committed }) => sum + (committed[group] ?? 0), 0);
}

/** The same where not every offset holds one. */
async function below(transport: Transport, topic: string, group: string): Promise<number> {
  let events = 0;
  for (const { partition, earliest, committed } of await transport.describe(topic)) {
    const end = committed[group] ?? 0;
    events += earliest; // trimmed by its age, it was settled before
    for await (const { offset } of transport.read(topic, partition, earliest)) if (offset < end) events += 1;
  }
  return events;
}
