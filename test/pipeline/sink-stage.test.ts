import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { StreamError } from '../../pipeline/errors.ts';
import type { Delivery, Outcome, Sink } from '../../pipeline/sink.ts';
import { runSinkStage, type SinkStageOptions } from '../../pipeline/sink-stage.ts';
import { createTelemetry, type Settlement } from '../../pipeline/telemetry.ts';
import { groups, topics } from '../../pipeline/topics.ts';
import type { Transport } from '../../pipeline/transport.ts';
import { decodeEvent, encodeEvent } from '../../schemas/codec.ts';
import type { DeadLetter, EntityChange } from '../../schemas/types.ts';
import { createMemoryTransport } from '../../transports/memory.ts';

const counts = { created: 1, updated: 0, unchanged: 0, deleted: 0 };
const delivered: Outcome = { kind: 'delivered', counts };
const missing: Outcome = {
  kind: 'missing-referent',
  error: new StreamError('CATALOG_MISSING_REFERENT', 'There is no such table.'),
};
const throttled: Outcome = {
  kind: 'retry',
  error: new StreamError('CATALOG_THROTTLED', 'Slower.', { retryAfterMs: 1 }),
};
const refused: Outcome = { kind: 'rejected', error: new StreamError('CATALOG_BAD_ENTITY', 'No.') };

type Answer = (delivery: Delivery, attempt: number) => Outcome;

/** A sink that answers by a script. It keeps to the contract, and watches that the stage keeps to it too. */
class ScriptedSink implements Sink {
  readonly attempts = new Map<string, number>();
  readonly applied: string[] = [];
  readonly batches: (readonly string[])[] = [];
  overlaps = 0;
  readonly #inFlight = new Set<string>();
  readonly #answer: Answer;
  readonly #before: (batch: readonly Delivery[], signal: AbortSignal) => Promise<void>;

  constructor(
    answer: Answer,
    before: (batch: readonly Delivery[], signal: AbortSignal) => Promise<void> = async () => undefined,
  ) {
    this.#answer = answer;
    this.#before = before;
  }

  async open(): Promise<void> {
    this.applied.length = 0;
  }

  async deliver(batch: readonly Delivery[], signal: AbortSignal): Promise<readonly Outcome[]> {
    const keys = new Set(batch.map(({ change }) => change.qualifiedName));
    this.batches.push(batch.map(({ change }) => change.objectId));
    for (const key of keys) if (this.#inFlight.has(key)) this.overlaps += 1;
    for (const key of keys) this.#inFlight.add(key);
    try {
      await this.#before(batch, signal);
      return batch.map((delivery) => {
        const id = delivery.change.objectId;
        const attempt = (this.attempts.get(id) ?? 0) + 1;
        this.attempts.set(id, attempt);
        const outcome = this.#answer(delivery, attempt);
        if (outcome.kind === 'delivered') this.applied.push(id);
        return outcome;
      });
    } finally {
      for (const key of keys) this.#inFlight.delete(key);
    }
  }

  async close(): Promise<void> {
    this.#inFlight.clear();
  }
}

/** A change of the asset `key`, told apart by `id`. */
function change(id: string, key: string): EntityChange {
  return {
    operation: 'UPSERT',
    typeName: 'table',
    qualifiedName: key,
    producer: 'p',
    objectId: id,
    position: { incarnation: 'i', sequence: 0 },
    entities: [],
    complete: [],
    placeholder: false,
  };
}

interface Stage {
  readonly transport: Transport;
  readonly settled: Record<Settlement | 'received', number>;
  readonly stop: () => void;
  readonly ended: Promise<void>;
}

async function start(
  sink: Sink,
  changes: readonly (EntityChange | Uint8Array | null)[],
  options: Partial<SinkStageOptions> = {},
): Promise<Stage> {
  const transport = options.transport ?? createMemoryTransport();
  const names = Object.values(topics);
  await transport.ensureTopics(names.map((name) => ({ name, partitions: 1 })));
  await transport.append(
    topics.entities,
    changes.map((item) => {
      if (item === null || item instanceof Uint8Array) return { key: 'x', value: item, headers: { h: '1' } };
      return { key: item.qualifiedName, value: encodeEvent('entity-change', item), headers: {} };
    }),
  );
  const telemetry = createTelemetry();
  const settled = {
    received: 0,
    delivered: 0,
    unchanged: 0,
    superseded: 0,
    filtered: 0,
    'dead-lettered': 0,
  };
  telemetry.on('received', ({ events }) => {
    settled.received += events;
  });
  telemetry.on('settled', ({ as }) => {
    settled[as] += 1;
  });
  const leave = new AbortController();
  const ended = runSinkStage(
    {
      transport,
      sink,
      telemetry,
      credits: { records: 50, bytes: 1_000_000 },
      lanes: 3,
      batch: { count: 5, bytes: 100_000, withinMs: 1 },
      missingReferentAttempts: 3,
      retryDelayMs: 1,
      now: () => new Date(0),
      ...options,
    },
    leave.signal,
  );
  ended.catch(() => undefined); // looked at by the test
  onTestFinished(async () => {
    leave.abort();
    await ended.catch((thrown: unknown) => thrown);
    await transport.close();
  });
  return { transport, settled, stop: () => leave.abort(), ended };
}

async function committed({ transport }: Stage): Promise<number | undefined> {
  return (await transport.describe(topics.entities))[0]?.committed[groups.sink];
}

async function deadLetters({ transport }: Stage): Promise<readonly DeadLetter[]> {
  const letters: DeadLetter[] = [];
  for await (const { value } of transport.read(topics.deadLetters, 0, 0)) {
    if (value !== null) letters.push(decodeEvent(value).value as DeadLetter);
  }
  return letters;
}

/** Invariant 1: everything that came in is accounted for. */
function sum(settled: Stage['settled']): number {
  const { received: _, ...rest } = settled;
  return Object.values(rest).reduce((total, count) => total + count, 0);
}

const many = Array.from({ length: 120 }, (_, index) => change(`c${index}`, `t${index % 7}`));

describe('runSinkStage()', () => {
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
    await vi.waitFor(async () => expect(await committed(stage)).toBe(122));
    expect(stage.settled).toEqual({
      received: 122,
      delivered: 40,
      unchanged: 20,
      superseded: 20,
      filtered: 1,
      'dead-lettered': 41,
    });
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
    await vi.waitFor(async () => expect(await committed(stage)).toBe(2));
    expect(sink.applied).toEqual(['table', 'job']);
  });

