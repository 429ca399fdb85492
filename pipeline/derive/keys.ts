import type { EntityRef, ObjectEvent, RawEvent } from '../../schemas/types.ts';
import { keyPart } from '../table.ts';

/** Identifies an object of a source among all producers. */
export function objectKey(event: Pick<ObjectEvent, 'producer' | 'objectId'>, type: string): string {
  return JSON.stringify([event.producer, type, event.objectId]);
}

/** Identifies the object that an event is about; undefined for the boundary of a scan. */
export function objectOf({ type, value }: RawEvent): string | undefined {
  if (type === 'scan-started' || type === 'scan-completed') return undefined;
  return objectKey(value, type === 'removal' ? value.removedType : type);
}

/** Identifies an entity by type and name. */
export function refKey(ref: EntityRef): string {
  return `${ref.typeName}\n${ref.qualifiedName}`;
}

/** The part of a table's keys that stands for an entity. */
export function refPart(ref: EntityRef): string {
  return keyPart(refKey(ref));
}
