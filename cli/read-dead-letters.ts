import { decodeEvent } from '../schemas/codec.ts';
import type { DeadLetter } from '../schemas/types.ts';
import { topics } from '../pipeline/topics.ts';
import type { Transport } from '../pipeline/transport.ts';

/** Every dead letter on the topic, oldest first. A letter that stands there twice is one; what a tombstone has taken back is left out. */
export async function readDeadLetters(transport: Transport): Promise<readonly DeadLetter[]> {
  const letters = new Map<string, DeadLetter>();
  for (const { partition, earliest } of await transport.describe(topics.deadLetters)) {
    for await (const { key, value } of transport.read(topics.deadLetters, partition, earliest)) {
      if (value === null) letters.delete(key);
      else {
        const event = decodeEvent(value);
        if (event.type === 'dead-letter') letters.set(key, event.value as DeadLetter);
      }
    }
  }
  return [...letters.values()].sort((a, b) => (a.time < b.time ? -1 : 1));
}
