import { EventEmitter, once } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import { StreamError } from '../../pipeline/errors.ts';
import type { FoundObject, PartialChange, Producer } from '../../pipeline/producer.ts';
import { followChanges } from '../../pipeline/producer-loop.ts';
import { ProducerRunner } from '../../pipeline/producer-runner.ts';
import type { Json, StateStore } from '../../pipeline/state.ts';
import { createTelemetry, type TelemetryEvents } from '../../pipeline/telemetry.ts';
import { topics } from '../../pipeline/topics.ts';
import type { Transport } from '../../pipeline/transport.ts';
import { createMemoryState } from '../../platform/memory-state.ts';
import { decodeEvent } from '../../schemas/codec.ts';
import type { RawEvent } from '../../schemas/types.ts';
import { createMemoryTransport } from '../../transports/memory.ts';

const never = new AbortController().signal;
const passing = (): StreamError => new StreamError('SOURCE_UNAVAILABLE', 'gone for a moment');

function job([objectId, ref, description]: readonly [string, string, string]): FoundObject {
  const lists = { inputs: [], outputs: [], warnings: [], additional: [] };
  const value = { tool: 'tool', name: objectId, description, lastRun: null, ...lists };
  return { type: 'job', objectId, ref, value };
}

async function* jobs(found: readonly (readonly [string, string, string])[]): AsyncGenerator<FoundObject> {
  for (const one of found) yield job(one);
}

/** Jobs as `[id, ref, description]`; changes are what a test says. */
class Source implements Producer {
  found: (readonly [string, string, string])[] = [];
  readonly script: ((mark: Json | undefined) => PartialChange | undefined)[] = [];
  readonly asked: (Json | undefined)[] = [];
  life = 'one';

  incarnation(): Promise<string> {
    return Promise.resolve(this.life);
  }

  async *scan(): AsyncIterable<FoundObject> {
    yield* jobs(this.found);
  }

