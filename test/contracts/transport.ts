import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { partitionOf } from '../../pipeline/partitioner.ts';
import type { Assignment, NewRecord, StoredRecord, Transport } from '../../pipeline/transport.ts';

/** What the contract suite needs of an adapter. */
export interface TransportAdapter {
  /** An empty transport, with the grace time of revoked partitions. */
  open(options: { readonly revokeGraceMs: number }): Promise<Transport>;
  /** Removes what the transports left behind. */
  cleanUp(): Promise<void>;
  /** Whether the service says where it has put a record. @default true */
  readonly tellsOffsets?: boolean;
}

/** Never fires. */
export const never = new AbortController().signal;
/** More than a test appends. */
export const much = { records: 1000, bytes: 1_000_000 };
/** How long something that is to happen is waited for: a loaded machine is slow. */
const patience = { timeout: 20_000 };
/** A grace time that no test waits for. */
export const longGrace = 600_000;

/** A record with a text as its value. */
export function textRecord(key: string, text: string | null): NewRecord {
  return { key, value: text === null ? null : new TextEncoder().encode(text), headers: { k: key } };
}

/** The texts of records. */
function textsOf(records: readonly StoredRecord[]): readonly (string | null)[] {
  return records.map(({ value }) => (value === null ? null : new TextDecoder().decode(value)));
}

/** A member of a group: collects its assignments until it leaves. */
export class GroupMember {
  readonly assignments: Assignment[] = [];
  readonly #leave = new AbortController();
  readonly ended: Promise<void>;

  constructor(transport: Transport, topic: string, group: string) {
    this.ended = this.#collect(transport, topic, group);
  }

  async #collect(transport: Transport, topic: string, group: string): Promise<void> {
    const options = { topic, group, signal: this.#leave.signal };
    for await (const assignment of transport.subscribe(options)) this.assignments.push(assignment);
  }

  /** Waits for the nth assignment. */
  async nth(index: number): Promise<Assignment> {
    return vi.waitFor(() => {
      const assignment = this.assignments[index];
      if (assignment === undefined) throw new Error(`There are ${this.assignments.length} assignments yet.`);
      return assignment;
    }, patience);
  }

  /** Partitions that it holds now. */
  held(): readonly number[] {
    return this.assignments
      .filter(({ revoking }) => !revoking.aborted)
      .map(({ partition }) => partition)
      .sort((a, b) => a - b);
  }

  leave(): void {
    this.#leave.abort();
  }
}

/** All that an iteration yields. */
export async function collect<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

/** The committed offset of a group on each partition. */
export async function committed(
  transport: Transport,
  topic: string,
  group: string,
): Promise<readonly unknown[]> {
  return (await transport.describe(topic)).map((partition) => partition.committed[group]);
}

/** What every transport holds to (pipeline/transport.ts). */
export function transportContract(name: string, adapter: TransportAdapter): void {
  describe(`transport ${name}`, () => {
    let transport: Transport;
    beforeEach(async () => {
      transport = await adapter.open({ revokeGraceMs: longGrace });
      await transport.ensureTopics([
        { name: 'one', partitions: 1 },
        { name: 'four', partitions: 4 },
      ]);
    });
    afterEach(async () => {
      await transport.close();
      await adapter.cleanUp();
    });

    appendsAndReads(() => transport, adapter);
    pulls(() => transport);
    commits(() => transport, adapter);
    rebalances(() => transport, adapter);
    endsAndErrors(() => transport);
  });
}

