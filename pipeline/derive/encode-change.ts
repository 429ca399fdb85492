import { decodeEvent, encodeEvent } from '../../schemas/codec.ts';
import type { EntityChange } from '../../schemas/types.ts';
import { spokenBody } from '../content-hash.ts';

const encoded = new WeakMap<EntityChange, Uint8Array>();

/** An entity change as it stands on its topic: encoded once, as changes are immutable. Throws EVENT_INVALID when it does not fit its schema. */
export function encodeChange(change: EntityChange): Uint8Array {
  const known = encoded.get(change);
  if (known !== undefined) return known;
  const bytes = encodeEvent('entity-change', change);
  encoded.set(change, bytes);
  return bytes;
}

/**
 * A change as it is derived, without former names, of which only the bytes are kept: its entities are read from them when somebody asks, which is seldom. A batch of changes would fill the
 * heap otherwise, and be copied about in it, until it is written. Throws as {@link encodeChange}.
 */
export function packChange(change: EntityChange): EntityChange {
  const bytes = encodeEvent('entity-change', change);
  const { operation, typeName, qualifiedName, producer, objectId, position, complete, placeholder } = change;
  const packed = {
    operation,
    typeName,
    qualifiedName,
    producer,
    objectId,
    position,
    get entities() {
      return (decodeEvent(bytes).value as EntityChange).entities.map(spokenBody);
    },
    complete,
    placeholder,
  };
  encoded.set(packed, bytes);
  return packed;
}
