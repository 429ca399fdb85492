import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Transport } from '../../pipeline/transport.ts';
import {
  collect,
  committed,
  GroupMember,
  longGrace,
  much,
  never,
  textRecord,
  type TransportAdapter,
} from './transport.ts';

/** What every transport's admin part holds to (pipeline/transport.ts). */
export function transportAdminContract(name: string, adapter: TransportAdapter): void {
  describe(`admin of transport ${name}`, () => {
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

    looks(() => transport);
    resets(() => transport, adapter);
  });
}

function looks(current: () => Transport): void {
  it('admin.topics() names every topic, sorted', async () => {
    await current().ensureTopics([{ name: 'another', partitions: 1 }]);
    expect(await current().admin.topics()).toEqual(['another', 'four', 'one']);
  });

  it('describe() says how much a partition holds, where the transport can tell', async () => {
    await current().append('one', [textRecord('k', 'x'), textRecord('k', 'y')]);
    const [partition] = await current().describe('one');
    if (partition?.held === undefined) return;
    expect(partition.held.records).toBe(2);
    expect(partition.held.bytes).toBeGreaterThanOrEqual(2);
  });

  it('admin.offsetAt() finds the first record of a time', async () => {
    const { admin } = current();
    expect(await admin.offsetAt('one', 0, 0)).toBe(0);
    await current().append('one', [textRecord('k', 'a')]);
    const [first] = await collect(current().read('one', 0, 0));
    const time = first?.timestamp ?? 0;
    await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(time + 1));
    await current().append('one', [textRecord('k', 'b')]);
    expect(await admin.offsetAt('one', 0, 0)).toBe(0);
    expect(await admin.offsetAt('one', 0, time)).toBe(0);
    expect(await admin.offsetAt('one', 0, time + 1)).toBe(1);
    expect(await admin.offsetAt('one', 0, Date.now() + 60_000)).toBe(2);
  });
}

function resets(current: () => Transport, adapter: TransportAdapter): void {
  it('admin.resetOffsets() lets a group go back, forward, or begin where it never was', async () => {
    await current().append(
      'one',
      ['a', 'b', 'c'].map((text) => textRecord('k', text)),
    );
    for (const [group, offset] of [
      ['g', 2],
      ['g', 0],
      ['h', 1],
      ['h', -5],
      ['h', 3],
    ] as const) {
      await current().admin.resetOffsets('one', group, new Map([[0, offset]]));
      const expected = Math.max(offset, 0);
      expect(await committed(current(), 'one', group)).toEqual([expected]);
      const member = new GroupMember(current(), 'one', group);
      const held = await member.nth(0);
      expect(held.start).toBe(expected);
      member.leave();
      await member.ended;
      await held.release();
    }
  });

  it('admin.resetOffsets() leaves the partitions that it is not told', async () => {
    await current().append(
      'four',
      Array.from({ length: 40 }, (_, index) => textRecord(`k${index}`, 'x')),
    );
    await current().admin.resetOffsets(
      'four',
      'g',
      new Map([
        [1, 2],
        [3, 1],
      ]),
    );
    expect(await committed(current(), 'four', 'g')).toEqual([0, 2, 0, 1]);
  });

  it('admin.resetOffsets() and forgetGroup() reject with GROUP_ACTIVE while the group has members', async () => {
    const transport = await adapter.open({ revokeGraceMs: longGrace });
    const { admin } = transport;
    await transport.ensureTopics([{ name: 'one', partitions: 1 }]);
    await transport.append('one', [textRecord('k', 'a'), textRecord('k', 'b')]);
    const member = new GroupMember(transport, 'one', 'g');
    const held = await member.nth(0);
    await held.pull(much, never);
    await held.commit(1);
    expect(await admin.members('one', 'g')).toBe(1);
    expect(await admin.members('one', 'other')).toBe(0);
    const refused = async (): Promise<void> => {
      for (const call of [admin.resetOffsets('one', 'g', new Map([[0, 0]])), admin.forgetGroup('one', 'g')]) {
        await expect(call).rejects.toMatchObject({ code: 'GROUP_ACTIVE' });
      }
      expect(await committed(transport, 'one', 'g')).toEqual([1]);
    };
    await refused();
    member.leave();
    await member.ended;
    await refused(); // it still drains
    await held.release();
    await vi.waitFor(async () => expect(await admin.members('one', 'g')).toBe(0));
    await admin.resetOffsets('one', 'g', new Map([[0, 0]]));
    expect(await held.commit(2)).toBe(false);
    expect(await committed(transport, 'one', 'g')).toEqual([0]);
    await transport.close();
  });

  it('admin.resetOffsets() rejects with OFFSET_INVALID beyond the end, and changes nothing', async () => {
    await current().append('one', [textRecord('k', 'a')]);
    for (const offset of [2, 0.5, Number.NaN]) {
      const reset = current().admin.resetOffsets('one', 'g', new Map([[0, offset]]));
      await expect(reset).rejects.toMatchObject({ code: 'OFFSET_INVALID' });
    }
    await expect(current().admin.resetOffsets('one', 'g', new Map([[1, 0]]))).rejects.toMatchObject({
      code: 'TOPIC_UNKNOWN',
    });
    expect((await current().describe('one'))[0]?.committed['g'] ?? 0).toBe(0);
  });

  it('admin.forgetGroup() forgets a group, which then begins at the earliest again', async () => {
    await current().append('one', [textRecord('k', 'a')]);
    await current().admin.resetOffsets('one', 'g', new Map([[0, 1]]));
    await current().admin.forgetGroup('one', 'g');
    await current().admin.forgetGroup('one', 'never-there');
    expect((await current().describe('one'))[0]?.committed).toEqual({});
    expect((await new GroupMember(current(), 'one', 'g').nth(0)).start).toBe(0);
  });
}
