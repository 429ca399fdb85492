import type { FoundObject, Producer } from '../../pipeline/producer.ts';
import { ProducerRunner } from '../../pipeline/producer-runner.ts';
import { createTelemetry } from '../../pipeline/telemetry.ts';
import { topics } from '../../pipeline/topics.ts';
import { deriving, type DerivedEntity, type KnownView, type Transform } from '../../pipeline/transform.ts';
import type { NewRecord } from '../../pipeline/transport.ts';
import { createMemoryState } from '../../platform/memory-state.ts';
import type { DatabaseObject, EntityRef } from '../../schemas/types.ts';
import { createMemoryTransport } from '../../transports/memory.ts';
import { shop, shopProcess, shopRef } from './changes.ts';
import { jobEvent, tableEvent } from './small-world.ts';

const never = new AbortController().signal;

/** A table as its source has it: what it is called, its mark, and its columns by their numbers. */
export interface SourceTable {
  readonly name: string;
  readonly oid: number;
  readonly columns: readonly (readonly [number, string])[];
}

/** What a database tells of a table. */
export function foundTable({ name, oid, columns }: SourceTable): FoundObject {
  const names = columns.map(([, column]) => column);
  const { value } = tableEvent({ producer: 'p', table: name, sequence: 0, columns: names });
  const { producer: _p, objectId, position: _at, ...object } = value as DatabaseObject;
  const numbered = (object.columns ?? []).map((column, at) => ({
    ...column,
    ordinal: columns[at]?.[0] ?? 0,
  }));
  const ref = String(oid);
  return {
    type: 'database-object',
    objectId,
    ref,
    columnsKeepOrdinal: true,
    value: { ...object, columns: numbered },
  };
}

/** A job that reads tables by their names. */
function foundJob(inputs: readonly string[]): FoundObject {
  const { value } = jobEvent({ producer: 'q', job: 'j', sequence: 0, name: 'j', inputs });
  const {
    producer: _p,
    objectId,
    position: _at,
    ...job
  } = value as Extract<FoundObject, { type: 'job' }>['value'] & {
    readonly producer: string;
    readonly objectId: string;
    readonly position: unknown;
  };
  return { type: 'job', objectId, value: job };
}

/** A database whose tables are renamed, and a tool whose job reads them; both tell of what changes. */
export class RenamingSource {
  tables: readonly SourceTable[] = [];
  inputs: readonly string[] = [];
  readonly #transport = createMemoryTransport();
  readonly #database: ProducerRunner;
  readonly #tool: ProducerRunner;

  constructor() {
    const state = createMemoryState();
    const runner = (name: string, found: () => readonly FoundObject[]): ProducerRunner => {
      const producer: Producer = {
        incarnation: () => Promise.resolve('one'),
        scan: async function* all() {
          yield* found();
        },
        changes: async function* nothing() {},
        close: () => Promise.resolve(),
      };
      const telemetry = createTelemetry();
      return new ProducerRunner({
        name,
        producer,
        transport: this.#transport,
        state,
        telemetry,
        now: () => new Date(0),
      });
    };
    this.#database = runner('p', () => this.tables.map(foundTable));
    this.#tool = runner('q', () => [foundJob(this.inputs)]);
  }

  /** Publishes what is different; `gone` are the marks of tables that were dropped. */
  async publish(gone: readonly number[]): Promise<void> {
    await this.#transport.ensureTopics(Object.values(topics).map((name) => ({ name, partitions: 1 })));
    const { tables } = this;
    const found = (async function* all() {
      for (const table of tables) yield foundTable(table);
    })();
    await this.#database.apply({ found, looked: gone.map(String), mark: 1 }, never);
    await this.#tool.scan(never, false);
  }

  /** Everything that was published. */
  async raw(): Promise<readonly NewRecord[]> {
    const records: NewRecord[] = [];
    for await (const record of this.#transport.read(topics.raw, 0, 0)) records.push(record);
    return records;
  }
}

function derived(change: ReturnType<typeof shop>): DerivedEntity {
  const [root, ...owned] = change.entities;
  if (root === undefined) throw new Error('A change without entities.');
  return { entities: [root, ...owned], complete: change.complete, placeholder: change.placeholder };
}

/** Tables become shops with their columns as shelves, jobs become processes; what a job names and nobody describes is a placeholder. */
export function shopTransforms(prefix: string): (known: KnownView) => readonly Transform[] {
  const nothing = { known: [], warnings: [] };
  return (known) => [
    deriving((event) => {
      if (event.type !== 'database-object') return undefined;
      const name = prefix + (event.value.path.at(-1)?.name ?? '');
      const shelves = (event.value.columns ?? []).map((column) => column.name);
      const asset = { ...shopRef(name), columns: shelves };
      return { event, ...nothing, changes: [derived(shop(name, { shelves, city: 'x' }))], known: [asset] };
    }),
    deriving((event) => {
      if (event.type !== 'job') return undefined;
      const inputs = event.value.inputs.map(({ name }) => prefix + name);
      const unknown = [...inputs, `${prefix}out`].filter(
        (name) => known.asset(shopRef(name) satisfies EntityRef) === undefined,
      );
      const job = shopProcess(`${prefix}job`, { inputs, outputs: [`${prefix}out`] });
      return {
        event,
        ...nothing,
        changes: [
          derived(job),
          ...unknown.map((name) => derived(shop(name, {}, { placeholder: true, complete: [] }))),
        ],
      };
    }),
  ];
}
