import { decodeEvent } from '../../schemas/codec.ts';
import type { EntityChange } from '../../schemas/types.ts';
import { StreamError } from '../errors.ts';
import { topics } from '../topics.ts';
import type { StoredRecord } from '../transport.ts';
import { intactValue } from './intact-value.ts';

/** One change on its way to the sink. */
export interface LaneItem {
  readonly record: StoredRecord;
  readonly change: EntityChange;
  /** Whether its offset is settled already, as parked. */
  readonly wasParked: boolean;
  /** Whether who had it before may have delivered it, and died before that was recorded. */
  readonly isUncertain: boolean;
}

/** Reads the change of a record. Throws EVENT_UNDECODABLE with the reason. */
export function laneItem(record: StoredRecord, value: Uint8Array): LaneItem {
  const { type, value: decoded } = decodeEvent(intactValue(record, value));
  if (type === 'entity-change')
    return { record, change: decoded as EntityChange, wasParked: false, isUncertain: false };
  throw new StreamError(
    'EVENT_UNDECODABLE',
    `An event of type ${type} does not belong on ${topics.entities}.`,
  );
}

/** Whether a change has to do with its own key alone: a deletion may take other assets along, and a rename takes over what is under another name. */
export function standsAlone({ change: { operation, renamed = [] } }: LaneItem): boolean {
  return operation === 'UPSERT' && renamed.length === 0;
}
