import { toHeaders } from '../schemas/cloud-events.ts';
import { encodeEvent, schemaName } from '../schemas/codec.ts';
import type { EventType, EventTypes, NamePart, SourcePosition } from '../schemas/types.ts';
import { hashOf } from './content-hash.ts';
import type { NewRecord } from './transport.ts';

/** The record of one raw event: `key` names its object among those of its producer. */
export function rawRecord<T extends EventType>(
  from: { readonly producer: string; readonly now: Date },
  type: T,
  key: string,
  value: EventTypes[T],
): NewRecord {
  const { producer, now } = from;
  const encoded = encodeEvent(type, value);
  const id = hashOf(producer, key, encoded).slice(0, 32);
  return {
    key: `${producer}/${key}`,
    value: encoded,
    headers: toHeaders({
      id,
      source: `/producers/${producer}`,
      type: `io.purviewstreams.${type}`,
      subject: key,
      time: now.toISOString(),
      dataschema: schemaName(type),
      traceparent: `00-${id}-${id.slice(0, 16)}-01`,
    }),
  };
}

/** The record that says that an object is gone; `key` is its key in the inventory, `becomes` its path where it was only renamed. */
export function removalRecord(
  from: { readonly producer: string; readonly now: Date },
  key: string,
  position: SourcePosition,
  becomes: readonly NamePart[] = [],
): NewRecord {
  const [removedType, objectId] = splitInventoryKey(key);
  const value = { producer: from.producer, objectId, position, removedType, becomes };
  return rawRecord(from, 'removal', `${removedType}/${objectId}`, value);
}

/** The key of an object's records on the raw topic. */
export function objectRecordKey(
  { producer, objectId }: { readonly producer: string; readonly objectId: string },
  type: string,
): string {
  return `${producer}/${type}/${objectId}`;
}

/** Type and id of an object, from its key in the inventory. */
export function splitInventoryKey(key: string): readonly [type: string, objectId: string] {
  const at = key.indexOf('\n');
  return [key.slice(0, at), key.slice(at + 1)];
}
