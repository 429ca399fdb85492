import type { FoundObject, ProducerMemory } from '../../pipeline/producer.ts';
import { decodeEvent, encodeEvent } from '../../schemas/codec.ts';
import type { Entity } from '../../schemas/types.ts';
import type { WorkbookEntity } from './finish.ts';

type FoundEntity = Extract<FoundObject, { readonly type: 'entity' }>;

const prefix = 'entity/';

/**
 * Remembers the entities of a workbook from scan to scan, so that those whose rows were taken out can be said again as they were: a
 * workbook often holds only what is to be changed now, and speaks of assets that it does not own.
 */
export class KeptEntities {
  readonly #memory: ProducerMemory;
  /** What is remembered of objects that this scan has not met yet, encoded. */
  readonly #left: Map<string, string>;

  private constructor(memory: ProducerMemory, left: Map<string, string>) {
    this.#memory = memory;
    this.#left = left;
  }

  /** Takes up what earlier scans have remembered. */
  static async open(memory: ProducerMemory): Promise<KeptEntities> {
    const left = new Map<string, string>();
    for await (const { key, value } of memory.entries(prefix))
      if (typeof value === 'string') left.set(key.slice(prefix.length), value);
    return new KeptEntities(memory, left);
  }

  /** Remembers an entity that the workbook has. */
  add({ objectId, value }: FoundEntity): void {
    const encoded = encode(objectId, value);
    if (this.#left.get(objectId) !== encoded) this.#memory.set(prefix + objectId, encoded);
    this.#left.delete(objectId);
  }

  /** Those that the workbook has no more, as they were. */
  *missing(): Iterable<FoundEntity> {
    for (const [objectId, encoded] of this.#left) {
      const value = decode(encoded);
      if (value !== undefined) yield { type: 'entity', objectId, value };
    }
  }
}

function encode(objectId: string, value: WorkbookEntity): string {
  const position = { incarnation: '', sequence: 0 };
  return encodeEvent('entity', { ...value, producer: '', objectId, position }).toString('base64');
}

function decode(encoded: string): WorkbookEntity | undefined {
  const { type, value } = decodeEvent(Buffer.from(encoded, 'base64'));
  if (type !== 'entity') return undefined;
  const { producer: _producer, objectId: _objectId, position: _position, ...said } = value as Entity;
  return said;
}
