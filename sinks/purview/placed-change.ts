import type { Delivery } from '../../pipeline/sink.ts';
import type { AppliedSpeaker } from './applied.ts';

/** A change with its place in the order of changes. */
export type PlacedChange = Pick<Delivery, 'change' | 'offset' | 'sequence'>;

/** Whose change it is, and its place. */
export function placeOf({
  change: { producer, objectId, position },
  offset,
  sequence,
}: PlacedChange): Pick<AppliedSpeaker, 'producer' | 'objectId' | 'position' | 'offset' | 'sequence'> {
  return { producer, objectId, position, offset, ...(sequence === undefined ? {} : { sequence }) };
}
