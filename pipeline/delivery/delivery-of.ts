import { sequenceOf, traceparentOf } from '../../schemas/cloud-events.ts';
import type { EntityChange } from '../../schemas/types.ts';
import type { Delivery } from '../sink.ts';
import type { StoredRecord } from '../transport.ts';
import { redrivenFrom } from './redriven.ts';
import { replayScopeOf } from './replayed.ts';

/** The delivery of a change that stands in a record. */
export function deliveryOf(record: StoredRecord, change: EntityChange): Delivery {
  const redriven = redrivenFrom(record.headers);
  const replayed = replayScopeOf(record.headers);
  const traceparent = traceparentOf(record.headers);
  return {
    change,
    offset: redriven?.offset ?? record.offset,
    sequence: sequenceOf(record.headers),
    ...(traceparent === undefined ? {} : { traceparent }),
    ...(redriven === undefined ? {} : { isLate: true }),
    ...(replayed === undefined ? {} : { replayed }),
  };
}