function appendsAndReads(current: () => Transport, adapter: TransportAdapter): void {
  it('append() keeps the order of each key, on the partition that Kafka would choose', async () => {
    const keys = ['a', 'b', 'é', '\u{1F600}', 'customdb://s/d/t'];
    const records = Array.from({ length: 50 }, (_, index) =>
      textRecord(keys[index % keys.length] ?? '', String(index)),
    );
    const first = await current().append('four', records.slice(0, 20));
    const rest = await current().append('four', records.slice(20));
    const appended = [...first, ...rest];
    expect(appended.map(({ partition }) => partition)).toEqual(records.map(({ key }) => partitionOf(key, 4)));
    for (const partition of [0, 1, 2, 3]) {
      const read = await collect(current().read('four', partition, 0));
      const sent = records.filter(({ key }) => partitionOf(key, 4) === partition);
      expect(textsOf(read)).toEqual(textsOf(sent as StoredRecord[]));
      expect(read.map(({ offset }) => offset)).toEqual(sent.map((_, offset) => offset));
      const told = appended.filter((at) => at.partition === partition).map(({ offset }) => offset);
      const isTold = adapter.tellsOffsets !== false;
      expect(told).toEqual(read.map(({ offset }) => (isTold ? offset : undefined)));
    }
  });

  it('read() brings records as they were appended, tombstones too, up to what was there', async () => {
    const value = new TextEncoder().encode('before');
    await current().append('one', [
      { key: 'k', value, headers: { h: 'é' } },
      textRecord('k', null),
      textRecord('', ''),
    ]);
    value.fill(0); // the caller may use its buffer again
    const reading = current().read('one', 0, 0);
    const records = await collect(reading);
    expect(textsOf(records)).toEqual(['before', null, '']);
    expect(records[0]).toMatchObject({
      key: 'k',
      headers: { h: 'é' },
      topic: 'one',
      partition: 0,
      offset: 0,
    });
    expect(records[0]?.timestamp).toBeGreaterThan(0);
    expect(textsOf(await collect(current().read('one', 0, 2)))).toEqual(['']);
    expect(await collect(current().read('one', 0, 3))).toEqual([]);
  });

  it('ensureTopics() leaves a topic that exists as it is', async () => {
    await current().append('one', [textRecord('k', 'x')]);
    await current().ensureTopics([{ name: 'one', partitions: 7 }]);
    expect(await current().describe('one')).toMatchObject([
      { partition: 0, earliest: 0, next: 1, committed: {} },
    ]);
  });
}

function pulls(current: () => Transport): void {
  it('pull() brings what the limits allow, and one record however large', async () => {
    await current().append('one', [
      textRecord('k', 'aaaa'),
      textRecord('k', 'bbbb'),
      textRecord('k', 'c'.repeat(100)),
      textRecord('k', 'd'),
      textRecord('k', 'e'),
      textRecord('k', 'f'),
    ]);
    const assignment = await new GroupMember(current(), 'one', 'g').nth(0);
    const sizes: number[] = [];
    for (let got = 0; got < 6; ) {
      const records = await assignment.pull({ records: 2, bytes: 8 }, never);
      sizes.push(records.length);
      got += records.length;
    }
    expect(sizes).toEqual([2, 1, 2, 1]);
  });

  it('pull() waits for the next record', async () => {
    const assignment = await new GroupMember(current(), 'one', 'g').nth(0);
    const pulled = assignment.pull(much, never);
    await current().append('one', [textRecord('k', 'x')]);
    expect(textsOf(await pulled)).toEqual(['x']);
  });

  it('pull() answers with nothing when its signal fires, and loses nothing by it', async () => {
    const assignment = await new GroupMember(current(), 'one', 'g').nth(0);
    const stop = new AbortController();
    const pulled = assignment.pull(much, stop.signal);
    stop.abort();
    expect(await pulled).toEqual([]);
    expect(await assignment.pull(much, AbortSignal.abort())).toEqual([]);
    await current().append('one', [textRecord('k', 'x')]);
    expect(textsOf(await assignment.pull(much, never))).toEqual(['x']);
  });

  it('two groups each get every record', async () => {
    await current().append('one', [textRecord('k', 'x')]);
    for (const group of ['g', 'h']) {
      const assignment = await new GroupMember(current(), 'one', group).nth(0);
      expect(textsOf(await assignment.pull(much, never))).toEqual(['x']);
    }
  });
}

