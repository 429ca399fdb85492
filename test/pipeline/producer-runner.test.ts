import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { StreamError } from '../../pipeline/errors.ts';
import type { FoundObject, Producer, Rejection } from '../../pipeline/producer.ts';
import { ProducerRunner } from '../../pipeline/producer-runner.ts';
import type { StateStore } from '../../pipeline/state.ts';
import { createTelemetry, type TelemetryEvents } from '../../pipeline/telemetry.ts';
import { topics } from '../../pipeline/topics.ts';
import type { Transport } from '../../pipeline/transport.ts';
import { fromHeaders } from '../../schemas/cloud-events.ts';
import { decodeEvent } from '../../schemas/codec.ts';
import type { DeadLetter, RawEvent } from '../../schemas/types.ts';
import { createMemoryState } from '../../platform/memory-state.ts';
import { createEventTransport } from '../../platform/events/event-transport.ts';
import { createMemoryTransport } from '../../transports/memory.ts';
import { having } from '../support/having.ts';

const never = new AbortController().signal;

/** A source in memory: jobs by id, each with a description, and faults to report or to throw. */
class Source implements Producer {
  life = 'first';
  readonly jobs = new Map<string, string>();
  faults: readonly Rejection[] = [];
  /** Thrown after this many objects. */
  breaksAfter = Infinity;
  sequence: number | undefined;

  async incarnation(): Promise<string> {
    return this.life;
  }

  async *scan(context: { reject(rejection: Rejection): void }): AsyncIterable<FoundObject> {
    let count = 0;
    for (const [objectId, description] of this.jobs) {
      if (count >= this.breaksAfter) throw new StreamError('SOURCE_UNAVAILABLE', 'The tool hung up.');
      count += 1;
      yield job(objectId, description, this.sequence);
    }
    for (const fault of this.faults) context.reject(fault);
  }

  async *changes(): AsyncIterable<undefined> {
    yield* [];
  }

  async close(): Promise<void> {
    this.jobs.clear();
  }
}

function job(objectId: string, description: string, sequence?: number): FoundObject {
  return {
    type: 'job',
    objectId,
    ...(sequence === undefined ? {} : { sequence }),
    value: {
      tool: 'tool',
      name: objectId,
      description,
      lastRun: null,
      inputs: [],
      outputs: [],
      warnings: [],
      additional: [],
    },
  };
}

class Bench {
  readonly source = new Source();
  transport: Transport = createMemoryTransport();
  state: StateStore = createMemoryState();
  readonly completed: TelemetryEvents['scanCompleted'][] = [];
  readonly heldBack: TelemetryEvents['removalsHeldBack'][] = [];
  readonly unknown: TelemetryEvents['removalsUnknown'][] = [];
  #runner: ProducerRunner | undefined;
  #read = 0;

  /** What one scan publishes: type, object, position, and the description of a job. */
  async scan(all = false, signal = never): Promise<readonly string[]> {
    await this.transport.ensureTopics(Object.values(topics).map((name) => ({ name, partitions: 1 })));
    this.#runner ??= this.#start();
    await this.#runner.scan(signal, all);
    return this.published();
  }

  #start(): ProducerRunner {
    const telemetry = createTelemetry();
    telemetry.on('scanCompleted', (event) => this.completed.push(event));
    telemetry.on('removalsHeldBack', (event) => this.heldBack.push(event));
    telemetry.on('removalsUnknown', (event) => this.unknown.push(event));
    const { source: producer, transport, state } = this;
    const now = (): Date => new Date(0);
    return new ProducerRunner({
      name: 'p',
      producer,
      transport,
      state,
      telemetry,
      now,
      removalThreshold: 0.5,
    });
  }

  /** As if the process had ended and begun again. */
  restart(): void {
    this.#runner = undefined;
  }

  /** Object events since the last call. */
  async published(): Promise<readonly string[]> {
    const found: string[] = [];
    for await (const record of this.transport.read(topics.raw, 0, this.#read)) {
      this.#read = record.offset + 1;
      const event = decodeEvent(record.value ?? new Uint8Array()) as RawEvent;
      if (event.type === 'scan-started' || event.type === 'scan-completed') continue;
      const { objectId, position } = event.value;
      const what = event.type === 'job' ? `=${event.value.description}` : ' removed';
      found.push(`${objectId}@${position.incarnation}/${position.sequence}${what}`);
    }
    return found;
  }

  async letters(): Promise<readonly DeadLetter[]> {
    const letters: DeadLetter[] = [];
    for await (const { value } of this.transport.read(topics.deadLetters, 0, 0)) {
      letters.push(decodeEvent(value ?? new Uint8Array()).value as DeadLetter);
    }
    return letters;
  }
}

