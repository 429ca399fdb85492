import { createHash } from 'node:crypto';
import type { DeadLetter } from '../schemas/types.ts';
import { hashOf } from './content-hash.ts';
import type { Rejection } from './producer.ts';

/** Tells faults apart: the same fault of the same object has the same hash. */
export function faultHash({ objectId, error, bytes }: Rejection): string {
  return hashOf(objectId, error.code, error.message, bytes ?? '');
}

/** Bytes that a letter of a producer keeps whole: an event must fit the limit of a transport (1,000,000 bytes on Event Hubs). */
const wholeBytes = 500_000;
/** Bytes that it keeps of more. */
const headBytes = 64_000;

/**
 * Two faults of one object are two letters; the same fault in a later run is the same letter. Of what is too large for a transport the head
 * is kept, and the hash of the whole: the source has it still, unlike an event's bytes, which are nowhere else.
 */
export function rejectionLetter(producer: string, rejection: Rejection, now: Date): DeadLetter {
  const { objectId, error } = rejection;
  const { bytes, note } = kept(rejection.bytes);
  return {
    id: `${producer}-${objectId}-${faultHash(rejection).slice(0, 8)}`,
    stage: 'PRODUCE',
    code: error.code,
    message: error.message + note,
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

function kept(bytes: Uint8Array | undefined): {
  readonly bytes: Uint8Array | undefined;
  readonly note: string;
} {
  if (bytes === undefined || bytes.length <= wholeBytes) return { bytes, note: '' };
  const hash = createHash('sha256').update(bytes).digest('hex');
  const note = ` Of its ${bytes.length} bytes (SHA-256 ${hash}) the first ${headBytes} are kept here.`;
  return { bytes: bytes.subarray(0, headBytes), note };
}

/** Faults that the last scan reported, by hash. */
export interface ReportedFaults {
  hashes: ReadonlySet<string>;
}