function commits(current: () => Transport, adapter: TransportAdapter): void {
  it('a new member goes on at the committed offset', async () => {
    await current().append(
      'one',
      ['a', 'b', 'c'].map((text) => textRecord('k', text)),
    );
    const first = new GroupMember(current(), 'one', 'g');
    const held = await first.nth(0);
    expect(held.start).toBe(0);
    await held.pull(much, never);
    expect(await held.commit(2)).toBe(true);
    expect(await held.commit(1)).toBe(true); // offsets only grow
    expect(await committed(current(), 'one', 'g')).toEqual([2]);
    first.leave();
    await first.ended;
    await held.release();
    const next = await new GroupMember(current(), 'one', 'g').nth(0);
    expect(next.start).toBe(2);
    expect(textsOf(await next.pull(much, never))).toEqual(['c']);
  });

  it('a partition that is given up may be committed while it drains, and never after its release', async () => {
    await current().append(
      'one',
      ['a', 'b', 'c'].map((text) => textRecord('k', text)),
    );
    const first = new GroupMember(current(), 'one', 'g');
    const held = await first.nth(0);
    await held.pull(much, never);
    first.leave();
    await first.ended;
    expect(held.revoking.aborted).toBe(true);
    expect(await held.pull(much, never)).toEqual([]);
    expect(await held.commit(1)).toBe(true);
    await held.release();
    await held.release();
    expect(await held.commit(3)).toBe(false);
    expect(await committed(current(), 'one', 'g')).toEqual([1]);
  });

  it('the next owner starts only after the release', async () => {
    await current().append(
      'one',
      ['a', 'b'].map((text) => textRecord('k', text)),
    );
    const first = new GroupMember(current(), 'one', 'g');
    const held = await first.nth(0);
    await held.pull(much, never);
    const second = new GroupMember(current(), 'one', 'g');
    first.leave();
    await first.ended;
    await current().append('one', [textRecord('k', 'c')]);
    expect(second.assignments).toEqual([]);
    await held.commit(2);
    await held.release();
    expect((await second.nth(0)).start).toBe(2);
  });

  it('the next owner starts after the grace time when nothing is released, and the late one is fenced', async () => {
    const transport = await adapter.open({ revokeGraceMs: 20 });
    await transport.ensureTopics([{ name: 'one', partitions: 1 }]);
    await transport.append(
      'one',
      ['a', 'b'].map((text) => textRecord('k', text)),
    );
    const first = new GroupMember(transport, 'one', 'g');
    const held = await first.nth(0);
    await held.pull(much, never);
    first.leave();
    const next = await new GroupMember(transport, 'one', 'g').nth(0);
    expect(next.start).toBe(0);
    expect(await held.commit(2)).toBe(false);
    expect(await committed(transport, 'one', 'g')).toEqual([0]);
    await transport.close();
  });
}

