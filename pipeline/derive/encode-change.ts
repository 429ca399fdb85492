import { decodeEvent, encodeEvent } from '../../schemas/codec.ts';
import type { EntityBody, EntityChange, Renamed } from '../../schemas/types.ts';
import { spokenBody } from '../content-hash.ts';

/** An entity change as it stands on its topic, encoded. Throws EVENT_INVALID when it does not fit its schema. */
export function encodeChange(change: EntityChange): Uint8Array {
  return change instanceof PackedChange ? change.bytes : encodeEvent('entity-change', change);
}

/**
 * A change as it is derived, without former names, of which only the bytes are kept: its entities are read from them when somebody asks, which is seldom. A batch of changes would fill the
 * heap otherwise, and be copied about in it, until it is written. Throws as {@link encodeChange}.
 */
export function packChange(change: EntityChange): EntityChange {
  return new PackedChange(change, encodeEvent('entity-change', change));
}

/** A change that says which entities had other names before. */
export function withRenamed(change: EntityChange, renamed: readonly Renamed[]): EntityChange {
  const { entities } = change; // of a packed one, a spread leaves them out
  return { ...change, entities, renamed };
}

/** Not an object literal with a getter: each of those has a shape of its own to V8, and all that reads them is slow then. */
class PackedChange implements EntityChange {
  readonly operation: EntityChange['operation'];
  readonly typeName: string;
  readonly qualifiedName: string;
  readonly producer: string;
  readonly objectId: string;
  readonly position: EntityChange['position'];
  readonly complete: readonly string[];
  readonly placeholder: boolean;
  readonly bytes: Uint8Array;

  constructor(change: EntityChange, bytes: Uint8Array) {
    this.operation = change.operation;
    this.typeName = change.typeName;
    this.qualifiedName = change.qualifiedName;
    this.producer = change.producer;
    this.objectId = change.objectId;
    this.position = change.position;
    this.complete = change.complete;
    this.placeholder = change.placeholder;
    this.bytes = bytes;
  }

  get entities(): readonly EntityBody[] {
    return (decodeEvent(this.bytes).value as EntityChange).entities.map(spokenBody);
  }
}
