import { afterEach, describe, expect, it, vi } from 'vitest';
import { StreamError } from '../../../pipeline/errors.ts';
import type { FoundObject, Producer, ScanContext } from '../../../pipeline/producer.ts';
import { askersOf, producerLease, whileLeased, type Lease } from '../../../pipeline/schedule/lease.ts';
import { readRun, requestWrite, type RunRecord, runWrite } from '../../../pipeline/schedule/run-record.ts';
import { followSchedule } from '../../../pipeline/schedule/scheduled-producer.ts';
import type { Clock } from '../../../pipeline/sink-component.ts';
import { createTelemetry } from '../../../pipeline/telemetry.ts';
import { schedulesTopic, topics } from '../../../pipeline/topics.ts';
import type { Transport } from '../../../pipeline/transport.ts';
import { createMemoryTransport } from '../../../transports/memory.ts';

const hourMs = 3_600_000;
const start = Date.parse('2026-05-10T12:00:00Z');

/** A clock that moves on by what is slept, as soon as somebody sleeps. */
class SkippingClock implements Clock {
  #now = start;
  now(): number {
    return this.#now;
  }
  async sleep(ms: number, signal: AbortSignal): Promise<void> {
    await new Promise(setImmediate);
    signal.throwIfAborted();
    this.#now += ms;
  }
}

/** A producer of one job, whose runs are counted, and which ends what waits for a number of them. */
class Source {
  runs = 0;
  running = 0;
  most = 0;
  readonly faults: (StreamError | undefined)[] = [];
  hold: Promise<void> = Promise.resolve();
  rejects = false;

  async open(): Promise<Producer> {
    return {
      incarnation: async () => 'life',
      scan: (context) => this.#scan(context),
      async *changes() {
        yield* [];
      },
      close: async () => undefined,
    };
  }

  async *#scan({ reject }: ScanContext): AsyncIterable<FoundObject> {
    this.runs += 1;
    this.running += 1;
    this.most = Math.max(this.most, this.running);
    try {
      await this.hold;
      const fault = this.faults.shift();
      if (fault !== undefined) throw fault;
      if (this.rejects)
        reject({ objectId: 'bad', error: new StreamError('SOURCE_INVALID', 'Not readable.') });
      const none = { inputs: [], outputs: [], warnings: [], additional: [] };
      const value = { tool: 'tool', name: 'a', description: null, lastRun: null, ...none };
      yield { type: 'job', objectId: 'a', value };
    } finally {
      this.running -= 1;
    }
  }
}

let transports: Transport[] = [];
afterEach(async () => {
  await Promise.all(transports.map((transport) => transport.close()));
  transports = [];
});

async function world() {
  const transport = createMemoryTransport({ revokeGraceMs: 50 });
  transports.push(transport);
  await transport.ensureTopics([
    ...Object.values(topics).map((name) => ({ name, partitions: 1 })),
    { name: schedulesTopic, partitions: 1 },
  ]);
  const source = new Source();
  const stop = new AbortController();
  const clock = new SkippingClock();
  const options = {
    name: 'p',
    schedule: { cron: '0 * * * *', timezone: 'UTC', jitter: 0, missed: 'run' as const },
    open: () => source.open(),
    transport,
    telemetry: createTelemetry(),
    clock,
    retryDelayMs: 1,
    lookMs: hourMs / 4,
  };
  const { state } = transport.transactions;
  const until = async (done: (last: RunRecord | undefined) => boolean): Promise<RunRecord> => {
    for (;;) {
      const last = await readRun(state, 'p');
      if (done(last) && last !== undefined) return last;
      await new Promise(setImmediate);
    }
  };
  return { transport, source, stop, clock, options, state, until };
}

