import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { scanParked } from '../../pipeline/delivery/parked-entry.ts';
import { StreamError } from '../../pipeline/errors.ts';
import type { Delivery, Outcome, Wanted } from '../../pipeline/sink.ts';
import { groups, topics } from '../../pipeline/topics.ts';
import type { Transport } from '../../pipeline/transport.ts';
import { encodeEvent } from '../../schemas/codec.ts';
import type { EntityRef } from '../../schemas/types.ts';
import {
  change,
  committed,
  deadLetters,
  delivered,
  ScriptedSink,
  start,
  type Stage,
} from '../support/sink-stage.ts';

const table: EntityRef = { typeName: 'table', qualifiedName: 'target' };

function missingRefs(...refs: readonly EntityRef[]): Outcome {
  const error = new StreamError('CATALOG_MISSING_REFERENT', 'There is no such table.');
  return { kind: 'missing', error, wanted: { refs, types: [] } };
}

/** A sink whose catalogue a test fills from outside. */
class OutsideSink extends ScriptedSink {
  readonly there = new Set<string>();
  readonly lookups: Wanted[] = [];
  types: readonly string[] = [];

  async find(wanted: Wanted): Promise<Wanted> {
    this.lookups.push(wanted);
    return {
      refs: wanted.refs.filter(({ qualifiedName }) => this.there.has(qualifiedName)),
      types: wanted.types.filter((type) => this.types.includes(type)),
    };
  }
}

function waitsForTarget(): OutsideSink {
  const sink: OutsideSink = new OutsideSink(({ change: { objectId } }: Delivery) =>
    objectId.startsWith('job') && !sink.there.has('target') ? missingRefs(table) : delivered,
  );
  return sink;
}

/** A sink that has a root only when all that this waits for is there; each batch of `slow` comes to its end late. */
function waitsFor(wanted: Readonly<Record<string, string>>, slow?: string): OutsideSink {
  const sink: OutsideSink = new OutsideSink(
    ({ change: { qualifiedName } }: Delivery) => {
      const name = wanted[qualifiedName];
      if (name !== undefined && !sink.there.has(name))
        return missingRefs({ typeName: 'table', qualifiedName: name });
      sink.there.add(qualifiedName);
      return delivered;
    },
    async (batch) => {
      if (batch.some(({ change: { objectId } }) => objectId === slow)) await delay(20);
    },
  );
  return sink;
}

/** What a process has left behind: each change waits for something. */
async function leftParked(sink: OutsideSink, keys: readonly string[]): Promise<Transport> {
  const first = await start(
    sink,
    keys.map((key) => change(key, key)),
    long,
  );
  await vi.waitFor(async () => expect(await parked(first)).toHaveLength(keys.length));
  first.stop();
  await first.ended;
  sink.lookups.length = 0;
  return first.transport;
}

/** In several lanes. */
const tables = ['a', 'b', 'c', 'd', 'e', 'f'];

/** Tables wait for their schema, and this for its database. */
async function parkedChain(): Promise<{ readonly sink: OutsideSink; readonly transport: Transport }> {
  const wanted = Object.fromEntries(tables.map((one) => [one, 'schema']));
  const sink = waitsFor({ ...wanted, schema: 'database' }, 'schema');
  return { sink, transport: await leftParked(sink, ['schema', ...tables]) };
}

async function parkedPair(): Promise<{ readonly sink: OutsideSink; readonly transport: Transport }> {
  const sink = waitsFor({ one: 'other', other: 'one' });
  return { sink, transport: await leftParked(sink, ['one', 'other']) };
}

const long = { parkForMs: 600_000, missingReferent: 'dead-letter' } as const;

async function parked({ transport }: Stage): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const { key, items } of scanParked(transport.transactions.state, { group: groups.sink }))
    keys.push(...items.map(({ offset }) => `${key}@${offset}`));
  return keys.sort();
}

