import { describe, expect, it, vi } from 'vitest';
import { readStageTotals } from '../../pipeline/delivery/partition-counts.ts';
import { StreamError } from '../../pipeline/errors.ts';
import type { Outcome, Sink } from '../../pipeline/sink.ts';
import { decodeEvent, encodeEvent } from '../../schemas/codec.ts';
import { createMemoryTransport } from '../../transports/memory.ts';
import {
  ScriptedSink,
  change,
  committed,
  counts,
  deadLetters,
  delivered,
  many,
  missing,
  refused,
  start,
  sum,
  throttled,
} from '../support/sink-stage.ts';

describe('SinkStage.run()', () => {
  it('delivers everything in the order of each key, one batch of a key at a time, and commits it', async () => {
    const sink = new ScriptedSink(
      () => delivered,
      () => new Promise((resolve) => setImmediate(resolve)),
    );
    const stage = await start(sink, many);
    await vi.waitFor(async () => expect(await committed(stage)).toBe(120));
    for (const key of new Set(many.map(({ qualifiedName }) => qualifiedName))) {
      const sent = many.filter(({ qualifiedName }) => qualifiedName === key).map(({ objectId }) => objectId);
      expect(sink.applied.filter((id) => sent.includes(id))).toEqual(sent);
    }
    expect(sink.overlaps).toBe(0);
    expect(Math.max(...sink.batches.map((batch) => batch.length))).toBeLessThanOrEqual(5);
    expect(stage.settled).toMatchObject({ received: 120, delivered: 120 });
    stage.stop();
    await stage.ended;
  });

  it('delivers a change that comes alone long before the time of a batch is over', async () => {
    const batch = { count: 5, bytes: 100_000, withinMs: 20_000 };
    const stage = await start(new ScriptedSink(() => delivered), many.slice(0, 1), { batch });
    await vi.waitFor(() => expect(stage.settled.delivered).toBe(1), { timeout: 15_000 });
  });

  it('counts every event in exactly one way, whatever becomes of it', async () => {
    const kinds: readonly Outcome[] = [
      delivered,
      { kind: 'unchanged', counts },
      { kind: 'superseded' },
      refused,
      missing,
      throttled,
    ];
    const sink = new ScriptedSink(({ offset }, attempt) => {
      const outcome = kinds[offset % kinds.length] ?? delivered;
      return outcome.kind === 'retry' && attempt > 2 ? delivered : outcome;
    });
    const stage = await start(sink, [...many, null, Buffer.from('garbage')]);
    await vi.waitFor(async () => expect(await committed(stage)).toBe(122), { timeout: 20_000 });
    const { received, ...settled } = stage.settled;
    expect({ received, ...settled }).toEqual({
      received: 122,
      delivered: 40,
      unchanged: 20,
      superseded: 20,
      filtered: 1,
      parked: 20,
      'dead-lettered': 21,
    });
    // Over all processes, in the transaction that commits.
    expect(await readStageTotals(stage.transport.transactions.state)).toEqual([
      { stage: 'sink', received, settled, returned: 0, inFlight: 0, owners: 1 },
    ]);
    await vi.waitFor(() => expect(stage.unparked).toHaveLength(20));
    expect(sum(stage.settled)).toBe(stage.settled.received);
    const letters = await deadLetters(stage);
    expect(letters).toHaveLength(41);
    expect(new Set(letters.map(({ id }) => id)).size).toBe(41);
  });

  it('tries a transient fault again for as long as it lasts, and makes no dead letter of it', async () => {
    const sink = new ScriptedSink((_, attempt) => (attempt < 40 ? throttled : delivered));
    const stage = await start(sink, [change('a', 't')]);
    await vi.waitFor(async () => expect(await committed(stage)).toBe(1));
    expect(sink.attempts.get('a')).toBe(40);
    expect(await deadLetters(stage)).toEqual([]);
  });

  it('delivers a change when its referent comes behind it in the same lane', async () => {
    const sink: ScriptedSink = new ScriptedSink(({ change: { objectId } }) =>
      objectId !== 'job' || sink.applied.includes('table') ? delivered : missing,
    );
    const stage = await start(sink, [change('job', 'j'), change('table', 't')], {
      lanes: 1,
      batch: { count: 1, bytes: 1, withinMs: 1 },
    });
    await vi.waitFor(() => expect(sink.applied).toEqual(['table', 'job']), { timeout: 20_000 });
    expect(await committed(stage)).toBe(2);
  });

  it('makes a change whose referent never comes a dead letter, with its bytes, after its last round', async () => {
    const stage = await start(
      new ScriptedSink(({ change: { objectId } }) => (objectId === 'job' ? missing : delivered)),
      [change('job', 'j'), change('table', 't')],
    );
    await vi.waitFor(async () => expect(await committed(stage)).toBe(2));
    const [letter] = await deadLetters(stage);
    expect(letter).toMatchObject({
      id: expect.stringMatching(/^metadata\.entities-[0-9a-f]{16}$/),
      stage: 'SINK',
      code: 'CATALOG_MISSING_REFERENT',
      attempts: expect.any(Number),
      producer: 'p',
      key: 'j',
      time: '1970-01-01T00:00:00.000Z',
    });
    expect(decodeEvent(letter?.value ?? Buffer.alloc(0)).value).toMatchObject({ objectId: 'job' });
  });

  it('gives different events different dead letters when a transport that forgets counts from 0 anew', async () => {
    const ids: string[] = [];
    for (const bytes of ['first', 'second', 'first']) {
      const stage = await start(new ScriptedSink(() => delivered), [Buffer.from(bytes)]);
      await vi.waitFor(async () => expect(await committed(stage)).toBe(1));
      ids.push(...(await deadLetters(stage)).map(({ id }) => id));
    }
    expect(new Set(ids).size).toBe(2);
    expect(ids[2]).toBe(ids[0]);
  });

  it('one bad event costs one dead letter, with its bytes and headers as they were', async () => {
    const removal = {
      producer: '',
      objectId: '',
      position: { incarnation: '', sequence: 0 },
      removedType: '',
    };
    const stage = await start(new ScriptedSink(() => delivered), [
      Buffer.from('garbage'),
      encodeEvent('removal', removal),
      change('a', 't'),
    ]);
    await vi.waitFor(async () => expect(await committed(stage)).toBe(3));
    const letters = await deadLetters(stage);
    expect(letters).toMatchObject([
      { stage: 'DECODE', code: 'EVENT_UNDECODABLE', headers: { h: '1' }, offset: 0 },
      { stage: 'DECODE', code: 'EVENT_UNDECODABLE', message: expect.stringContaining('removal'), offset: 1 },
    ]);
    expect(letters[0]?.value?.toString()).toBe('garbage');
  });

  it('never commits past a change that is not settled, nor takes in more than its credits', async () => {
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const sink = new ScriptedSink(
      () => delivered,
      async (batch) => {
        if (batch.some(({ change: { objectId } }) => objectId === 'c3')) await gate;
      },
    );
    const stage = await start(sink, many, { credits: { records: 20, bytes: 1_000_000 } });
    await vi.waitFor(() => expect(stage.settled.delivered).toBeGreaterThanOrEqual(10));
    expect(await committed(stage)).toBeLessThanOrEqual(3);
    expect(stage.settled.received).toBeLessThanOrEqual(20 + ((await committed(stage)) ?? 0));
    open();
    await vi.waitFor(async () => expect(await committed(stage)).toBe(120));
  });

  it('rejects with the error of the sink when it refuses to go on, and commits nothing of that batch', async () => {
    const error = new StreamError('CATALOG_REFUSED', 'Log in first.');
    const stage = await start(
      new ScriptedSink(
        () => delivered,
        async () => {
          throw error;
        },
      ),
      many,
    );
    await expect(stage.ended).rejects.toBe(error);
    expect(await committed(stage)).toBe(0);
    expect(stage.settled.received).toBeGreaterThan(0);
    expect(sum(stage.settled)).toBe(0);
  });

  it('waits for a right that is missing, and settles nothing meanwhile; one that is not to wait rejects', async () => {
    let tries = 0;
    const forbidden = async (): Promise<void> => {
      tries += 1;
      if (tries <= 3) throw new StreamError('CATALOG_FORBIDDEN', 'No role.', { retryAfterMs: 1 });
    };
    const changes = [change('c', 't')];
    const waiting = await start(new ScriptedSink(() => delivered, forbidden), changes, { keepTrying: true });
    await vi.waitFor(async () => expect(await committed(waiting)).toBe(1));
    expect(waiting.waited).toEqual(Array.from({ length: 3 }, () => 'sink CATALOG_FORBIDDEN'));
    expect(waiting.settled.delivered).toBe(1);
    tries = 0;
    const ending = await start(new ScriptedSink(() => delivered, forbidden), changes);
    await expect(ending.ended).rejects.toMatchObject({ code: 'CATALOG_FORBIDDEN' });
    expect(await committed(ending)).toBe(0);
  });

  it('rejects when the sink answers for another number of changes', async () => {
    const short: Sink = {
      open: async () => undefined,
      deliver: async () => [],
      close: async () => undefined,
    };
    const stage = await start(short, many);
    await expect(stage.ended).rejects.toMatchObject({ code: 'CATALOG_UNEXPECTED' });
  });

  it('leaves what is not settled uncommitted when it is stopped, and the next run delivers it', async () => {
    const hanging = new ScriptedSink(
      () => delivered,
      (batch, signal) =>
        batch.some(({ change: { objectId } }) => objectId === 'c30')
          ? new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
          : Promise.resolve(),
    );
    const stage = await start(hanging, many, {
      transport: createMemoryTransport({ revokeGraceMs: 10 }),
    });
    await vi.waitFor(() => expect(hanging.batches.flat()).toContain('c30'));
    await vi.waitFor(() => expect(stage.settled.delivered).toBeGreaterThan(20));
    stage.stop();
    await stage.ended;
    const at = (await committed(stage)) ?? 0;
    expect(at).toBeLessThanOrEqual(30);
    const second = new ScriptedSink(() => delivered);
    const next = await start(second, [], { transport: stage.transport });
    await vi.waitFor(async () => expect(await committed(next)).toBe(120));
    expect(new Set([...hanging.applied, ...second.applied]).size).toBe(120);
    expect(second.applied).toContain('c30');
  });

  it('ends at once when it is stopped while a referent is missing or a fault lasts', async () => {
    for (const outcome of [missing, throttled]) {
      const sink = new ScriptedSink(() => outcome);
      const stage = await start(sink, [change('a', 't')], { retryDelayMs: 600_000, parkForMs: 600_000 });
      await vi.waitFor(() => expect(sink.attempts.get('a')).toBeGreaterThan(0));
      stage.stop();
      await stage.ended;
      expect(await committed(stage)).toBe(outcome === missing ? 1 : 0);
    }
  });

  it('tells the sink which changes whoever had them before may have delivered: as many as it could have in hand, and what it had parked', async () => {
    const uncertain = new Set<string>();
    let process = 'first';
    const sink = new ScriptedSink(({ change: { objectId }, isUncertain }) => {
      if (isUncertain === true) uncertain.add(`${process} ${objectId}`);
      return objectId === 'c3' && process === 'first' ? missing : delivered;
    });
    const four = [0, 1, 2, 3].map((at) => change(`c${at}`, `t${at}`));
    let ms = 0;
    const options = {
      credits: { records: 2, bytes: 1_000_000 },
      parkForMs: 600_000,
      now: () => new Date((ms += 1)),
    };
    const stage = await start(sink, four, options);
    await vi.waitFor(async () => expect(await committed(stage)).toBe(4));
    await vi.waitFor(async () => {
      await stage.sweep();
      expect(sink.attempts.get('c3')).toBeGreaterThan(1); // which it had parked itself
    });
    stage.stop();
    await stage.ended;
    process = 'next';
    const next = await start(sink, [], { ...options, transport: stage.transport });
    await vi.waitFor(async () => {
      await next.sweep();
      expect(next.unparked).toEqual(['delivered']);
    });
    expect([...uncertain].sort()).toEqual(['first c0', 'first c1', 'next c3']);
  });
});
