import type { DeadLetter } from '../schemas/types.ts';
import { hashOf } from './content-hash.ts';
import type { Rejection } from './producer.ts';

/** Tells faults apart: the same fault of the same object has the same hash. */
export function faultHash({ objectId, error, bytes }: Rejection): string {
  return hashOf(objectId, error.code, error.message, bytes ?? '');
}

/** Two faults of one object are two letters; the same fault in a later run is the same letter. */
export function rejectionLetter(producer: string, rejection: Rejection, now: Date): DeadLetter {
  const { objectId, error, bytes } = rejection;
  return {
    id: `${producer}-${objectId}-${faultHash(rejection).slice(0, 8)}`,
    stage: 'PRODUCE',
    code: error.code,
    message: error.message,
    time: now.toISOString(),
    attempts: 1,
    topic: null,
    partition: null,
    offset: null,
    producer,
    key: objectId,
    headers: {},
    value: bytes === undefined ? null : Buffer.from(bytes),
  };
}
