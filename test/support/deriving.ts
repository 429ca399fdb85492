import { Deriver, type Applied, type DeriverOptions } from '../../pipeline/derive/deriver.ts';
import { rememberedObjects } from '../../pipeline/derive/object-records.ts';
import { createNaming } from '../../pipeline/naming.ts';
import { encodeEvent } from '../../schemas/codec.ts';
import type { DerivedObject, RawEvent } from '../../schemas/types.ts';
import { MemoryTable } from '../../transports/memory-table.ts';

/** The types of the small world. */
export const smallNaming = createNaming(
  ['table', 'job', 'tool'].map((name) => ({
    name,
    description: 'A type.',
    superTypes: ['DataSet'],
    attributes: {},
    qualifiedName: `${name}://{name+}`,
  })),
);

/** A deriver with a table of its own, one transaction an event. */
export class Deriving {
  readonly #table: MemoryTable;
  readonly #deriver: Deriver;
  #next = 0;

  constructor(options: DeriverOptions, table = new MemoryTable()) {
    this.#table = table;
    this.#deriver = new Deriver(options);
  }

  /** Applies an event; without an offset it is the next one of its partition. */
  apply(event: RawEvent, offset = this.#next): Applied {
    this.#next = Math.max(this.#next, offset + 1);
    const encoded = encodeEvent(event.type, event.value);
    const applied = this.#deriver.begin(this.#table)(event, { encoded, partition: 0, offset });
    this.#table.commit();
    return applied;
  }

  /** What is remembered of every object, those that were removed too. */
  objects(): readonly DerivedObject[] {
    return [...rememberedObjects(this.#table)];
  }

  /** A new process that finds what this one has left. */
  restarted(options: DeriverOptions): Deriving {
    return new Deriving(options, this.#table);
  }
}
