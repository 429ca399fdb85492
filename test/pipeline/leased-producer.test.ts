import { afterEach, describe, expect, it, vi } from 'vitest';
import { StreamError } from '../../pipeline/errors.ts';
import { followSource, type LeasedProducer, readSource } from '../../pipeline/leased-producer.ts';
import type { Producer } from '../../pipeline/producer.ts';
import { createTelemetry, type TelemetryEvents } from '../../pipeline/telemetry.ts';
import { schedulesTopic, topics } from '../../pipeline/topics.ts';
import type { Transport } from '../../pipeline/transport.ts';
import { decodeEvent } from '../../schemas/codec.ts';
import type { RawEvent } from '../../schemas/types.ts';
import { createMemoryTransport } from '../../transports/memory.ts';

/** For what is to happen on a machine that does other things. */
const patience = { timeout: 20_000 };

/** A source of one job, which tells when it was changed. */
class Source {
  jobName = 'v1';
  opened = 0;
  open = 0;
  mostOpen = 0;
  faults: StreamError[] = [];
  #tell: () => void = () => undefined;

  change(jobName: string): void {
    this.jobName = jobName;
    this.#tell();
  }

  async connect(): Promise<Producer> {
    const fault = this.faults.shift();
    if (fault !== undefined) throw fault;
    this.opened += 1;
    this.open += 1;
    this.mostOpen = Math.max(this.mostOpen, this.open);
    const { changes, scan } = this;
    return {
      incarnation: async () => 'life',
      scan: () => scan.call(this),
      changes: (signal) => changes.call(this, signal),
      close: async () => {
        this.open -= 1;
      },
    };
  }

  async *scan() {
    const none = { inputs: [], outputs: [], warnings: [], additional: [] };
    const value = { tool: 'tool', name: this.jobName, description: null, lastRun: null, ...none };
    yield { type: 'job', objectId: 'a', value } as const;
  }

  async *changes(signal: AbortSignal) {
    while (!signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#tell = resolve;
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
      if (!signal.aborted) yield undefined;
    }
  }
}

let transports: Transport[] = [];
afterEach(async () => {
  await Promise.all(transports.map((transport) => transport.close()));
  transports = [];
});

/** `patienceMs`: how long a single reading waits. */
async function world({ partitionsOfRight = 1, patienceMs = 20_000 } = {}) {
  const transport = createMemoryTransport({ revokeGraceMs: 50 });
  transports.push(transport);
  await transport.ensureTopics([
    ...Object.values(topics).map((name) => ({ name, partitions: 1 })),
    { name: schedulesTopic, partitions: partitionsOfRight },
  ]);
  const source = new Source();
  /** A process that has the producer; what it was told of itself. */
  const replica = () => {
    const telemetry = createTelemetry();
    const standsBy: string[] = [];
    const failed: TelemetryEvents['scanFailed'][] = [];
    telemetry.on('standsBy', ({ producer }) => standsBy.push(producer));
    telemetry.on('scanFailed', (event) => failed.push(event));
    const stop = new AbortController();
    const options: LeasedProducer = {
      name: 'p',
      open: () => source.connect(),
      transport,
      telemetry,
      retryDelayMs: 1,
      standbyMs: 5,
      patienceMs,
    };
    const onRead = vi.fn();
    const follow = () => followSource(options, { onRead, goOn: Promise.resolve() }, stop.signal);
    return { options, follow, onRead, standsBy, failed, stop, read: () => readSource(options, stop.signal) };
  };
  /** Names and sequences of the job, as they were published. */
  const published = async () => {
    const found: { readonly name: string; readonly sequence: number }[] = [];
    for await (const { value } of transport.read(topics.raw, 0, 0)) {
      const event = decodeEvent(value ?? new Uint8Array()) as RawEvent;
      if (event.type === 'job')
        found.push({ name: event.value.name, sequence: event.value.position.sequence });
    }
    return found;
  };
  return { source, replica, published };
}

describe('followSource()', () => {
  it.each([1, 2])(
    'lets one of two follow, and the other take over with a reading of its own (topic of %i partitions)',
    async (partitions) => {
      const { source, replica, published } = await world({ partitionsOfRight: partitions });
      const first = replica();
      const second = replica();
      // Told again until it is heard: nothing says when the source is listened to.
      const changed = (name: string): Promise<void> =>
        vi.waitFor(async () => {
          source.change(name);
          expect((await published()).at(-1)?.name).toBe(name);
        }, patience);
      const firstEnds = first.follow();
      await vi.waitFor(() => expect(first.onRead).toHaveBeenCalled(), patience);
      const secondEnds = second.follow();
      await vi.waitFor(() => expect(second.standsBy).toEqual(['p']), patience);
      expect(second.onRead).toHaveBeenCalled(); // who waits for the first reading need not wait for it
      await changed('v2');
      expect(first.standsBy).toEqual([]);
      first.stop.abort();
      await firstEnds;
      await vi.waitFor(() => expect(source.opened).toBe(2), patience);
      await changed('v3');
      second.stop.abort();
      await secondEnds;
      const all = await published();
      const late = all.filter(({ name, sequence }, index) => {
        const before = all[index - 1];
        return before !== undefined && before.name !== name && sequence <= before.sequence;
      });
      expect(late).toEqual([]);
      expect([source.mostOpen, source.open]).toEqual([1, 0]);
    },
  );

  it('goes on trying to open a source, and tells so', async () => {
    const { source, replica, published } = await world();
    source.faults = [new StreamError('SOURCE_UNAVAILABLE', 'Not yet.')];
    const { follow, failed, onRead, stop } = replica();
    const ends = follow();
    await vi.waitFor(async () => expect(await published()).toHaveLength(1), patience);
    stop.abort();
    await ends;
    expect(failed).toMatchObject([{ code: 'SOURCE_UNAVAILABLE', retryInMs: 1 }]);
    expect(onRead).toHaveBeenCalled();
  });
});

describe('readSource()', () => {
  it('reads once, and leaves the right to the next', async () => {
    const { source, replica, published } = await world();
    await Promise.all([replica().read(), replica().read()]);
    expect(source).toMatchObject({ opened: 2, mostOpen: 1, open: 0 });
    expect(await published()).toHaveLength(2);
  });

  it('gives up with PRODUCER_BUSY where another process follows the source', async () => {
    const { source, replica } = await world({ patienceMs: 50 });
    const follower = replica();
    const ends = follower.follow();
    await vi.waitFor(() => expect(follower.onRead).toHaveBeenCalled(), patience);
    const { read, failed, standsBy } = replica();
    await read();
    expect(failed).toMatchObject([{ code: 'PRODUCER_BUSY', retryInMs: undefined }]);
    expect(standsBy).toEqual(['p']);
    follower.stop.abort();
    await ends;
    expect(source.opened).toBe(1);
  });

  it('tells of a source that cannot be opened, and ends', async () => {
    const { source, replica } = await world();
    source.faults = [new StreamError('SOURCE_REFUSED', 'No.')];
    const { read, failed } = replica();
    await read();
    expect(failed).toMatchObject([{ code: 'SOURCE_REFUSED', retryInMs: undefined }]);
    expect(source.open).toBe(0);
  });
});
