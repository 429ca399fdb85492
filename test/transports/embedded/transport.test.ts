import * as fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Assignment } from '../../../pipeline/transport.ts';
import { never, readAll, record, TestMember, textOf, Workshop } from './support.ts';

const workshop = new Workshop();
afterEach(() => workshop.cleanUp());
const topic = 't';
const all = { records: 1000, bytes: 1_000_000 };

function first(member: TestMember): Assignment {
  const [assignment] = member.active;
  if (assignment === undefined) throw new Error('no assignment');
  return assignment;
}

describe('embedded transport', () => {
  it('append() keeps records over a reopening, in order and with rising offsets', async () => {
    const folder = workshop.folder();
    const before = workshop.open({ folder });
    await before.ensureTopics([{ name: topic, partitions: 3 }]);
    const places = await before.append(
      topic,
      Array.from({ length: 30 }, (_, n) => record(`k${n % 5}`, `v${n}`, { n: `${n}` })),
    );
    await before.close();
    const after = workshop.open({ folder });
    const found = (await Promise.all([0, 1, 2].map((p) => readAll(after, topic, p)))).flat();
    expect(found).toHaveLength(30);
    for (const [n, { partition, offset }] of places.entries()) {
      const stored = found.find((one) => one.partition === partition && one.offset === offset);
      expect(stored && textOf(stored)).toBe(`v${n}`);
      expect(stored?.headers).toEqual({ n: `${n}` });
    }
  });

  it('append() gives back any key, headers and bytes when read', async () => {
    const transport = workshop.open();
    await transport.ensureTopics([{ name: topic, partitions: 1 }]);
    const any = fc.record({
      key: fc.string({ unit: 'grapheme' }),
      headers: fc.dictionary(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' })),
      value: fc.option(fc.uint8Array({ maxLength: 6000 })),
    });
    let from = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(any, { minLength: 1, maxLength: 12 }), async (records) => {
        await transport.append(topic, records);
        let index = 0;
        for await (const stored of transport.read(topic, 0, from)) {
          const { key, headers, value } = records[index] ?? record('', '');
          expect(stored.key).toBe(key);
          expect(Object.entries(stored.headers)).toEqual(Object.entries(headers));
          expect(stored.value && Buffer.from(stored.value)).toEqual(value && Buffer.from(value));
          index += 1;
          from += 1;
        }
        expect(index).toBe(records.length);
      }),
      { numRuns: 25 },
    );
  });

  it('append() shares transactions when many append at once, and each gets its own offset', async () => {
    const transport = workshop.open();
    await transport.ensureTopics([{ name: topic, partitions: 2 }]);
    const places = (
      await Promise.all(Array.from({ length: 500 }, (_, n) => transport.append(topic, [record(`${n}`, 'x')])))
    ).flat();
    expect(new Set(places.map(({ partition, offset }) => `${partition}/${offset}`)).size).toBe(500);
    const next = (await transport.describe(topic)).map((partition) => partition.next);
    expect(next.reduce((sum, count) => sum + count, 0)).toBe(500);
  });

  it('append() refuses with TRANSPORT_FULL when the limit is reached, and readers and commits go on', async () => {
    const transport = workshop.open({ maxBytes: 20_000 });
    await transport.ensureTopics([{ name: topic, partitions: 1 }]);
    const member = new TestMember(transport, topic, 'g');
    const kilobyte = 'x'.repeat(1000);
    await expect(
      (async () => {
        for (;;) await transport.append(topic, [record('k', kilobyte)]);
      })(),
    ).rejects.toMatchObject({ code: 'TRANSPORT_FULL', retryable: true });
    await vi.waitFor(() => expect(member.active).toHaveLength(1));
    const pulled = await first(member).pull(all, never);
    expect(pulled.length).toBeGreaterThan(15);
    expect(await first(member).commit(pulled.length)).toBe(true);
    await expect(transport.append(topic, [record('k', 'x'.repeat(9000))])).rejects.toThrow(/may hold/u);
    await first(member).release();
    member.leave();
  });

  it('pull() wakes up when another transport on the same folder appends', async () => {
    const folder = workshop.folder();
    const reader = workshop.open({ folder });
    const writer = workshop.open({ folder });
    await reader.ensureTopics([{ name: topic, partitions: 1 }]);
    const member = new TestMember(reader, topic, 'g');
    await vi.waitFor(() => expect(member.active).toHaveLength(1));
    const waiting = first(member).pull(all, never);
    await writer.append(topic, [record('k', 'hello')]);
    expect((await waiting).map(textOf)).toEqual(['hello']);
    member.leave();
    await Promise.all(member.assignments.map((one) => one.release()));
  });

  it('subscribe() moves partitions when a member joins, after the first has released them', async () => {
    const transport = workshop.open({ sessionMs: 20_000 });
    await transport.ensureTopics([{ name: topic, partitions: 4 }]);
    const one = new TestMember(transport, topic, 'g');
    await vi.waitFor(() => expect(one.active).toHaveLength(4));
    const two = new TestMember(transport, topic, 'g');
    await vi.waitFor(() => expect(one.active).toHaveLength(2));
    expect(two.assignments).toHaveLength(0);
    const revoked = one.assignments.filter(({ revoking }) => revoking.aborted);
    for (const assignment of revoked) {
      expect(await assignment.pull(all, never)).toEqual([]);
      expect(await assignment.commit(0)).toBe(true);
      await assignment.release();
      expect(await assignment.commit(0)).toBe(false);
    }
    await vi.waitFor(() => expect(two.active).toHaveLength(2));
    two.leave();
    for (const assignment of two.assignments) await assignment.release();
    await two.ended;
    await vi.waitFor(() => expect(one.active).toHaveLength(4));
    one.leave();
    for (const assignment of one.assignments) await assignment.release();
  });

  it('commit() is refused when the grace time is over and another member holds the partition', async () => {
    const transport = workshop.open({ sessionMs: 400 });
    await transport.ensureTopics([{ name: topic, partitions: 1 }]);
    await transport.append(topic, [record('k', 'a'), record('k', 'b')]);
    const one = new TestMember(transport, topic, 'g');
    await vi.waitFor(() => expect(one.active).toHaveLength(1));
    const late = first(one);
    await late.commit(1);
    one.leave();
    const two = new TestMember(transport, topic, 'g');
    await vi.waitFor(() => expect(two.active).toHaveLength(1));
    expect(first(two).start).toBe(1);
    expect(await late.commit(2)).toBe(false);
    expect((await transport.describe(topic))[0]?.committed).toEqual({ g: 1 });
    two.leave();
    await Promise.all(two.assignments.map((assignment) => assignment.release()));
  });

  it('transactions.run() writes outputs, state and offset together, or nothing when the partition is lost', async () => {
    const transport = workshop.open({ sessionMs: 400 });
    await transport.ensureTopics([
      { name: topic, partitions: 1 },
      { name: 'out', partitions: 1 },
    ]);
    await transport.append(topic, [record('k', 'a'), record('k', 'b')]);
    const member = new TestMember(transport, topic, 'g');
    await vi.waitFor(() => expect(member.active).toHaveLength(1));
    const assignment = first(member);
    const work = (n: number) => ({
      appends: [{ topic: 'out', records: [record('k', `out${n}`)] }],
      state: [{ key: 'applied', value: n }],
      commits: [{ assignment, offset: n }],
    });
    expect(await transport.transactions.run(work(1))).toBe(true);
    expect(await transport.transactions.state.get('applied')).toBe(1);
    await assignment.release();
    expect(await transport.transactions.run(work(2))).toBe(false);
    expect(await transport.transactions.state.get('applied')).toBe(1);
    expect((await readAll(transport, 'out')).map(textOf)).toEqual(['out1']);
    expect((await transport.describe(topic))[0]?.committed).toEqual({ g: 1 });
    member.leave();
    await Promise.all(member.assignments.map((one) => one.release()));
  });

  it('append() writes to its own topic when a transaction was given up in which that was used for the first time', async () => {
    const folder = workshop.folder();
    const before = workshop.open({ folder });
    await before.ensureTopics(['t', 'u'].map((name) => ({ name, partitions: 1 })));
    await before.close();
    const transport = workshop.open({ folder });
    const records = [record('k', 'given up')];
    const appends = ['t', 'missing'].map((name) => ({ topic: name, records }));
    const compute = () => ({ appends, state: [], commits: [] });
    const wrong = transport.transactions.update({ assignments: [], bytes: 0, compute });
    await expect(wrong).rejects.toMatchObject({ code: 'TOPIC_UNKNOWN' });
    await transport.append('u', [record('k', 'of u')]);
    await transport.append('t', [record('k', 'of t')]);
    await transport.close();
    const after = workshop.open({ folder });
    for (const name of ['t', 'u']) expect((await readAll(after, name)).map(textOf)).toEqual([`of ${name}`]);
  });

  it('ensureTopics() refuses a topic without partitions with CONFIG_INVALID', async () => {
    const transport = workshop.open();
    for (const partitions of [0, -1, 1.5, Number.NaN]) {
      await expect(transport.ensureTopics([{ name: topic, partitions }])).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
      });
    }
  });

  it('offsetAt() finds the first record of a time', async () => {
    let clock = 1000;
    const transport = workshop.open({ now: () => clock });
    await transport.ensureTopics([{ name: topic, partitions: 1 }]);
    for (clock of [1000, 2000, 2000, 1500, 3000]) await transport.append(topic, [record('k', 'x')]);
    const found = await Promise.all(
      [0, 1500, 2000, 2001, 4000].map((t) => transport.admin.offsetAt(topic, 0, t)),
    );
    expect(found).toEqual([0, 1, 1, 4, 5]);
  });

  it('every method rejects with TOPIC_UNKNOWN for a topic that was not created, and TRANSPORT_CLOSED after close()', async () => {
    const transport = workshop.open();
    await expect(transport.append('nope', [])).rejects.toMatchObject({ code: 'TOPIC_UNKNOWN' });
    await expect(transport.describe('nope')).rejects.toMatchObject({ code: 'TOPIC_UNKNOWN' });
    await transport.ensureTopics([{ name: topic, partitions: 1 }]);
    await expect(readAll(transport, topic, 7)).rejects.toMatchObject({ code: 'TOPIC_UNKNOWN' });
    await transport.close();
    await transport.close();
    await expect(transport.append(topic, [])).rejects.toMatchObject({ code: 'TRANSPORT_CLOSED' });
    await expect(readAll(transport, topic)).rejects.toMatchObject({ code: 'TRANSPORT_CLOSED' });
    await expect(transport.transactions.state.get('a')).rejects.toMatchObject({ code: 'STATE_UNAVAILABLE' });
  });
});
