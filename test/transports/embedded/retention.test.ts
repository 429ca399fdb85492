import * as fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { never, readAll, record, TestMember, textOf, Workshop } from './support.ts';

const workshop = new Workshop();
afterEach(() => workshop.cleanUp());
const topic = 't';
const all = { records: 1000, bytes: 1_000_000 };

describe('embedded transport, retention', () => {
  it('maintain() removes by time, and the offsets go on', async () => {
    let clock = 0;
    const transport = workshop.open({ now: () => clock });
    await transport.ensureTopics([{ name: topic, partitions: 1, retention: { ms: 1000 } }]);
    for (clock of [0, 500, 1500, 1800]) await transport.append(topic, [record('k', `${clock}`)]);
    clock = 2000;
    await transport.maintain();
    expect((await readAll(transport, topic)).map(textOf)).toEqual(['1500', '1800']);
    clock = 9000;
    await transport.maintain();
    expect(await readAll(transport, topic)).toEqual([]);
    expect(await transport.append(topic, [record('k', 'new')])).toEqual([{ partition: 0, offset: 4 }]);
    expect((await readAll(transport, topic)).map(({ offset }) => offset)).toEqual([4]);
  });

  it('maintain() removes by size down to the limit and makes room for producers', async () => {
    const transport = workshop.open({ maxBytes: 50_000 });
    await transport.ensureTopics([{ name: topic, partitions: 1, retention: { bytes: 10_000 } }]);
    const batch = Array.from({ length: 40 }, () => record('k', 'x'.repeat(1000)));
    await transport.append(topic, batch);
    await expect(transport.append(topic, batch)).rejects.toMatchObject({ code: 'TRANSPORT_FULL' });
    await transport.maintain();
    expect(await readAll(transport, topic)).toHaveLength(9);
    await transport.append(topic, batch.slice(0, 30));
  });

  it('createEmbeddedTransport() looks after its topics by itself', async () => {
    const transport = workshop.open({ upkeepMs: 5 });
    await transport.ensureTopics([{ name: topic, partitions: 1, retention: { bytes: 0 } }]);
    await transport.append(topic, [record('k', 'a'), record('k', 'b')]);
    await vi.waitFor(async () => expect(await readAll(transport, topic)).toEqual([]));
  });

  it('createEmbeddedTransport() compacts by itself for as long as it lives, by what is left and not by what ever was', async () => {
    const transport = workshop.open({ upkeepMs: 5 });
    await transport.ensureTopics([
      { name: topic, partitions: 1, retention: { compact: { tombstoneMs: 1_000_000 } } },
    ]);
    await transport.append(topic, [record('never changes', 'x')]);
    for (const changes of [1000, 50, 50]) {
      await transport.append(
        topic,
        Array.from({ length: changes }, () => record('changes', 'x')),
      );
      const left = async (): Promise<number | undefined> =>
        (await transport.describe(topic))[0]?.held?.records;
      await vi.waitFor(async () => expect(await left()).toBe(3), { timeout: 20_000 }); // the last one always stays
    }
  });

  it('maintain() keeps what a group has still to read', async () => {
    let clock = 0;
    const transport = workshop.open({ now: () => clock });
    await transport.ensureTopics([{ name: topic, partitions: 1, retention: { ms: 1 } }]);
    await transport.append(
      topic,
      ['a', 'b', 'c'].map((text) => record('k', text)),
    );
    const member = new TestMember(transport, topic, 'g');
    await vi.waitFor(() => expect(member.active).toHaveLength(1));
    await member.active[0]?.commit(2);
    clock = 1000;
    await transport.maintain();
    expect((await readAll(transport, topic)).map(textOf)).toEqual(['c']);
    expect((await member.active[0]?.pull(all, never))?.map(textOf)).toEqual(['c']);
    member.leave();
    await Promise.all(member.assignments.map((assignment) => assignment.release()));
  });

  it('maintain() keeps the last record of each key of a compacted topic, whatever was appended', async () => {
    const step = fc.record({ key: fc.constantFrom('a', 'b', 'c', '__proto__'), gone: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(step, { minLength: 1, maxLength: 8 }), { maxLength: 5 }),
        async (rounds) => {
          let clock = 0;
          const transport = workshop.open({ now: () => clock });
          await transport.ensureTopics([
            { name: topic, partitions: 1, retention: { compact: { tombstoneMs: 1_000_000 } } },
          ]);
          const last = new Map<string, string | null>();
          let end = 0;
          for (const round of rounds) {
            clock += 1;
            for (const { key, gone } of round) {
              last.set(key, gone ? null : `${end}`);
              await transport.append(topic, [record(key, gone ? null : `${end}`)]);
              end += 1;
            }
            await transport.maintain();
          }
          const kept = await readAll(transport, topic);
          expect(new Map(kept.map((stored) => [stored.key, textOf(stored)]))).toEqual(last);
          expect(kept.length).toBeLessThanOrEqual(last.size + 1);
          expect(kept.every(({ corrupt }) => corrupt === undefined)).toBe(true);
          await transport.close();
        },
      ),
      { numRuns: 15 },
    );
  });

  it('maintain() removes a tombstone when it is old and every group has passed it', async () => {
    let clock = 0;
    const transport = workshop.open({ now: () => clock });
    const retention = { compact: { tombstoneMs: 100 } };
    await transport.ensureTopics([{ name: topic, partitions: 1, retention }]);
    const member = new TestMember(transport, topic, 'g');
    await vi.waitFor(() => expect(member.active).toHaveLength(1));
    await transport.append(topic, [record('a', '1'), record('a', null), record('b', '1')]);
    clock = 50;
    await transport.maintain();
    expect((await readAll(transport, topic)).map(({ key }) => key)).toEqual(['a', 'b']);
    clock = 500;
    await transport.append(topic, [record('c', '1')]);
    await transport.maintain();
    expect((await readAll(transport, topic)).map(({ key }) => key)).toEqual(['a', 'b', 'c']);
    await member.active[0]?.commit(3);
    await transport.append(topic, [record('d', '1')]);
    await transport.maintain();
    expect((await readAll(transport, topic)).map(({ key }) => key)).toEqual(['b', 'c', 'd']);
    member.leave();
    await Promise.all(member.assignments.map((assignment) => assignment.release()));
  });
});