  it('makes a change whose referent never comes a dead letter, with its bytes, after its last round', async () => {
    const stage = await start(
      new ScriptedSink(({ change: { objectId } }) => (objectId === 'job' ? missing : delivered)),
      [change('job', 'j'), change('table', 't')],
    );
    await vi.waitFor(async () => expect(await committed(stage)).toBe(2));
    const [letter] = await deadLetters(stage);
    expect(letter).toMatchObject({
      id: expect.stringMatching(/^metadata\.entities-0-0-[0-9a-f]{8}$/),
      stage: 'SINK',
      code: 'CATALOG_MISSING_REFERENT',
      attempts: 3,
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

  it('rejects when the sink answers for another number of changes', async () => {
    const short: Sink = {
      open: async () => undefined,
      deliver: async () => [],
      close: async () => undefined,
    };
    const stage = await start(short, many);
    await expect(stage.ended).rejects.toMatchObject({ code: 'CATALOG_UNEXPECTED' });
  });

  it('waits for the batches of other lanes before it gives the partition up, when one lane fails', async () => {
    const error = new StreamError('CATALOG_REFUSED', 'Log in first.');
    let finish = (): void => undefined;
    const other = new Promise<void>((resolve) => {
      finish = resolve;
    });
    let begun = 0;
    const sink = new ScriptedSink(
      () => delivered,
      async () => {
        begun += 1;
        if (begun === 1) await other;
        else throw error;
      },
    );
    const stage = await start(sink, many);
    let rejected = false;
    stage.ended.catch(() => {
      rejected = true;
    });
    await vi.waitFor(() => expect(begun).toBeGreaterThan(1));
    await new Promise((resolve) => setImmediate(resolve));
    expect(rejected).toBe(false);
    finish();
    await expect(stage.ended).rejects.toBe(error);
    expect(stage.settled.delivered).toBeGreaterThan(0);
  });

  it('finishes and commits the batch in flight when it is stopped', async () => {
    let finish = (): void => undefined;
    const sink = new ScriptedSink(
      () => delivered,
      (_, signal) =>
        new Promise((resolve, reject) => {
          finish = resolve;
          signal.addEventListener('abort', () => reject(signal.reason));
        }),
    );
    const stage = await start(sink, many, { lanes: 1 });
    await vi.waitFor(() => expect(sink.batches).toHaveLength(1));
    stage.stop();
    finish();
    await stage.ended;
    expect(sink.batches).toHaveLength(1);
    expect(await committed(stage)).toBe(5);
  });

  it('leaves what is not settled uncommitted when it is stopped, and the next run delivers it', async () => {
    const hanging = new ScriptedSink(
      () => delivered,
      (batch, signal) =>
        batch.some(({ change: { objectId } }) => objectId === 'c30')
          ? new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
          : Promise.resolve(),
    );
    const stage = await start(hanging, many, { drainMs: 1 });
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
      const stage = await start(new ScriptedSink(() => outcome), [change('a', 't')], {
        retryDelayMs: 600_000,
        missingReferentAttempts: 1000,
      });
      await vi.waitFor(() => expect(stage.settled.received).toBe(1));
      stage.stop();
      await stage.ended;
      expect(await committed(stage)).toBe(0);
    }
  });
});
