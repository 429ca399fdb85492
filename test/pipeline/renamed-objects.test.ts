import { describe, expect, it } from 'vitest';
import type { FoundObject, Producer } from '../../pipeline/producer.ts';
import { ProducerRunner } from '../../pipeline/producer-runner.ts';
import { createTelemetry } from '../../pipeline/telemetry.ts';
import { topics } from '../../pipeline/topics.ts';
import { createMemoryState } from '../../platform/memory-state.ts';
import { decodeEvent } from '../../schemas/codec.ts';
import type { DatabaseObject, RawEvent } from '../../schemas/types.ts';
import { createMemoryTransport } from '../../transports/memory.ts';
import { foundTable, type SourceTable } from '../support/renaming-source.ts';

const never = new AbortController().signal;

async function* all(tables: readonly SourceTable[]): AsyncGenerator<FoundObject> {
  for (const table of tables) yield foundTable(table);
}

class Bench {
  tables: readonly SourceTable[];
  readonly transport = createMemoryTransport();
  readonly state = createMemoryState();
  runner: ProducerRunner;
  #read = 0;

  constructor(tables: readonly SourceTable[]) {
    this.tables = tables;
    this.runner = this.start();
  }

  start(): ProducerRunner {
    const producer: Producer = {
      incarnation: () => Promise.resolve('one'),
      scan: () => all(this.tables),
      changes: async function* nothing() {},
      close: () => Promise.resolve(),
    };
    const { transport, state } = this;
    const now = (): Date => new Date(0);
    this.runner = new ProducerRunner({
      name: 'p',
      producer,
      transport,
      state,
      telemetry: createTelemetry(),
      now,
    });
    return this.runner;
  }

  async scan(): Promise<readonly unknown[]> {
    await this.transport.ensureTopics(Object.values(topics).map((name) => ({ name, partitions: 1 })));
    await this.runner.scan(never, false);
    return this.published();
  }

  async apply(...tables: readonly SourceTable[]): Promise<readonly unknown[]> {
    await this.runner.apply({ found: all(tables), looked: [], mark: 1 }, never);
    return this.published();
  }

