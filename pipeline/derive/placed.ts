import type { Removal, SourcePosition } from '../../schemas/types.ts';
import type { Derived, EventPlace } from './derived.ts';
import { encodeRecord } from './object-records.ts';

type Placed = EventPlace & { readonly position: SourcePosition };

/**
 * Positions compare only within one incarnation. Another incarnation is a new life of the source: it counts, unless it stood in
 * the log before what is remembered, and only comes again (a replay, a dead letter that was put back).
 */
export function isOlder(event: Placed, than: Placed): boolean {
  if (event.position.incarnation === than.position.incarnation)
    return event.position.sequence < than.position.sequence;
  return event.partition === than.partition && event.offset < than.offset;
}

/** What is left of an object that was removed: its position, so that nothing older brings it back. */
export function removed(
  { producer, objectId, position, removedType }: Removal,
  { partition, offset }: EventPlace,
): Derived {
  const nothing = { asked: [], known: [], roots: [], warnings: [] };
  const none = { processes: 0, lineageEdges: 0, columnEdges: 0 };
  const after = {
    producer,
    objectId,
    position,
    objectType: removedType,
    partition,
    offset,
    event: null,
    ...nothing,
    ...none,
  };
  return { after, record: encodeRecord(after), said: new Map() };
}
