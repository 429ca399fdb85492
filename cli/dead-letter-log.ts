import { decodeEvent } from '../schemas/codec.ts';
import type { DeadLetter } from '../schemas/types.ts';
import { StreamError } from '../pipeline/errors.ts';
import type { StateStore } from '../pipeline/state.ts';
import { topics } from '../pipeline/topics.ts';
import type { Transport } from '../pipeline/transport.ts';

const prefix = 'dead-letters/';

/**
 * A transport whose dead letters are also kept in the state store, before they are appended: with a transport that forgets,
 * they would be gone when the process ends. The same fault twice has the same id, and is kept once.
 */
export function withDeadLetterLog(transport: Transport, state: StateStore): Transport {
  return {
    ensureTopics: (specs) => transport.ensureTopics(specs),
    append: async (topic, records) => {
      if (topic === topics.deadLetters) {
        await state.write(
          records.flatMap(({ key, value }) =>
            value === null ? [] : [{ key: prefix + key, value: Buffer.from(value).toString('base64') }],
          ),
        );
      }
      return transport.append(topic, records);
    },
    subscribe: (options) => transport.subscribe(options),
    read: (topic, partition, from) => transport.read(topic, partition, from),
    describe: (topic) => transport.describe(topic),
    admin: transport.admin,
    close: () => transport.close(),
  };
}

/** Every dead letter that is kept, oldest first. */
export async function keptDeadLetters(state: StateStore): Promise<readonly DeadLetter[]> {
  const letters: DeadLetter[] = [];
  for await (const { key, value } of state.scan(prefix)) letters.push(decodeLetter(key, value));
  return letters.sort((a, b) => (a.time < b.time ? -1 : 1));
}

function decodeLetter(key: string, value: unknown): DeadLetter {
  const decoded = typeof value === 'string' ? decodeEvent(Buffer.from(value, 'base64')) : undefined;
  if (decoded?.type !== 'dead-letter')
    throw new StreamError('EVENT_UNDECODABLE', `The kept dead letter ${key} cannot be read.`);
  return decoded.value as DeadLetter;
}