  async published(): Promise<readonly unknown[]> {
    const events: unknown[] = [];
    for await (const record of this.transport.read(topics.raw, 0, this.#read)) {
      this.#read = record.offset + 1;
      const { type, value } = decodeEvent(record.value ?? new Uint8Array()) as RawEvent;
      if (type === 'removal') events.push([value.objectId, 'becomes', pathOf(value.becomes)]);
      if (type !== 'database-object') continue;
      const names = (value.formerly ?? []).map(({ objectId, sequence, path, columns }) => [
        `${objectId}@${sequence}`,
        pathOf(path),
        ...columns.map(({ from, to }) => `${from}>${to}`),
      ]);
      events.push([value.objectId, ...names]);
    }
    return events;
  }
}

function pathOf(path: DatabaseObject['path'] = []): string {
  return path.map(({ name }) => name).join('/');
}

const a: SourceTable = {
  name: 'a',
  oid: 1,
  columns: [
    [1, 'x'],
    [3, 'y'],
  ],
};
const others: readonly SourceTable[] = Array.from({ length: 6 }, (_, n) => ({
  name: `t${n}`,
  oid: n + 10,
  columns: [],
}));

describe('ProducerRunner on objects with marks that a rename does not change', () => {
  it('says what a renamed table and its columns were called, and what the old one is called now', async () => {
    const made = new Bench([a, ...others]);
    await made.scan();
    const renamed: SourceTable = {
      ...a,
      name: 'b',
      columns: [
        [1, 'z'],
        [3, 'y'],
        [4, 'new'],
      ],
    };
    expect(await made.apply(renamed)).toEqual([
      ['b', ['a@0', 'a', 'x>z']],
      ['a', 'becomes', 'b'],
    ]);
  });

  it('finds it by comparing scans too, after a restart, and above any threshold', async () => {
    const made = new Bench([a, ...others]);
    await made.scan();
    made.start();
    made.tables = [a, ...others].map((table) => ({ ...table, name: `${table.name}2` }));
    expect(await made.scan()).toEqual([
      ['a2', ['a@0', 'a']],
      ...others.map(({ name }) => [`${name}2`, [`${name}@0`, name]]),
      ['a', 'becomes', 'a2'],
      ...others.map(({ name }) => [name, 'becomes', `${name}2`]),
    ]);
  });

  it('tells of columns alone, once, and takes former names along a chain', async () => {
    const made = new Bench([a]);
    await made.scan();
    const column: SourceTable = {
      ...a,
      columns: [
        [1, 'z'],
        [3, 'y'],
      ],
    };
    expect(await made.apply(column)).toEqual([['a', ['a@0', 'a', 'x>z']]]);
    expect(await made.apply({ ...column, columns: [[1, 'z']] })).toEqual([['a']]);
    expect(await made.apply({ ...column, name: 'b', columns: [[1, 'w']] })).toEqual([
      ['b', ['a@2', 'a', 'z>w']],
      ['a', 'becomes', 'b'],
    ]);
    expect(await made.apply({ ...column, name: 'c', columns: [[1, 'v']] })).toEqual([
      ['c', ['b@0', 'b', 'w>v'], ['a@2', 'a', 'z>v']],
      ['b', 'becomes', 'c'],
    ]);
    made.tables = [{ ...column, name: 'c', columns: [[1, 'v']] }];
    made.start();
    expect(await made.apply({ ...column, name: 'c', columns: [] })).toEqual([
      ['c', ['b@0', 'b', 'w>v'], ['a@2', 'a', 'z>v']],
    ]);
  });

  it('takes a table of the same name with another mark for another one, and a dropped one for gone', async () => {
    const made = new Bench([a, ...others]);
    await made.scan();
    expect(await made.apply({ ...a, oid: 2, columns: [[1, 'q']] })).toEqual([['a']]);
    made.tables = [
      { ...a, oid: 2, columns: [[1, 'q']] },
      ...others.slice(0, 5),
      { ...a, name: 'b', oid: 77 },
    ];
    expect(await made.scan()).toEqual([['b'], ['t5', 'becomes', '']]);
  });

  it('believes what the source says of names where its objects have no marks', async () => {
    const plain = (name: string, ...columns: readonly string[]): FoundObject => {
      const { columnsKeepOrdinal: _no, ...found } = foundTable({
        name,
        oid: 0,
        columns: columns.map((column, at) => [at + 1, column] as const),
      });
      return { ...found, ref: name };
    };
    const made = new Bench([]);
    await made.scan();
    const tell = async (
      found: readonly FoundObject[],
      renamed: readonly (readonly [from: string, to: string, ...columns: string[]])[],
    ): Promise<readonly unknown[]> => {
      await made.runner.apply(
        {
          found: (async function* each() {
            yield* found;
          })(),
          looked: renamed.flatMap(([from, to]) => [from, to]),
          renamed: renamed.map(([from, to, ...columns]) => ({
            from,
            to,
            columns: columns.map((pair) => {
              const [old = '', now = ''] = pair.split('>');
              return { from: old, to: now };
            }),
          })),
          mark: 1,
        },
        never,
      );
      return made.published();
    };
    expect(await tell([plain('a', 'x', 'y')], [])).toEqual([['a']]);
    expect(await tell([plain('b', 'z', 'y')], [['a', 'b', 'x>z']])).toEqual([
      ['b', ['a@0', 'a', 'x>z']],
      ['a', 'becomes', 'b'],
    ]);
    expect(await tell([plain('c', 'w', 'y')], [['b', 'c', 'z>w']])).toEqual([
      ['c', ['b@0', 'b', 'z>w'], ['a@0', 'a', 'x>w']],
      ['b', 'becomes', 'c'],
    ]);
    expect(await tell([plain('c', 'w', 'v')], [['c', 'c', 'y>v']])).toEqual([
      ['c', ['c@2', 'c', 'y>v'], ['b@0', 'b', 'z>w', 'y>v'], ['a@0', 'a', 'x>w', 'y>v']],
    ]);
    // What is in use again is something else; what was never published has nothing to keep.
    expect(await tell([plain('e', 'x')], [])).toEqual([['e']]);
    expect(await tell([plain('e', 'p'), plain('f', 'x')], [['e', 'f']])).toEqual([['e'], ['f']]);
    expect(await tell([plain('h', 'p')], [['g', 'h']])).toEqual([['h']]);
  });
});
