import { Deriver, type Applied, type DeriverOptions } from '../../pipeline/derive/deriver.ts';
import type { Saying } from '../../pipeline/derive/coming-again.ts';
import { objectOf } from '../../pipeline/derive/keys.ts';
import { Sequence } from '../../pipeline/derive/sequence.ts';
import { rememberedObjects } from '../../pipeline/derive/object-records.ts';
import { createNaming } from '../../pipeline/naming.ts';
import { MemoryTable } from '../../platform/memory-table.ts';
import { encodeEvent } from '../../schemas/codec.ts';
import type { DerivedObject, EntityChange, RawEvent } from '../../schemas/types.ts';

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

/** A change with its number. */
export interface Numbered {
  readonly change: EntityChange;
  readonly sequence: string;
}

/** A deriver with a table of its own. */
export class Deriving {
  readonly #table: MemoryTable;
  readonly #deriver: Deriver;
  #next = 0;

  constructor(options: DeriverOptions, table = new MemoryTable()) {
    this.#table = table;
    this.#deriver = new Deriver(options);
  }

  /** Applies an event in a transaction of its own; without an offset it is the next one of its partition. */
  apply(event: RawEvent, offset = this.#next): Applied {
    this.#next = Math.max(this.#next, offset + 1);
    const [applied] = this.#transaction([[event, offset]]);
    if (applied === undefined) throw new Error('Nothing came of the event.');
    return applied;
  }

  /** Applies events, so many in each transaction. */
  applyAll(events: readonly RawEvent[], together: number): readonly Applied[] {
    const first = this.#next;
    this.#next += events.length;
    const placed = events.map((event, index) => [event, first + index] as const);
    return Array.from({ length: Math.ceil(placed.length / together) }, (_, n) =>
      this.#transaction(placed.slice(n * together, (n + 1) * together)),
    ).flat();
  }

  /** Applies events in one transaction, and numbers what each says. */
  sayAll(events: readonly RawEvent[]): readonly Saying<Numbered>[] {
    const first = this.#next;
    this.#next += events.length;
    const sayings: Saying<Numbered>[] = [];
    this.#transaction(
      events.map((event, index) => [event, first + index] as const),
      (applied, next) => {
        const event = events[sayings.length];
        const said: Numbered[] = [];
        const own = new Set<Numbered>();
        for (const change of applied.kind === 'derived' ? applied.changes : []) {
          const one = { change, sequence: next() };
          said.push(one);
          if (applied.kind === 'derived' && applied.own.has(change)) own.add(one);
        }
        sayings.push({ object: event && objectOf(event), said, own });
      },
    );
    return sayings;
  }

  #transaction(
    events: readonly (readonly [RawEvent, number])[],
    say: (applied: Applied, next: () => string) => void = () => undefined,
  ): readonly Applied[] {
    const received = events.map(([event, offset]) => ({
      encoded: encodeEvent(event.type, event.value),
      partition: 0,
      offset,
      event,
    }));
    const derive = this.#deriver.ahead(this.#table);
    const ahead = received.map((one) => derive(one.event, one));
    const deriving = this.#deriver.begin(this.#table);
    const applied = received.map((one, index) => deriving.apply(one.event, one, ahead[index]));
    deriving.end();
    const sequence = new Sequence(this.#table);
    for (const one of applied) say(one, () => sequence.next());
    sequence.end();
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