  async *changes(_signal: AbortSignal, mark?: Json): AsyncIterable<PartialChange | undefined> {
    this.asked.push(mark);
    for (let next = this.script.shift(); next !== undefined; next = this.script.shift()) yield next(mark);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

class Bench {
  readonly source = new Source();
  transport: Transport = createMemoryTransport();
  state: StateStore = createMemoryState();
  readonly told: TelemetryEvents['changeCompleted'][] = [];
  readonly failed: TelemetryEvents['scanFailed'][] = [];
  readonly telemetry = createTelemetry();
  runner: ProducerRunner;
  #read = 0;

  constructor(found: readonly (readonly [string, string, string])[]) {
    this.source.found = [...found];
    this.telemetry.on('changeCompleted', (event) => this.told.push(event));
    this.telemetry.on('scanFailed', (event) => this.failed.push(event));
    this.runner = this.start();
  }

  /** A runner as a process that has just begun would have it. */
  start(): ProducerRunner {
    const { source: producer, transport, state, telemetry } = this;
    this.runner = new ProducerRunner({
      name: 'p',
      producer,
      transport,
      state,
      telemetry,
      now: () => new Date(0),
    });
    return this.runner;
  }

  async scan(): Promise<readonly string[]> {
    await this.transport.ensureTopics(Object.values(topics).map((name) => ({ name, partitions: 1 })));
    await this.runner.scan(never, false);
    return this.published();
  }

  async apply(change: {
    readonly found?: readonly (readonly [string, string, string])[];
    readonly looked?: readonly string[];
    readonly mark?: Json;
  }): Promise<readonly string[]> {
    const { found = [], looked = [], mark = 1 } = change;
    await this.runner.apply({ found: jobs(found), looked, mark }, never);
    return this.published();
  }

  async published(): Promise<readonly string[]> {
    const events: string[] = [];
    for await (const record of this.transport.read(topics.raw, 0, this.#read)) {
      this.#read = record.offset + 1;
      const { type, value } = decodeEvent(record.value ?? new Uint8Array()) as RawEvent;
      if (type === 'scan-started' || type === 'scan-completed') continue;
      events.push(`${value.objectId}@${value.position.sequence}${type === 'removal' ? ' removed' : ''}`);
    }
    return events;
  }
}

const three = [
  ['a', '1', 'one'],
  ['b', '2', 'one'],
  ['c', '3', 'one'],
] as const;

describe('ProducerRunner.apply()', () => {
  it('publishes only what differs, and keeps the mark', async () => {
    const made = new Bench(three);
    await made.scan();
    expect(await made.runner.mark()).toBeUndefined();
    const found = [['a', '1', 'one'] as const, ['b', '2', 'two'] as const];
    expect(await made.apply({ found, mark: { at: 7 } })).toEqual(['b@1']);
    expect(await made.runner.mark()).toEqual({ at: 7 });
    expect(made.told).toEqual([{ producer: 'p', objects: 2, published: 1, rejected: 0, removed: 0 }]);
    made.source.found = [...found, ['c', '3', 'one']];
    expect(await made.scan()).toEqual([]);
  });

  it('removes what was looked at and not found, above any threshold, and nothing else', async () => {
    const made = new Bench(three);
    await made.scan();
    expect(await made.apply({ looked: ['1', '2', 'unknown'] })).toEqual(['a@1 removed', 'b@1 removed']);
    made.source.found = [['c', '3', 'one']];
    expect(await made.scan()).toEqual([]);
    expect(await made.apply({ found: [['a', '9', 'one']] })).toEqual(['a@2']); // above its removal
  });

  it('removes the old id of what was renamed, also after a restart, and not one that another object took', async () => {
    const made = new Bench(three);
    await made.scan();
    made.start();
    expect(await made.apply({ found: [['a2', '1', 'one']] })).toEqual(['a2@0', 'a@1 removed']);
    const swapped = [
      ['c', '2', 'two'],
      ['b', '3', 'two'],
    ] as const;
    expect(await made.apply({ found: swapped })).toEqual(['c@1', 'b@1']);
    expect(await made.apply({ found: [['c', '8', 'three']], looked: ['2'] })).toEqual(['c@2']);
  });

  it('scans first where no scan of this process has read the source, and after one that failed', async () => {
    const made = new Bench(three);
    await made.scan();
    made.start();
    made.source.found.push(['d', '4', 'one']);
    expect(await made.apply({ found: [['a', '1', 'two']] })).toEqual(['d@0', 'a@1']);
    const { incarnation } = made.source;
    made.source.incarnation = () => Promise.reject(passing());
    await expect(made.runner.scan(never, false)).rejects.toThrow('gone');
    await expect(made.apply({ found: [['a', '1', 'three']] })).rejects.toThrow('gone');
    made.source.incarnation = incarnation;
    made.source.life = 'two';
    expect(await made.apply({ found: [['a', '1', 'three']] })).toEqual(['a@2', 'b@1', 'c@1', 'd@1', 'a@3']);
  });

  it('removes nothing by a ref of another life of the source', async () => {
    const made = new Bench(three);
    await made.scan();
    made.source.life = 'two';
    made.source.found = [['a', '7', 'one']];
    await made.scan(); // b and c are held back by the threshold
    expect(await made.apply({ looked: ['2', '3'] })).toEqual([]);
  });

  it('keeps the mark as it was when the source breaks or the topic refuses, and loses nothing of it', async () => {
    const made = new Bench(three);
    await made.scan();
    await made.apply({ mark: 1 });
    const broken = async function* (): AsyncGenerator<FoundObject> {
      yield job(['a', '1', 'two']);
      throw passing();
    };
    await expect(made.runner.apply({ found: broken(), looked: [], mark: 2 }, never)).rejects.toThrow('gone');
    expect(await made.runner.mark()).toBe(1);
    const { transport } = made;
    made.transport = {
      ...transport,
      append: () => Promise.reject(new StreamError('TRANSPORT_FULL', 'full')),
    };
    made.start();
    await expect(made.apply({ found: [['a', '1', 'two']], mark: 2 })).rejects.toThrow('full');
    made.transport = transport;
    made.start();
    expect(await made.runner.mark()).toBe(1);
    expect(await made.apply({ found: [['a', '1', 'two']], looked: ['2'], mark: 2 })).toEqual([
      'a@1',
      'b@1 removed',
    ]);
  });

  it('rejects one object that does not fit its schema, and takes the rest', async () => {
    const made = new Bench(three);
    await made.scan();
    const unfit = ['b', '2', 7 as unknown as string] as const;
    expect(await made.apply({ found: [unfit, ['c', '3', 'two']], looked: ['2'] })).toEqual(['c@1']);
    expect(made.told[0]).toMatchObject({ objects: 2, published: 1, rejected: 1, removed: 0 });
  });
});

describe('followChanges()', () => {
  const change = (mark: Json, found: readonly (readonly [string, string, string])[]): PartialChange => ({
    found: jobs(found),
    looked: [],
    mark,
  });
  const follow = (made: Bench, signal = never): Promise<void> =>
    followChanges(
      { name: 'p', producer: made.source, runner: made.runner, telemetry: made.telemetry, retryDelayMs: 1 },
      signal,
    );

  it('takes what is told, and scans where nothing is told', async () => {
    const made = new Bench(three);
    await made.scan();
    made.source.script.push(
      () => change('m1', [['a', '1', 'two']]),
      () => {
        made.source.found = [['a', '1', 'three'], ...three.slice(1)];
        return undefined;
      },
    );
    await follow(made);
    expect(await made.published()).toEqual(['a@1', 'a@2']);
    expect(made.source.asked).toEqual([undefined]);
  });

  it('asks again from the last mark that was kept when a change could not be taken, and says so', async () => {
    const made = new Bench(three);
    await made.scan();
    made.source.script.push(
      () => change('m1', [['a', '1', 'two']]),
      () => ({
        mark: 'm2',
        looked: [],
        found: (async function* (): AsyncGenerator<FoundObject> {
          yield job(['b', '2', 'two']);
          throw passing();
        })(),
      }),
      (mark) => change({ after: mark ?? null }, [['b', '2', 'two']]),
    );
    await follow(made);
    expect(made.source.asked).toEqual([undefined, 'm1']);
    expect(await made.published()).toEqual(['a@1', 'b@1']);
    expect(await made.runner.mark()).toEqual({ after: 'm1' });
    expect(made.failed).toMatchObject([{ code: 'SOURCE_UNAVAILABLE', retryInMs: 1 }]);
  });

  it('asks again when the watching itself fails, and ends when its signal fires', async () => {
    const made = new Bench(three);
    await made.scan();
    made.source.script.push(() => {
      throw new StreamError('SOURCE_INVALID', 'no more watches');
    });
    await follow(made);
    expect(made.failed).toMatchObject([{ code: 'SOURCE_INVALID' }]);
    const stop = new AbortController();
    const endless = Array.from({ length: 1000 }, () => () => {
      throw passing();
    });
    made.source.script.push(...endless);
    const following = follow(made, stop.signal);
    await vi.waitFor(() => expect(made.failed.length).toBeGreaterThan(3));
    stop.abort();
    await following;
  });

  it('tries a scan that failed for good again at its slow pace, without a change, and at once when one comes', async () => {
    const made = new Bench(three);
    await made.scan();
    const stop = new AbortController();
    const bell = new EventEmitter();
    const { incarnation } = made.source;
    const refused = new StreamError('SOURCE_REFUSED', 'The right is gone.');
    made.source.incarnation = () => Promise.reject(refused);
    made.source.changes = async function* () {
      yield undefined;
      await once(bell, 'change');
      yield undefined;
      await once(stop.signal, 'abort');
    };
    const { telemetry, runner, source: producer } = made;
    const loop = { name: 'p', producer, runner, telemetry, slowRetryDelayMs: 5 };
    const following = followChanges(loop, stop.signal);
    await vi.waitFor(() => expect(made.failed.length).toBeGreaterThan(4));
    expect(made.failed.slice(0, 5).map(({ retryInMs }) => retryInMs)).toEqual([5, 10, 20, 25, 25]);
    made.source.found = [['a', '1', 'two'], ...three.slice(1)];
    made.source.incarnation = incarnation;
    await vi.waitFor(async () => expect(await made.published()).toEqual(['a@1']));
    const { length } = made.failed;
    made.source.found = [['a', '1', 'three'], ...three.slice(1)];
    bell.emit('change');
    await vi.waitFor(async () => expect(await made.published()).toEqual(['a@2']));
    expect(made.failed).toHaveLength(length);
    stop.abort();
    await following;
  });

  it('tries a first scan that failed for good again, although no change comes', async () => {
    const made = new Bench(three);
    await made.transport.ensureTopics(Object.values(topics).map((name) => ({ name, partitions: 1 })));
    const stop = new AbortController();
    made.source.changes = async function* () {
      await once(stop.signal, 'abort');
      yield undefined;
    };
    const { telemetry, runner, source: producer } = made;
    const following = followChanges(
      { name: 'p', producer, runner, telemetry, slowRetryDelayMs: 5 },
      stop.signal,
    );
    await vi.waitFor(async () => expect(await made.published()).toEqual(['a@0', 'b@0', 'c@0']));
    stop.abort();
    await following;
  });

  it('takes the next change at once while a scan that failed for good is due', async () => {
    const made = new Bench(three);
    await made.scan();
    const bell = new EventEmitter();
    const { incarnation } = made.source;
    made.source.incarnation = () => Promise.reject(new StreamError('SOURCE_REFUSED', 'The right is gone.'));
    made.source.changes = async function* () {
      yield undefined;
      await once(bell, 'change');
      yield undefined;
    };
    const following = follow(made);
    await vi.waitFor(() => expect(made.failed).toMatchObject([{ retryInMs: 60_000 }]));
    made.source.incarnation = incarnation;
    made.source.found = [['a', '1', 'two'], ...three.slice(1)];
    bell.emit('change');
    await following;
    expect(await made.published()).toEqual(['a@1']);
  });

  it('asks again for a change that was read before a scan which was due meanwhile, and never shows what is old', async () => {
    const made = new Bench([['a', '1', 'new']]);
    await made.transport.ensureTopics(Object.values(topics).map((name) => ({ name, partitions: 1 })));
    const bell = new EventEmitter();
    made.source.changes = async function* (_signal: AbortSignal, mark?: Json) {
      made.source.asked.push(mark);
      if (made.source.asked.length > 1) return;
      const found = jobs([['a', '1', 'old']]); // read, and then it takes its time
      await once(bell, 'read');
      yield { found, looked: [], mark: 1 };
    };
    const { telemetry, runner, source: producer } = made;
    const following = followChanges({ name: 'p', producer, runner, telemetry, slowRetryDelayMs: 5 }, never);
    await vi.waitFor(async () => expect(await made.published()).toEqual(['a@0']));
    bell.emit('read');
    await following;
    expect(await made.published()).toEqual([]);
    expect(made.source.asked).toEqual([undefined, undefined]);
  });

  it('says how changes are seen, once', async () => {
    const made = new Bench(three);
    await made.scan();
    const how: string[] = [];
    made.telemetry.on('following', (event) => how.push(event.how));
    let way = 'looking';
    Object.assign(made.source, { describeChanges: () => Promise.resolve(way) });
    made.source.script.push(
      () => undefined,
      () => {
        way = 'listening';
        return undefined;
      },
      () => undefined,
    );
    await follow(made);
    expect(how).toEqual(['looking', 'listening']);
  });
});