describe('SinkStage.run(), with what the catalogue lacks', () => {
  it('parks in the state, commits, and delivers when a lookup finds what is waited for: one for all that wait', async () => {
    const sink = waitsForTarget();
    const jobs = Array.from({ length: 30 }, (_, index) => change(`job${index}`, `j${index}`));
    const stage = await start(sink, jobs, long);
    await vi.waitFor(async () => expect(await committed(stage)).toBe(30));
    expect(await parked(stage)).toHaveLength(30);
    expect(stage.settled).toMatchObject({ received: 30, parked: 30 });
    await vi.waitFor(() => expect(sink.lookups.length).toBeGreaterThan(2));
    expect(sink.lookups.at(-1)).toEqual({ refs: [table], types: [] });
    sink.there.add('target');
    await vi.waitFor(() => expect(stage.unparked).toHaveLength(30));
    expect(new Set(stage.unparked)).toEqual(new Set(['delivered']));
    expect(await parked(stage)).toEqual([]);
    expect(await deadLetters(stage)).toEqual([]);
  });

  it.each([
    { batch: { count: 5, bytes: 100_000, withinMs: 1 }, most: 5 },
    { batch: { count: 100, bytes: 500, withinMs: 1 }, most: 12 },
  ])(
    'wakes no more together than a batch holds of $batch.count changes or $batch.bytes bytes when an asset comes',
    async ({ batch, most }) => {
      const sink = waitsForTarget();
      const jobs = Array.from({ length: 60 }, (_, index) => change(`job${index}`, `j${index}`));
      const stage = await start(sink, jobs, { ...long, retryDelayMs: 600_000, lanes: 1, batch });
      await vi.waitFor(async () => expect(await parked(stage)).toHaveLength(60));
      sink.there.add('target');
      sink.batches.length = 0;
      const value = encodeEvent('entity-change', {
        ...change('t', 'target'),
        entities: [{ ...table, attributes: {}, references: [] }],
      });
      await stage.transport.append(topics.entities, [{ key: 'target', value, headers: {} }]);
      await vi.waitFor(() => expect(stage.unparked).toHaveLength(60));
      expect(Math.max(...sink.batches.map(({ length }) => length))).toBeLessThanOrEqual(most);
    },
  );

  it('tries again what waits for an asset when that is removed: what goes through a name has passed it then', async () => {
    const sink = waitsForTarget();
    const stage = await start(sink, [change('job', 'j')], { ...long, retryDelayMs: 600_000 });
    await vi.waitFor(async () => expect(await parked(stage)).toEqual(['j@0']));
    sink.there.add('target');
    const value = encodeEvent('entity-change', { ...change('t', 'target'), ...table, operation: 'DELETE' });
    await stage.transport.append(topics.entities, [{ key: 'target', value, headers: {} }]);
    await vi.waitFor(() => expect(stage.unparked).toEqual(['delivered']));
  });

  it('delivers what another process has parked, after a restart', async () => {
    const first = await start(waitsForTarget(), [change('job', 'j')], long);
    await vi.waitFor(async () => expect(await parked(first)).toEqual(['j@0']));
    first.stop();
    await first.ended;
    const sink = waitsForTarget();
    sink.there.add('target');
    const { transport } = first;
    const second = await start(sink, [], { ...long, transport });
    await vi.waitFor(() => expect(second.unparked).toEqual(['delivered']));
    expect(sink.applied).toEqual(['job']);
    expect(second.settled.received).toBe(0);
  });

  it('takes along what is parked when the next change of its key comes, in its order', async () => {
    const sink = waitsForTarget();
    const stage = await start(sink, [change('job1', 'j'), change('job2', 'j')], {
      ...long,
      retryDelayMs: 600_000,
      batch: { count: 1, bytes: 1000, withinMs: 1 },
    });
    await vi.waitFor(async () => expect(await parked(stage)).toEqual(['j@0', 'j@1']));
    sink.there.add('target');
    const { transport } = stage;
    stage.stop();
    await stage.ended;
    const next = await start(sink, [change('job3', 'j')], {
      ...long,
      transport,
      retryDelayMs: 600_000,
    });
    await vi.waitFor(async () => expect(await committed(next)).toBe(3));
    expect(sink.applied).toEqual(['job1', 'job2', 'job3']);
    expect(next.unparked).toEqual(['delivered', 'delivered']);
    expect(await parked(next)).toEqual([]);
  });

  it('parks a change once when it comes again, because the offset was not committed before a crash', async () => {
    const first = await start(waitsForTarget(), [change('job', 'j')], long);
    await vi.waitFor(async () => expect(await parked(first)).toEqual(['j@0']));
    first.stop();
    await first.ended;
    const sink = waitsForTarget();
    await first.transport.admin.resetOffsets(topics.entities, groups.sink, new Map([[0, 0]]));
    const again = await start(sink, [], { ...long, transport: first.transport });
    await vi.waitFor(async () => expect(await committed(again)).toBe(1));
    expect(await parked(again)).toEqual(['j@0']);
    sink.there.add('target');
    await vi.waitFor(() => expect(again.unparked).toEqual(['delivered']));
  });

  it('parks the changes of a missing type for as long as it is missing, and names it', async () => {
    const error = new StreamError('CATALOG_MISSING_TYPE', 'Type ENTITY with name odd does not exist');
    const sink: OutsideSink = new OutsideSink(() =>
      sink.types.includes('odd')
        ? delivered
        : { kind: 'missing', error, wanted: { refs: [], types: ['odd'] } },
    );
    const stage = await start(sink, [change('a', 'x'), change('b', 'y')], { ...long, parkForMs: 0 });
    await vi.waitFor(() => expect(sink.lookups.length).toBeGreaterThan(3));
    expect(sink.lookups.at(-1)).toEqual({ refs: [], types: ['odd'] });
    expect(await deadLetters(stage)).toEqual([]);
    sink.types = ['odd'];
    await vi.waitFor(() => expect(stage.unparked).toEqual(['delivered', 'delivered']));
  });

  it('gives nothing up while a partition is in the hands of a process that does not settle', async () => {
    const sink = waitsForTarget();
    const stage = await start(sink, [], { ...long, parkForMs: 0 });
    await stage.transport.ensureTopics([{ name: topics.raw, partitions: 1 }]);
    const raw = { key: 'k', value: Buffer.from('not derived yet'), headers: {} };
    await stage.transport.append(topics.raw, [raw]);
    const { transport } = stage;
    stage.stop();
    await stage.ended;
    const next = await start(sink, [change('job', 'j')], { ...long, parkForMs: 0, transport });
    await vi.waitFor(() => expect(sink.lookups.length).toBeGreaterThan(5));
    expect(await parked(next)).toEqual(['j@0']);
    const leave = new AbortController();
    for await (const assignment of transport.subscribe({
      topic: topics.raw,
      group: groups.transform,
      signal: leave.signal,
    })) {
      await assignment.commit(1);
      await assignment.release();
      leave.abort();
    }
    await vi.waitFor(() => expect(next.unparked).toEqual(['dead-lettered']));
    expect(await deadLetters(next)).toMatchObject([{ key: 'j', code: 'CATALOG_MISSING_REFERENT' }]);
  });

  it('gives nothing up whose time is over while what it waits for is parked itself, and can be delivered now', async () => {
    const { sink, transport } = await parkedChain();
    sink.there.add('database');
    const later = await start(sink, [], { ...long, transport, now: () => new Date(long.parkForMs) });
    await vi.waitFor(() => expect(later.unparked).toHaveLength(7));
    expect(await deadLetters(later)).toEqual([]);
    expect(sink.applied[0]).toBe('schema');
  });

  it('gives up what waits for something parked when that has been given up', async () => {
    const { sink, transport } = await parkedChain();
    const later = await start(sink, [], { ...long, transport, now: () => new Date(long.parkForMs) });
    await vi.waitFor(() => expect(later.unparked).toHaveLength(7));
    const keys = (await deadLetters(later)).map(({ key }) => key);
    expect([keys[0], new Set(keys.slice(1))]).toEqual(['schema', new Set(tables)]);
  });

  it('puts off what waits for each other once more for as long, then gives it up', async () => {
    const { sink, transport } = await parkedPair();
    let now = long.parkForMs;
    const later = await start(sink, [], { ...long, transport, now: () => new Date(now) });
    await vi.waitFor(() => expect(sink.lookups.length).toBeGreaterThan(5));
    now += long.parkForMs - 1;
    sink.lookups.length = 0;
    await vi.waitFor(() => expect(sink.lookups.length).toBeGreaterThan(5));
    expect(later.unparked).toEqual([]);
    now += 1;
    await vi.waitFor(() => expect(later.unparked).toEqual(['dead-lettered', 'dead-lettered']));
  });

  it('sweep() gives up what waits for each other when nothing else moves, and nobody else delivers', async () => {
    const { sink, transport } = await parkedPair();
    const now = () => new Date(long.parkForMs);
    const later = await start(sink, [], { ...long, transport, now, retryDelayMs: 600_000 });
    expect(await later.sweep()).toBe(true);
    expect(later.unparked).toEqual(['dead-lettered', 'dead-lettered']);
  });

  it('sweep() resolves with false when nothing that is parked moves on', async () => {
    const sink = waitsForTarget();
    const stage = await start(sink, [change('job', 'j')], { ...long, retryDelayMs: 600_000 });
    await vi.waitFor(async () => expect(await parked(stage)).toEqual(['j@0']));
    expect(await stage.sweep()).toBe(false);
    sink.there.add('target');
    expect(await stage.sweep()).toBe(true);
    expect(await stage.sweep()).toBe(false);
    expect(stage.unparked).toEqual(['delivered']);
  });

  it('sweep() resolves with true when something moved on by itself since the last one', async () => {
    const sink = waitsForTarget();
    const stage = await start(sink, [change('job', 'j')], long);
    await vi.waitFor(async () => expect(await parked(stage)).toEqual(['j@0']));
    sink.there.add('target');
    await vi.waitFor(() => expect(stage.unparked).toEqual(['delivered']));
    expect(await stage.sweep()).toBe(true);
    expect(await stage.sweep()).toBe(false);
  });
});
