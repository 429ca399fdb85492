import { encodeEvent, schemaName } from '../../schemas/codec.ts';
import { toHeaders } from '../../schemas/cloud-events.ts';
import type { DeadLetter } from '../../schemas/types.ts';
import { hashOf } from '../content-hash.ts';
import { topics } from '../topics.ts';
import type { NewRecord, StoredRecord, Transport } from '../transport.ts';
import { StreamError } from '../errors.ts';
import { redrivenFrom } from './redriven.ts';

/** What went wrong with one event. */
export interface Fault {
  readonly stage: DeadLetter['stage'];
  readonly error: Error;
  readonly attempts: number;
  readonly producer: string | null;
}

/**
 * A dead letter for a record of a topic, with its bytes and headers as they were. Its id is what stood there, and not where: the same event that
 * fails again is the same letter, also when a producer that was started again has said it once more. Only what is left of a damaged record has its place
 * for a name: that may be nothing at all.
 */
export function deadLetterOf(record: StoredRecord, fault: Fault, now: Date): DeadLetter {
  return {
    id: `${record.topic}-${hashOf(...identityOf(record)).slice(0, 16)}`,
    stage: fault.stage,
    code: codeOf(fault.error),
    message: fault.error.message,
    time: now.toISOString(),
    attempts: fault.attempts + (redrivenFrom(record.headers)?.attempts ?? 0),
    topic: record.topic,
    partition: record.partition,
    offset: record.offset,
    producer: fault.producer,
    key: record.key,
    headers: record.headers,
    value: record.value === null ? null : Buffer.from(record.value),
  };
}

function identityOf({
  key,
  value,
  corrupt,
  partition,
  offset,
}: StoredRecord): readonly (string | Uint8Array)[] {
  return corrupt === undefined ? [key, value ?? ''] : [key, value ?? '', `${partition}-${offset}`];
}

/** Appends dead letters; an event counts as settled by it only when this has resolved. */
export async function appendDeadLetters(
  transport: Pick<Transport, 'append'>,
  letters: readonly DeadLetter[],
): Promise<void> {
  if (letters.length === 0) return;
  await transport.append(topics.deadLetters, letters.map(deadLetterRecord));
}

/** A dead letter as a record of its topic, keyed by its id. */
export function deadLetterRecord(letter: DeadLetter): NewRecord {
  return {
    key: letter.id,
    value: encodeEvent('dead-letter', letter),
    headers: toHeaders({
      id: letter.id,
      source: `/stages/${letter.stage.toLowerCase()}`,
      type: 'io.purviewstreams.dead-letter',
      subject: letter.key ?? letter.id,
      time: letter.time,
      dataschema: schemaName('dead-letter'),
    }),
  };
}

/** The code of an error that may not be ours. */
export function codeOf(error: Error): string {
  return error instanceof StreamError ? error.code : 'TRANSFORM_FAILED';
}