function bench(...ids: readonly string[]): Bench {
  const made = new Bench();
  for (const id of ids) made.source.jobs.set(id, 'one');
  return made;
}

describe('ProducerRunner.scan()', () => {
  it('publishes what is new or changed, each with a growing position, and nothing else', async () => {
    const made = bench('a', 'b');
    expect(await made.scan()).toEqual(['a@first/0=one', 'b@first/0=one']);
    expect(await made.scan()).toEqual([]);
    made.source.jobs.set('b', 'two');
    expect(await made.scan()).toEqual(['b@first/1=two']);
    made.source.jobs.set('b', 'one'); // back to what it was is a change too
    expect(await made.scan()).toEqual(['b@first/2=one']);
  });

  it('publishes with the next scan what could not be appended: it remembers only what was', async () => {
    const made = bench('a');
    await made.scan();
    made.source.jobs.set('a', 'two').set('b', 'one');
    const { transport } = made;
    let isFull = true;
    made.transport = having(transport, {
      append: async (topic, records) => {
        if (isFull && records.length > 1) throw new StreamError('TRANSPORT_FULL', 'No room.');
        return transport.append(topic, records);
      },
    });
    made.restart();
    await expect(made.scan()).rejects.toMatchObject({ code: 'TRANSPORT_FULL' });
    isFull = false;
    made.restart();
    expect(await made.scan()).toEqual(['a@first/1=two', 'b@first/0=one']);
  });

  it('publishes everything at the same position when all is asked for', async () => {
    const made = bench('a', 'b');
    await made.scan();
    made.source.jobs.set('b', 'two');
    expect(await made.scan(true)).toEqual(['a@first/0=one', 'b@first/1=two']);
    expect(await made.scan(true)).toEqual(['a@first/0=one', 'b@first/1=two']);
  });

  it('takes the position of the source where it is ahead, and grows in any case', async () => {
    const made = bench('a');
    made.source.sequence = 1000;
    expect(await made.scan()).toEqual(['a@first/1000=one']);
    made.source.jobs.set('a', 'two');
    made.source.sequence = 5;
    expect(await made.scan()).toEqual(['a@first/1001=two']);
  });

  it('publishes everything again when the source has another incarnation', async () => {
    const made = bench('a');
    await made.scan();
    made.source.life = 'second';
    expect(await made.scan()).toEqual(['a@second/1=one']);
  });

  it('goes on from its inventory after a restart', async () => {
    const made = bench('a', 'b');
    await made.scan();
    made.restart();
    made.source.jobs.set('b', 'two');
    expect(await made.scan()).toEqual(['b@first/1=two']);
    made.source.jobs.delete('a');
    made.restart();
    expect(await made.scan()).toEqual(['a@first/1 removed']);
  });

  it('gives an object that comes back after its removal a position above it, over restarts too', async () => {
    for (const restart of [false, true]) {
      const made = bench('a', 'b');
      await made.scan();
      made.source.jobs.delete('a');
      expect(await made.scan()).toEqual(['a@first/1 removed']);
      if (restart) made.restart();
      made.source.jobs.set('a', 'one');
      expect(await made.scan()).toEqual(['a@first/2=one']);
      expect(await made.scan()).toEqual([]);
    }
  });

  it('publishes an object again, above its removal, when the process ended between the two', async () => {
    const made = bench('a', 'b');
    await made.scan();
    made.source.jobs.delete('a');
    const { state } = made;
    made.restart();
    made.state = {
      ...state,
      write: async (writes) => {
        if (writes.some(({ value }) => value === undefined)) throw new Error('the process ended');
        await state.write(writes);
      },
    };
    await expect(made.scan()).rejects.toThrow('the process ended');
    expect(await made.published()).toEqual(['a@first/1 removed']);
    made.restart();
    made.state = state;
    made.source.jobs.set('a', 'one');
    expect(await made.scan()).toEqual(['a@first/2=one']);
  });

  it('holds removals back above the threshold of what was known, however much is new', async () => {
    const made = bench('a', 'b');
    await made.scan();
    made.source.jobs.clear();
    for (let index = 0; index < 20; index += 1) made.source.jobs.set(`new${index}`, 'one');
    expect((await made.scan()).filter((event) => event.endsWith('removed'))).toEqual([]);
    expect(made.heldBack).toEqual([{ producer: 'p', missing: 2, known: 2 }]);
    made.source.jobs.set('a', 'one');
    expect(await made.scan()).toEqual(['b@first/1 removed']);
  });

  it('removes nothing when an object was rejected, and says so in the figures', async () => {
    const made = bench('a', 'b', 'c');
    await made.scan();
    made.source.jobs.delete('a');
    const error = new StreamError('SOURCE_INVALID', 'Line 3 is no JSON.');
    made.source.faults = [{ objectId: 'a', error, bytes: Buffer.from('{') }];
    expect(await made.scan()).toEqual([]);
    expect(made.completed.at(-1)).toEqual({
      producer: 'p',
      objects: 2,
      published: 0,
      rejected: 1,
      removed: 0,
    });
    expect(await made.letters()).toMatchObject([
      {
        id: expect.stringMatching(/^p-a-[0-9a-f]{8}$/),
        stage: 'PRODUCE',
        code: 'SOURCE_INVALID',
        message: 'Line 3 is no JSON.',
        key: 'a',
      },
    ]);
    made.source.faults = [];
    expect(await made.scan()).toEqual(['a@first/1 removed']);
  });

  it('keeps the head and the hash of rejected bytes that no transport would take', async () => {
    const made = bench();
    const error = new StreamError('SOURCE_INVALID', 'No JSON.');
    const [whole, long] = [Buffer.alloc(500_000, 'a'), Buffer.alloc(500_001, 'b')];
    made.source.faults = [
      { objectId: 'whole', error, bytes: whole },
      { objectId: 'long', error, bytes: long },
    ];
    await made.scan();
    const [first, second] = await made.letters();
    expect([first?.message, whole.equals(first?.value ?? Buffer.alloc(0))]).toEqual(['No JSON.', true]);
    expect(long.subarray(0, 64_000).equals(second?.value ?? Buffer.alloc(0))).toBe(true);
    const hash = createHash('sha256').update(long).digest('hex');
    expect(second?.message).toBe(
      `No JSON. Of its 500001 bytes (SHA-256 ${hash}) the first 64000 are kept here.`,
    );
  });

  it('rejects an object that is too large for the transport alone, and publishes it when it has become smaller', async () => {
    const made = bench('a', 'z');
    made.transport = createEventTransport(made.transport, { maxBytes: 150_000 });
    await made.scan();
    made.source.jobs.set('a', 'small again');
    made.source.jobs.set('m', 'x'.repeat(200_000));
    expect(await made.scan()).toEqual(['a@first/1=small again']);
    expect(await made.scan()).toEqual([]);
    expect(await made.letters()).toMatchObject([{ code: 'EVENT_TOO_LARGE', stage: 'PRODUCE', key: 'm' }]);
    made.source.jobs.set('m', 'x');
    expect(await made.scan()).toEqual(['m@first/0=x']);
    made.source.jobs.set('z', 'x'.repeat(200_000));
    expect(await made.scan()).toEqual([]);
    made.source.jobs.delete('z');
    expect(await made.scan()).toEqual(['z@first/1 removed']);
  });

  it('says how many objects are missing when nothing is removed because of a rejected one', async () => {
    const made = bench('a', 'b', 'c', 'd');
    await made.scan();
    const error = new StreamError('SOURCE_INVALID', 'Line 3 is no JSON.');
    made.source.faults = [{ objectId: 'x', error }];
    await made.scan();
    expect(made.unknown).toEqual([]); // nothing is missing
    for (const id of ['a', 'b', 'c']) made.source.jobs.delete(id);
    await made.scan();
    expect(made.unknown).toEqual([{ producer: 'p', missing: 3, known: 4, rejected: 1 }]);
    expect(made.heldBack).toEqual([]);
  });

  it('reports each distinct fault once for as long as it lasts, and again when it comes back', async () => {
    const made = bench('a');
    const fault = (message: string): Rejection => ({
      objectId: 'x',
      error: new StreamError('SOURCE_INVALID', message),
    });
    made.source.faults = [fault('one'), fault('two'), fault('one')];
    await made.scan();
    await made.scan();
    expect((await made.letters()).map(({ message }) => message)).toEqual(['one', 'two']);
    made.source.faults = [fault('two')];
    await made.scan();
    expect(await made.letters()).toHaveLength(2);
    made.source.faults = [];
    await made.scan();
    made.source.faults = [fault('two')];
    await made.scan();
    expect((await made.letters()).map(({ message }) => message)).toEqual(['one', 'two', 'two']);
  });

  it('publishes again what may not have arrived when a scan ends early, and removes nothing', async () => {
    const made = bench('a', 'b');
    await made.scan();
    made.source.jobs.set('a', 'two');
    made.source.breaksAfter = 1;
    await expect(made.scan()).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
    expect(await made.published()).toEqual([]);
    made.source.breaksAfter = Infinity;
    expect(await made.scan()).toEqual(['a@first/1=two']);
  });

  it('removes nothing when it is told to stop', async () => {
    const made = bench('a', 'b');
    await made.scan();
    made.source.jobs.delete('a');
    await expect(made.scan(false, AbortSignal.abort(new Error('stop')))).rejects.toThrow('stop');
    expect(await made.scan()).toEqual(['a@first/1 removed']);
  });

  it('rejects the one object that does not fit its schema', async () => {
    const made = bench('a');
    made.source.jobs.set('b', 7 as unknown as string);
    made.source.jobs.set('c', 'one');
    expect(await made.scan()).toEqual(['a@first/0=one', 'c@first/0=one']);
    expect(await made.letters()).toMatchObject([{ code: 'EVENT_INVALID', key: 'b', stage: 'PRODUCE' }]);
    expect(made.completed.at(-1)).toMatchObject({ objects: 3, published: 2, rejected: 1 });
  });

  it('brackets a scan with its boundaries and marks every event', async () => {
    const made = bench('a');
    await made.scan();
    const records = [];
    for await (const record of made.transport.read(topics.raw, 0, 0)) records.push(record);
    expect(records.map(({ key }) => key)).toEqual(['p/scan', 'p/job/a', 'p/scan']);
    const events = records.map(({ value }) => decodeEvent(value ?? new Uint8Array()));
    expect(events.map(({ type }) => type)).toEqual(['scan-started', 'job', 'scan-completed']);
    expect(events[2]?.value).toMatchObject({ objects: 1, rejected: 0, removed: 0 });
    for (const { headers } of records) {
      const event = fromHeaders(headers);
      expect(event).toMatchObject({ source: '/producers/p', time: '1970-01-01T00:00:00.000Z' });
      expect(event.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    }
  });

  it('publishes more than one batch of objects', async () => {
    const made = bench(...Array.from({ length: 450 }, (_, index) => `job${index}`));
    expect(await made.scan()).toHaveLength(450);
    expect(made.completed[0]).toMatchObject({ objects: 450, published: 450 });
    made.restart();
    expect(await made.scan()).toEqual([]);
  });
});
