import { decodeEvent } from '../schemas/codec.ts';
import type { DeadLetter } from '../schemas/types.ts';
import { intactValue } from '../pipeline/delivery/intact-value.ts';
import { messageOf } from '../pipeline/errors.ts';
import { topics } from '../pipeline/topics.ts';
import type { StoredRecord, Transport } from '../pipeline/transport.ts';

/**
 * Every dead letter on the topic, oldest first. A letter that stands there twice is one; what a tombstone has taken back is left out.
 * One that cannot be read itself is shown as that.
 */
export async function readDeadLetters(transport: Transport): Promise<readonly DeadLetter[]> {
  const letters = new Map<string, DeadLetter>();
  for (const { partition, earliest } of await transport.describe(topics.deadLetters)) {
    for await (const record of transport.read(topics.deadLetters, partition, earliest)) {
      const letter = letterOf(record);
      if (letter === undefined) letters.delete(record.key);
      else letters.set(letter.id, letter);
    }
  }
  return [...letters.values()].sort((a, b) => (a.time < b.time ? -1 : 1));
}

/** The letter of a record; undefined for a tombstone. */
function letterOf(record: StoredRecord): DeadLetter | undefined {
  if (record.value === null) return undefined;
  try {
    const event = decodeEvent(intactValue(record, record.value));
    if (event.type === 'dead-letter') return { ...(event.value as DeadLetter), id: record.key };
    throw new Error(`an event of type ${event.type} does not belong here`);
  } catch (thrown) {
    const { topic, partition, offset, timestamp, key, headers, value } = record;
    const nowhere = { topic: null, partition: null, offset: null, producer: null };
    return {
      id: key === '' ? `${topic}-${partition}-${offset}` : key,
      stage: 'DECODE',
      code: 'EVENT_UNDECODABLE',
      message: `The dead letter itself cannot be read: ${messageOf(thrown)}.`,
      time: new Date(timestamp).toISOString(),
      attempts: 1,
      ...nowhere,
      key,
      headers,
      value: Buffer.from(value),
    };
  }
}
