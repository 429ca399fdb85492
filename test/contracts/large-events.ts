import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import type { Assignment, NewRecord, StoredRecord, Transport } from '../../pipeline/transport.ts';
import { createEventTransport } from '../../platform/events/event-transport.ts';
import {
  collect,
  committed,
  GroupMember,
  longGrace,
  much,
  never,
  type TransportAdapter,
} from './transport.ts';

/** More than any service takes, and not to be compressed. */
const large = randomBytes(20_000_000);
const record = (key: string, value: Uint8Array): NewRecord => ({ key, value, headers: { h: key } });
const small = (text: string): NewRecord => record(text, Buffer.from(text));

/** That events larger than a record may be arrive whole on every transport. */
export function largeEventsContract(name: string, adapter: TransportAdapter): void {
  describe(`large events on the transport ${name}`, () => {
    let inner: Transport;
    const open = async (): Promise<Transport> => {
      inner = await adapter.open({ revokeGraceMs: longGrace });
      const transport = createEventTransport(inner);
      await transport.ensureTopics([
        { name: 'one', partitions: 1, retention: { compact: { tombstoneMs: 0 } } },
        { name: 'four', partitions: 4 },
      ]);
      return transport;
    };
    afterEach(async () => {
      await inner.close();
      await adapter.cleanUp();
    });

    it('append() of 20 MB arrives whole and in order, and settles as one', { timeout: 120_000 }, async () => {
      const transport = await open();
      const places = await transport.append('one', [small('before'), record('large', large), small('after')]);
      expect(places.map(({ partition }) => partition)).toEqual([0, 0, 0]);
      expectWhole(await collect(transport.read('one', 0, 0)));

      const member = new GroupMember(transport, 'one', 'g');
      const assignment = await member.nth(0);
      const received = await pullAll(assignment, 3);
      expectWhole(received);
      const [before, whole, after] = received.map(({ offset }) => offset);
      await assignment.commit((before ?? 0) + 1);
      expect(await committed(transport, 'one', 'g')).toEqual([(before ?? 0) + 1]);
      await transport.transactions.run({
        appends: [],
        state: [],
        commits: [{ assignment, offset: (whole ?? 0) + 1 }],
      });
      expect(await committed(transport, 'one', 'g')).toEqual([(whole ?? 0) + 1]);
      await assignment.commit((after ?? 0) + 1);
      expect((await transport.describe('one')).map(({ next }) => next)).toEqual([
        expect.toSatisfy((next: number) => next > (after ?? 0)),
      ]);
      await assignment.release();
      member.leave();
      await member.ended;
    });

    it('update() appends 20 MB that can be compressed', { timeout: 120_000 }, async () => {
      const transport = await open();
      await transport.append('four', [small('in')]);
      const member = new GroupMember(transport, 'four', 'g');
      const partition = (await transport.describe('four')).findIndex(({ earliest, next }) => next > earliest);
      const assignment = await heldOf(member, partition);
      const [event] = await assignment.pull(much, never);
      const text = Buffer.alloc(20_000_000, 'create table t (a int);\n');
      const isOurs = await transport.transactions.update({
        assignments: [assignment],
        bytes: text.length,
        compute: (table) => {
          table.put(['seen'], Buffer.from('1'));
          return {
            appends: [{ topic: 'one', records: [record('large', text)] }],
            state: [],
            commits: [{ assignment, offset: (event?.offset ?? 0) + 1 }],
          };
        },
      });
      expect(isOurs).toBe(true);
      const [found, ...others] = await collect(transport.read('one', 0, 0));
      expect(Buffer.compare(found?.value ?? Buffer.alloc(0), text)).toBe(0);
      expect([found?.key, found?.headers, others]).toEqual(['large', { h: 'large' }, []]);
      member.leave();
      for (const one of member.assignments) await one.release();
      await member.ended;
    });
  });
}

function expectWhole(records: readonly StoredRecord[]): void {
  expect(records.map(({ key, headers, corrupt }) => [key, headers, corrupt])).toEqual(
    ['before', 'large', 'after'].map((key) => [key, { h: key }, undefined]),
  );
  expect(Buffer.compare(records[1]?.value ?? Buffer.alloc(0), large)).toBe(0);
}

async function pullAll(assignment: Assignment, count: number): Promise<readonly StoredRecord[]> {
  const found: StoredRecord[] = [];
  while (found.length < count) found.push(...(await assignment.pull(much, never)));
  return found;
}

async function heldOf(member: GroupMember, partition: number): Promise<Assignment> {
  for (let index = 0; ; index += 1) {
    const assignment = await member.nth(index);
    if (assignment.partition === partition) return assignment;
  }
}
