import { encodeEvent } from '../../schemas/codec.ts';
import type { EntityChange } from '../../schemas/types.ts';

const encoded = new WeakMap<EntityChange, Uint8Array>();

/** An entity change as it stands on its topic: encoded once, as changes are immutable. Throws EVENT_INVALID when it does not fit its schema. */
export function encodeChange(change: EntityChange): Uint8Array {
  const known = encoded.get(change);
  if (known !== undefined) return known;
  const bytes = encodeEvent('entity-change', change);
  encoded.set(change, bytes);
  return bytes;
}
