import { StreamError } from '../errors.ts';
import type { StoredRecord } from '../transport.ts';

/** The value of a record that is as it was appended. Throws EVENT_UNDECODABLE with the reason when the transport found it damaged. */
export function intactValue(record: StoredRecord, value: Uint8Array): Uint8Array {
  if (record.corrupt === undefined) return value;
  throw new StreamError('EVENT_UNDECODABLE', `The record is damaged: ${record.corrupt}.`);
}