describe('followSchedule()', () => {
  it('runs at once the first time, then at its times, and keeps what became of it', async () => {
    const { source, stop, options, until, clock } = await world();
    const following = followSchedule(options, stop.signal);
    const first = await until((last) => last?.outcome === 'done');
    expect(first).toMatchObject({
      why: 'first',
      slot: start,
      objects: 1,
      published: 1,
      rejected: 0,
      code: null,
    });
    const third = await until((last) => last?.outcome === 'done' && last.slot === start + 2 * hourMs);
    expect(third).toMatchObject({ why: 'due', startedAt: start + 2 * hourMs });
    stop.abort();
    await following;
    expect(source.runs).toBeGreaterThanOrEqual(3);
    expect(clock.now()).toBeGreaterThanOrEqual(start + 2 * hourMs);
  });

  it('keeps how a run failed, and runs at the next time all the same', async () => {
    const { source, stop, options, until } = await world();
    source.faults.push(new StreamError('SOURCE_REFUSED', 'The login is wrong.'));
    const following = followSchedule(options, stop.signal);
    const failed = await until((last) => last?.outcome === 'failed');
    expect(failed).toMatchObject({ code: 'SOURCE_REFUSED', message: 'The login is wrong.' });
    await until((last) => last?.outcome === 'done');
    stop.abort();
    await following;
  });

  it('reports an unreadable object once, however many runs find it, and calls each of them partly done', async () => {
    const { source, stop, options, until, transport } = await world();
    source.rejects = true;
    const following = followSchedule(options, stop.signal);
    const last = await until((run) => run?.outcome === 'partly' && run.slot >= start + 2 * hourMs);
    stop.abort();
    await following;
    expect(last.rejected).toBe(1);
    expect((await transport.describe(topics.deadLetters))[0]?.next).toBe(1);
  });

  it('takes up a request between its times, and says which one', async () => {
    const { stop, options, until, state } = await world();
    const month = { ...options, schedule: { ...options.schedule, cron: '0 0 1 1 *' } };
    await state.write([runWrite('p', { ...doneAt(start), outcome: 'done' })]);
    const following = followSchedule(month, stop.signal);
    await state.write([requestWrite('p', { id: 'r1', at: start })]);
    expect(await until((last) => last?.request === 'r1' && last.outcome === 'done')).toMatchObject({
      why: 'asked',
    });
    stop.abort();
    await following;
  });

  it('makes a run again that a process did not bring to its end, when another one takes over', async () => {
    const { stop, options, until, state } = await world();
    await state.write([runWrite('p', { ...doneAt(start), endedAt: null, outcome: 'running' })]);
    const following = followSchedule(options, stop.signal);
    expect(await until((last) => last?.outcome === 'done')).toMatchObject({
      why: 'interrupted',
      slot: start,
    });
    stop.abort();
    await following;
  });

  it('never runs twice at a time, in however many processes', async () => {
    const { source, stop, options, until, transport } = await world();
    const followings = [1, 2, 3].map(() => followSchedule(options, stop.signal));
    await until((last) => last?.outcome === 'done' && last.slot >= start + 3 * hourMs);
    expect(await askersOf(transport, producerLease('p'))).toBe(3);
    stop.abort();
    await Promise.all(followings);
    expect(source.most).toBe(1);
  });

  it('ends soon when it is stopped amid a run, which stays open', async () => {
    const { source, stop, options, until, state } = await world();
    let go = (): void => undefined;
    source.hold = new Promise((resolve) => {
      go = resolve;
    });
    const following = followSchedule(options, stop.signal);
    await until(() => source.running === 1);
    stop.abort();
    go();
    await following;
    expect(await readRun(state, 'p')).toMatchObject({ outcome: 'running' });
  });
});

function doneAt(slot: number): Omit<RunRecord, 'outcome'> {
  return {
    slot,
    why: 'due',
    startedAt: slot,
    endedAt: slot,
    code: null,
    message: null,
    objects: 0,
    published: 0,
    rejected: 0,
    removed: 0,
    request: null,
  };
}

describe('whileLeased()', () => {
  it('refuses writes and appends of one that was stopped for too long, once another one has taken over', async () => {
    const { transport, stop } = await world();
    const { state } = transport.transactions;
    const leases: Lease[] = [];
    const leaving = new AbortController();
    let resume = (): void => undefined;
    const stopped = new Promise<void>((resolve) => {
      resume = resolve;
    });
    const options = { transport, name: 'w' };
    const first = whileLeased({ ...options, signal: leaving.signal }, async (lease) => {
      leases.push(lease);
      await lease.state.write([{ key: 'mark', value: 1 }]);
      await stopped; // it does not see that its time is over
      await lease.state.write([{ key: 'mark', value: 0 }]);
    });
    await vi.waitFor(async () => expect(await state.get('mark')).toBe(1));
    const second = whileLeased({ ...options, signal: stop.signal }, async (lease) => {
      await lease.state.write([{ key: 'mark', value: 2 }]);
      await new Promise((resolve) => {
        lease.signal.addEventListener('abort', resolve, { once: true });
      });
    });
    leaving.abort();
    await vi.waitFor(async () => expect(await state.get('mark')).toBe(2));
    const [old] = leases;
    await expect(old?.transport.append(topics.raw, [])).rejects.toMatchObject({ code: 'LEASE_LOST' });
    resume();
    await first; // its late write costs nothing but itself
    expect(await state.get('mark')).toBe(2);
    stop.abort();
    await second;
  });
});
