import { describe, expect, it, vi } from 'vitest';
import { Credits } from '../../../pipeline/delivery/credits.ts';
import { gated } from '../../../pipeline/delivery/gated.ts';
import type { Assignment, StoredRecord, Transport } from '../../../pipeline/transport.ts';
import { createMemoryTransport } from '../../../transports/memory.ts';
import { GroupMember, textRecord } from '../../contracts/transport.ts';

async function opened(texts: readonly string[]) {
  const transport: Transport = createMemoryTransport();
  await transport.ensureTopics([{ name: 't', partitions: 1 }]);
  await transport.append(
    't',
    texts.map((text) => textRecord('k', text)),
  );
  const member = new GroupMember(transport, 't', 'g');
  const assignment: Assignment = await member.nth(0);
  const stop = new AbortController();
  const credits = new Credits({ records: 3, bytes: 100 });
  const emitted: StoredRecord[] = [];
  const ends: unknown[] = [];
  let pulled = 0;
  const records = gated(assignment, credits, {
    stop: stop.signal,
    onPulled: (batch) => {
      pulled += batch.length;
    },
  });
  const subscription = records.subscribe({
    next: (record) => emitted.push(record),
    error: (thrown: unknown) => ends.push(thrown),
    complete: () => ends.push('complete'),
  });
  const counts = () => ({ pulled, emitted: emitted.length });
  return { transport, member, assignment, stop, credits, emitted, ends, subscription, counts };
}

const texts = Array.from({ length: 20 }, () => '0123456789');

describe('gated()', () => {
  it('never has more in flight than it has credits for', async () => {
    const { credits, emitted, counts } = await opened(texts);
    for (let given = 0; given < texts.length; given += 1) {
      const inFlight = Math.min(3, texts.length - given);
      await vi.waitFor(() => expect(credits.inUse).toBe(inFlight));
      await new Promise(setImmediate);
      expect(credits.inUse).toBe(inFlight);
      expect(counts()).toEqual({ pulled: given + inFlight, emitted: given + inFlight });
      credits.give(1, 10);
    }
    expect(emitted.map(({ offset }) => offset)).toEqual(texts.map((_, offset) => offset));
  });

  it('waits for the first credit to come back when all are in use', async () => {
    const { credits, emitted } = await opened(texts);
    await vi.waitFor(() => expect(emitted).toHaveLength(3));
    await new Promise(setImmediate);
    expect(emitted).toHaveLength(3);
    credits.give(2, 20);
    await vi.waitFor(() => expect(emitted).toHaveLength(5));
  });

  it.each(['stop', 'leave'] as const)('completes after what it pulled when it is told to %s', async (how) => {
    const { stop, member, emitted, ends, credits, counts } = await opened(texts);
    await vi.waitFor(() => expect(emitted).toHaveLength(3));
    if (how === 'stop') stop.abort();
    else member.leave();
    await vi.waitFor(() => expect(ends).toEqual(['complete']));
    credits.give(3, 30);
    await new Promise(setImmediate);
    expect(counts()).toEqual({ pulled: 3, emitted: 3 });
  });

  it('completes while it waits for records', async () => {
    const { stop, ends, emitted } = await opened(['x']);
    await vi.waitFor(() => expect(emitted).toHaveLength(1));
    stop.abort();
    await vi.waitFor(() => expect(ends).toEqual(['complete']));
  });

  it('stops to pull when it is unsubscribed from', async () => {
    const { subscription, credits, emitted, transport, counts } = await opened(texts);
    await vi.waitFor(() => expect(emitted).toHaveLength(3));
    subscription.unsubscribe();
    credits.give(3, 30);
    await transport.append('t', [textRecord('k', 'more')]);
    await new Promise(setImmediate);
    expect(counts()).toEqual({ pulled: 3, emitted: 3 });
  });

  it('errors with the error of a pull', async () => {
    const stop = new AbortController();
    const broken: Assignment = {
      topic: 't',
      partition: 0,
      start: 0,
      revoking: stop.signal,
      graceMs: 1,
      pull: async () => {
        throw new Error('torn cable');
      },
      commit: async () => true,
      release: async () => undefined,
    };
    const ends: unknown[] = [];
    gated(broken, new Credits({ records: 1, bytes: 1 }), {
      stop: stop.signal,
      onPulled: () => ends.push('pulled'),
    }).subscribe({ error: (thrown: unknown) => ends.push(thrown) });
    await vi.waitFor(() => expect(ends).toEqual([new Error('torn cable')]));
  });
});
