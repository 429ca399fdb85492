import { decodeEvent, encodeEvent } from '../../schemas/codec.ts';
import type { EntityBody, EntityChange } from '../../schemas/types.ts';
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

/** One shape for all of them: each object literal with a getter has a shape of its own to V8, and all that reads them is slow then. */
class PackedChange implements EntityChange {
  /** An own property, so that a copy by spread has it. */
  static readonly #entities: PropertyDescriptor & ThisType<PackedChange> = {
    enumerable: true,
    get() {
      return (decodeEvent(this.#bytes).value as EntityChange).entities.map(spokenBody);
    },
  };
  readonly operation: EntityChange['operation'];
  readonly typeName: string;
  readonly qualifiedName: string;
  readonly producer: string;
  readonly objectId: string;
  readonly position: EntityChange['position'];
  declare readonly entities: readonly EntityBody[];
  readonly complete: readonly string[];
  readonly placeholder: boolean;
  readonly #bytes: Uint8Array;

  constructor(change: EntityChange, bytes: Uint8Array) {
    this.operation = change.operation;
    this.typeName = change.typeName;
    this.qualifiedName = change.qualifiedName;
    this.producer = change.producer;
    this.objectId = change.objectId;
    this.position = change.position;
    this.complete = change.complete;
    this.placeholder = change.placeholder;
    this.#bytes = bytes;
    Object.defineProperty(this, 'entities', PackedChange.#entities);
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }
}
