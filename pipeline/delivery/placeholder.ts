import { toHeaders } from '../../schemas/cloud-events.ts';
import { encodeEvent, schemaName } from '../../schemas/codec.ts';
import type { EntityChange, EntityRef } from '../../schemas/types.ts';
import type { NewRecord } from '../transport.ts';

/** What marks a placeholder in the catalogue; it goes when a source describes the asset. */
export const placeholderText = 'Placeholder: other assets name this one, and no source has described it yet.';

/**
 * A change that makes a placeholder for what another change names, as a record of the topic of changes: keyed by its own name, so
 * that the one writer of that name makes it. It is said by the producer, from the object and at the position of the change that
 * names it, so that the same change always makes the same one.
 */
export function placeholderRecord(ref: EntityRef, namedBy: EntityChange, now: Date): NewRecord {
  const { typeName, qualifiedName } = ref;
  const { producer, objectId, position } = namedBy;
  const attributes = { name: lastName(qualifiedName), description: placeholderText };
  const change: EntityChange = {
    operation: 'UPSERT',
    typeName,
    qualifiedName,
    producer,
    objectId,
    position,
    entities: [{ typeName, qualifiedName, attributes, references: [] }],
    complete: [],
    placeholder: true,
  };
  return {
    key: qualifiedName,
    value: encodeEvent('entity-change', change),
    headers: toHeaders({
      id: `placeholder/${typeName}/${qualifiedName}/${producer}/${objectId}`,
      source: '/stages/sink',
      type: 'io.purviewstreams.entity-change',
      subject: qualifiedName,
      time: now.toISOString(),
      dataschema: schemaName('entity-change'),
    }),
  };
}

/** The last part of a qualifiedName. */
function lastName(qualifiedName: string): string {
  return /[^/#]+$/u.exec(qualifiedName)?.[0] ?? qualifiedName;
}