function rebalances(current: () => Transport, adapter: TransportAdapter): void {
  it('partitions are shared when a member joins, and come back when it leaves', async () => {
    const first = new GroupMember(current(), 'four', 'g');
    await vi.waitFor(() => expect(first.held()).toEqual([0, 1, 2, 3]), patience);
    const second = new GroupMember(current(), 'four', 'g');
    await vi.waitFor(() => expect(first.held()).toHaveLength(2), patience);
    for (const assignment of first.assignments) if (assignment.revoking.aborted) await assignment.release();
    await vi.waitFor(
      () => expect([...first.held(), ...second.held()].sort((a, b) => a - b)).toEqual([0, 1, 2, 3]),
      patience,
    );
    second.leave();
    await second.ended;
    for (const assignment of second.assignments) await assignment.release();
    await vi.waitFor(() => expect(first.held()).toEqual([0, 1, 2, 3]), patience);
  });

  it('a member beyond the number of partitions waits until one is free', async () => {
    const first = new GroupMember(current(), 'one', 'g');
    const held = await first.nth(0);
    const second = new GroupMember(current(), 'one', 'g');
    await current().append('one', [textRecord('k', 'x')]);
    expect(second.assignments).toEqual([]);
    expect(held.revoking.aborted).toBe(false);
    first.leave();
    await held.release();
    expect((await second.nth(0)).partition).toBe(0);
  });

  it('partitions that a leaving member never took up go on at once', async () => {
    const leaving = new AbortController();
    const options = { topic: 'four', group: 'g', signal: leaving.signal };
    for await (const assignment of current().subscribe(options)) {
      leaving.abort(); // the three others were given to it as well
      await assignment.release();
    }
    const next = new GroupMember(current(), 'four', 'g');
    await vi.waitFor(() => expect(next.held()).toEqual([0, 1, 2, 3]), patience);
  });

  it('every record is settled once when members come and go, and each drains before it releases', {
    timeout: 120_000,
  }, async () => {
    const transport = await adapter.open({ revokeGraceMs: longGrace });
    await transport.ensureTopics([{ name: 'four', partitions: 4 }]);
    const seen: string[] = [];
    const work = async (signal: AbortSignal, until: number): Promise<void> => {
      const running: Promise<void>[] = [];
      let handled = 0;
      const leave = new AbortController();
      const stop = AbortSignal.any([signal, leave.signal]);
      for await (const held of transport.subscribe({ topic: 'four', group: 'g', signal: stop })) {
        running.push(
          (async () => {
            for (;;) {
              const records = await held.pull({ records: 3, bytes: 1000 }, never);
              const last = records.at(-1);
              if (last === undefined) return held.release();
              seen.push(...records.map(({ key }) => key));
              handled += records.length;
              await held.commit(last.offset + 1);
              if (handled >= until) leave.abort();
            }
          })(),
        );
      }
      await Promise.all(running);
    };
    const keys = Array.from({ length: 400 }, (_, index) => `key-${index}`);
    const over = new AbortController();
    const workers = [work(over.signal, 50), work(over.signal, 80), work(over.signal, Infinity)];
    for (const key of keys) await transport.append('four', [textRecord(key, 'x')]);
    await vi.waitFor(() => expect(seen.length).toBeGreaterThanOrEqual(keys.length), { timeout: 100_000 });
    over.abort();
    await Promise.all(workers);
    expect([...seen].sort()).toEqual([...keys].sort());
    const states = await transport.describe('four');
    expect(states.map(({ committed }) => committed['g'])).toEqual(states.map(({ next }) => next));
    await transport.close();
  });
}

function endsAndErrors(current: () => Transport): void {
  const calls: readonly (readonly [string, (transport: Transport) => Promise<unknown>])[] = [
    ['append()', (transport) => transport.append('missing', [textRecord('k', 'x')])],
    ['read()', (transport) => collect(transport.read('missing', 0, 0))],
    ['describe()', (transport) => transport.describe('missing')],
    ['subscribe()', (transport) => new GroupMember(transport, 'missing', 'g').ended],
    ['admin.offsetAt()', (transport) => transport.admin.offsetAt('missing', 0, 0)],
    ['admin.members()', (transport) => transport.admin.members('missing', 'g')],
    ['admin.resetOffsets()', (transport) => transport.admin.resetOffsets('missing', 'g', new Map())],
    ['admin.forgetGroup()', (transport) => transport.admin.forgetGroup('missing', 'g')],
  ];

  it.each(calls)('%s rejects with TOPIC_UNKNOWN when the topic was not created', async (_, call) => {
    await expect(call(current())).rejects.toMatchObject({ code: 'TOPIC_UNKNOWN' });
    await expect(call(current())).rejects.toThrow('missing');
  });

  it.each(calls)('%s rejects with TRANSPORT_CLOSED after close()', async (_, call) => {
    await current().close();
    await expect(call(current())).rejects.toMatchObject({ code: 'TRANSPORT_CLOSED' });
  });

  it('close() may be called twice, ends every subscription, and ensureTopics() rejects after it', async () => {
    const member = new GroupMember(current(), 'one', 'g');
    const held = await member.nth(0);
    const pulled = held.pull(much, never);
    await current().close();
    await current().close();
    await member.ended;
    expect(await pulled).toEqual([]);
    await expect(current().ensureTopics([])).rejects.toMatchObject({ code: 'TRANSPORT_CLOSED' });
  });

  it('subscribe() yields nothing when its signal has already fired', async () => {
    const options = { topic: 'one', group: 'g', signal: AbortSignal.abort() };
    expect(await collect(current().subscribe(options))).toEqual([]);
  });
}
