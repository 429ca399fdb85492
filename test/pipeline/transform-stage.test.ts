import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Deriver } from '../../pipeline/derive/deriver.ts';
import { StreamError } from '../../pipeline/errors.ts';
import {
  PartitionCounts,
  readStageTotals,
  type StageTotal,
} from '../../pipeline/delivery/partition-counts.ts';
import { createTelemetry } from '../../pipeline/telemetry.ts';
import { groups, topics } from '../../pipeline/topics.ts';
import { deriving, type KnownView, type Transform } from '../../pipeline/transform.ts';
import { runTransformStage } from '../../pipeline/transform-stage.ts';
import type { NewRecord, Transport } from '../../pipeline/transport.ts';
import type { ProcessingGuarantee } from '../../pipeline/transport-config.ts';
import { decodeEvent, encodeEvent } from '../../schemas/codec.ts';
import type { DeadLetter, EntityChange, RawEvent } from '../../schemas/types.ts';
import { createAtLeastOnce } from '../../platform/at-least-once.ts';
import { createEventTransport } from '../../platform/events/event-transport.ts';
import { createMemoryTransport } from '../../transports/memory.ts';
import { having } from '../support/having.ts';
import { smallNaming } from '../support/deriving.ts';
import { jobEvent, removalEvent, smallWorld, tableEvent } from '../support/small-world.ts';

/** What a table named `unfit` says does not fit the schema of entity changes. */
const unfit: Transform = deriving((event) => {
  if (event.type !== 'database-object' || event.value.objectId !== 'unfit') return undefined;
  const ref = { typeName: 'table', qualifiedName: 'table://wrong' };
  const attributes = { size: { not: 'an attribute' } as unknown as string };
  const change = {
    entities: [{ ...ref, attributes, references: [] }],
    complete: [],
    placeholder: false,
  } as const;
  return { event, changes: [change], known: [], warnings: [] };
});

interface Stage {
  readonly transport: Transport;
  readonly figures: Map<string, number>;
  readonly stop: () => void;
  readonly ended: Promise<void>;
}

interface RunOptions {
  readonly credits?: number;
  readonly beside?: readonly Transform[];
}

interface StartOptions extends RunOptions {
  readonly maxBytes?: number;
  readonly guarantee?: ProcessingGuarantee;
  /** Puts something around the place where the topics are. */
  readonly around?: (inner: Transport) => Transport;
}

async function start(
  values: readonly (RawEvent | Uint8Array | null)[],
  { maxBytes = 64 * 1024 ** 2, guarantee, around = (inner) => inner, ...options }: StartOptions = {},
): Promise<Stage> {
  const inner = promising(guarantee, around(createMemoryTransport()));
  const transport = createEventTransport(inner, { maxBytes });
  await transport.ensureTopics(Object.values(topics).map((name) => ({ name, partitions: 1 })));
  await transport.append(
    topics.raw,
    values.map((value) => ({
      key: 'k',
      value: value === null || value instanceof Uint8Array ? value : encodeEvent(value.type, value.value),
      headers: { ce_traceparent: '00-a-b-01' },
    })),
  );
  onTestFinished(() => transport.close());
  return run(transport, options);
}

/** Runs the stage on topics that are there. */
function run(transport: Transport, { credits = 2, beside = [] }: RunOptions = {}): Stage {
  const telemetry = createTelemetry();
  const figures = new Map<string, number>();
  const add = (name: string, count: number): unknown => figures.set(name, (figures.get(name) ?? 0) + count);
  telemetry.on('received', ({ events }) => add('received', events));
  telemetry.on('settled', ({ as }) => add(as, 1));
  telemetry.on('deadLettered', () => add('letters', 1));
  const leave = new AbortController();
  const ended = runTransformStage(
    {
      transport,
      deriver: new Deriver({
        transforms: (known: KnownView) => [...smallWorld(known), unfit, ...beside],
        naming: smallNaming,
      }),
      telemetry,
      credits: { records: credits, bytes: 1_000_000 },
      retryDelayMs: 1,
      now: () => new Date(0),
    },
    leave.signal,
  );
  onTestFinished(async () => {
    leave.abort();
    await ended.catch(() => undefined); // tests that expect it to fail look at it themselves
  });
  return { transport, figures, stop: () => leave.abort(), ended };
}

async function settledUpTo({ transport }: Stage, offset: number): Promise<void> {
  await vi.waitFor(async () => {
    const [state] = await transport.describe(topics.raw);
    expect(state?.committed[groups.transform]).toBe(offset);
  });
}

async function decoded<T>({ transport }: Stage, topic: string): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const { value } of transport.read(topic, 0, 0))
    found.push(decodeEvent(value ?? new Uint8Array()).value as T);
  return found;
}

/** The changes in the order in which they were derived, which their numbers tell. */
async function inOrder({ transport }: Stage): Promise<readonly EntityChange[]> {
  const found: { readonly sequence: string; readonly change: EntityChange }[] = [];
  for await (const { value, headers } of transport.read(topics.entities, 0, 0))
    found.push({
      sequence: headers['ce_sequence'] ?? '',
      change: decodeEvent(value ?? new Uint8Array()).value as EntityChange,
    });
  return found.sort((a, b) => (a.sequence < b.sequence ? -1 : 1)).map(({ change }) => change);
}

const scanStarted: RawEvent = {
  type: 'scan-started',
  value: { producer: 'db', scanId: 's', position: { incarnation: 'i', sequence: 0 } },
};

describe.each(['exactly-once', 'at-least-once'] as const)('runTransformStage(), %s,', (guarantee) => {
  const begin = (values: Parameters<typeof start>[0], options: Parameters<typeof start>[1] = {}) =>
    start(values, { guarantee, ...options });

  it('lets others work between events that take long', async () => {
    let turns = 0;
    let isOver = false;
    const turn = (): void => {
      turns += 1;
      if (!isOver) setImmediate(turn);
    };
    setImmediate(turn);
    onTestFinished(() => {
      isOver = true;
    });
    const seen: number[] = [];
    const slow = deriving(() => {
      seen.push(turns);
      for (const end = performance.now() + 110; performance.now() < end; );
      return undefined;
    });
    const names = ['a', 'b', 'c'];
    const tables = names.map((table) => tableEvent({ producer: 'db', table, sequence: 1, columns: [] }));
    const stage = await begin(tables, { credits: 10, beside: [slow] });
    await settledUpTo(stage, 3);
    expect(new Set(seen).size).toBe(3);
  });

  it('makes a dead letter of an event of which more comes than may be appended, and of nothing beside it', async () => {
    const wordy: Transform = deriving((event) => {
      if (event.type !== 'database-object' || event.value.objectId !== 'wordy') return undefined;
      const ref = { typeName: 'text', qualifiedName: 'text://wordy' };
      const entity = { ...ref, attributes: { text: 'x'.repeat(200_000) }, references: [] };
      const change = { entities: [entity], complete: [], placeholder: false } as const;
      return { event, changes: [change], known: [], warnings: [] };
    });
    const tables = ['before', 'wordy', 'after'].map((table) =>
      tableEvent({ producer: 'db', table, sequence: 1, columns: [] }),
    );
    const stage = await begin(tables, { credits: 10, beside: [wordy], maxBytes: 150_000 });
    await settledUpTo(stage, 3);
    expect(Object.fromEntries(stage.figures)).toEqual({
      received: 3,
      delivered: 2,
      'dead-lettered': 1,
      letters: 1,
    });
    expect(await decoded<DeadLetter>(stage, topics.deadLetters)).toMatchObject([
      { code: 'EVENT_TOO_LARGE', stage: 'TRANSFORM', producer: 'db', offset: 1 },
    ]);
  });

  it('settles every event in exactly one way, whatever becomes of it', async () => {
    const table = tableEvent({ producer: 'db', table: 't', sequence: 1, columns: ['a'] });
    const stage = await begin([
      scanStarted,
      table,
      table,
      tableEvent({ producer: 'db', table: 't', sequence: 0, columns: ['old'] }),
      null,
      Buffer.from('garbage'),
      encodeEvent('dead-letter', letter),
      jobEvent({ producer: 'etl', job: 'bad', sequence: 0, name: 'bad', inputs: [] }),
      jobEvent({ producer: 'etl', job: 'j', sequence: 0, name: 'load', inputs: ['t'] }),
      removalEvent('etl', 'job', 'j', 1),
    ]);
    await settledUpTo(stage, 10);
    expect(Object.fromEntries(stage.figures)).toEqual({
      received: 10,
      filtered: 2,
      delivered: 4,
      superseded: 1,
      'dead-lettered': 3,
      letters: 3,
    });
    const letters = await decoded<DeadLetter>(stage, topics.deadLetters);
    expect(letters.map(({ stage: where, code, offset }) => [where, code, offset])).toEqual([
      ['DECODE', 'EVENT_UNDECODABLE', 5],
      ['DECODE', 'EVENT_UNDECODABLE', 6],
      ['TRANSFORM', 'EVENT_INVALID', 7],
    ]);
    const changes = await inOrder(stage);
    expect(changes.map(({ operation, qualifiedName }) => `${operation} ${qualifiedName}`)).toEqual([
      'UPSERT table://t',
      'UPSERT table://t',
      'UPSERT tool://tool',
      'UPSERT job://etl/j',
      'DELETE tool://tool',
      'DELETE job://etl/j',
    ]);
  });

  it('makes a change that does not fit its schema one dead letter, and goes on', async () => {
    const stage = await begin([
      tableEvent({ producer: 'db', table: 'unfit', sequence: 0, columns: [] }),
      tableEvent({ producer: 'db', table: 'next', sequence: 0, columns: [] }),
    ]);
    await settledUpTo(stage, 2);
    const changes = await decoded<EntityChange>(stage, topics.entities);
    expect(changes.map(({ qualifiedName }) => qualifiedName)).toEqual(['table://unfit', 'table://next']);
    expect(await decoded<DeadLetter>(stage, topics.deadLetters)).toMatchObject([
      {
        id: expect.stringMatching(/^metadata\.raw-[0-9a-f]{16}\/table\/table:\/\/wrong$/),
        stage: 'TRANSFORM',
        code: 'EVENT_INVALID',
        producer: 'db',
      },
    ]);
  });

  it('keys a change by its root, and carries the trace on', async () => {
    const stage = await begin([tableEvent({ producer: 'db', table: 't', sequence: 1, columns: [] })]);
    await settledUpTo(stage, 1);
    const records = [];
    for await (const record of stage.transport.read(topics.entities, 0, 0)) records.push(record);
    expect(records).toMatchObject([
      {
        key: 'table://t',
        headers: {
          ce_subject: 'table://t',
          ce_traceparent: '00-a-b-01',
          ce_time: '1970-01-01T00:00:00.000Z',
        },
      },
    ]);
  });

  it('commits what it settled before it ends', async () => {
    const events = Array.from({ length: 30 }, (_, index) =>
      tableEvent({ producer: 'db', table: `t${index}`, sequence: 0, columns: [] }),
    );
    const stage = await begin(events, { credits: 7 });
    await vi.waitFor(() => expect(stage.figures.get('delivered') ?? 0).toBeGreaterThan(6));
    stage.stop();
    await stage.ended;
    const delivered = stage.figures.get('delivered') ?? 0;
    expect(await decoded(stage, topics.entities)).toHaveLength(delivered);
    await settledUpTo(stage, delivered);
  });
});

/** A transport with transactions that promise so much. */
function promising(guarantee: ProcessingGuarantee | undefined, inner: Transport): Transport {
  if (guarantee !== 'at-least-once') return inner;
  const append: Transport['append'] = (topic, records) => inner.append(topic, records);
  return having(inner, { transactions: createAtLeastOnce(inner.transactions, append) });
}

describe('runTransformStage(), at-least-once, whose outputs cannot be appended,', () => {
  const guarantee = 'at-least-once';
  const events = ['a', 'b', 'c'].map((table) =>
    tableEvent({ producer: 'db', table, sequence: 0, columns: [] }),
  );
  const names = async (stage: Stage): Promise<readonly string[]> =>
    (await decoded<EntityChange>(stage, topics.entities)).map(({ qualifiedName }) => qualifiedName);
  const counted = async ({ transport }: Stage): Promise<readonly StageTotal[]> =>
    readStageTotals(transport.transactions.state);
  /** What is appended to the entities fails first as `fault` says. */
  const failing =
    (fault: (inner: Transport, records: readonly NewRecord[]) => Promise<void>) =>
    (inner: Transport): Transport =>
      having(inner, {
        append: async (topic, records) => {
          if (topic === topics.entities) await fault(inner, records);
          return inner.append(topic, records);
        },
      });

  it('appends all of them when the fault has passed, and commits nothing before', async () => {
    let faults = 2;
    const around = failing(async (inner, records) => {
      const [state] = await inner.describe(topics.raw);
      expect(state?.committed[groups.transform]).toBe(0);
      faults -= 1;
      if (faults === 0) await inner.append(topics.entities, records.slice(0, 1)); // half of it came through
      if (faults >= 0) throw new StreamError('TRANSPORT_UNAVAILABLE', 'Not now.');
    });
    const stage = await start(events, { credits: 10, guarantee, around });
    await settledUpTo(stage, 3);
    const all = await names(stage);
    expect([all.length, new Set(all)]).toEqual([4, new Set(['table://a', 'table://b', 'table://c'])]);
    expect(await counted(stage)).toMatchObject([{ received: 3, returned: 0, inFlight: 0 }]);
  });

  it('leaves them to the next owner, who takes the events again, and counts each once', async () => {
    const lost = new StreamError('TRANSPORT_REFUSED', 'Gone.');
    let isLost = true;
    const around = failing(() => (isLost ? Promise.reject(lost) : Promise.resolve()));
    const stage = await start(events, { credits: 10, guarantee, around });
    await expect(stage.ended).rejects.toBe(lost);
    expect(await names(stage)).toEqual([]);
    isLost = false;
    const heir = run(stage.transport);
    await settledUpTo(heir, 3);
    expect([...(await names(heir))].sort()).toEqual(['table://a', 'table://b', 'table://c']);
    const total = { received: 6, returned: 3, inFlight: 0, settled: { delivered: 3 } };
    expect(await counted(heir)).toMatchObject([total]);
    heir.stop();
    await heir.ended;
    // An owner who begins elsewhere, since offsets were set, finds no more to be open.
    const counts = new PartitionCounts(heir.transport.transactions.state, groups.transform, 0);
    await counts.open(0);
    await heir.transport.transactions.state.write([counts.write([])]);
    expect(await counted(heir)).toMatchObject([total]);
  });

  it('has in the transaction what an event says that a later one of its object overtakes, and what is replayed', async () => {
    const [first, second] = [1, 2].map((sequence) =>
      tableEvent({ producer: 'db', table: 't', sequence, columns: [] }),
    );
    if (first === undefined || second === undefined) throw new Error('Two events.');
    const behind: string[] = [];
    const around = failing(async (_inner, records) => {
      for (const { value } of records) {
        const { position } = decodeEvent(value ?? new Uint8Array()).value as EntityChange;
        behind.push(String(position.sequence));
      }
    });
    const stage = await start([first, second], { credits: 10, guarantee, around });
    await settledUpTo(stage, 2);
    expect(behind).toEqual(['2']);
    expect((await inOrder(stage)).map(({ position }) => position.sequence)).toEqual([1, 2]);
  });

  it('makes a dead letter of an event whose change is too large, and keeps what stood before it of the same object', async () => {
    const wordy: Transform = deriving((event) => {
      if (event.type !== 'database-object' || event.value.position.sequence !== 2) return undefined;
      const ref = { typeName: 'table', qualifiedName: 'table://t' };
      const entity = { ...ref, attributes: { text: 'x'.repeat(200_000) }, references: [] };
      return {
        event,
        changes: [{ entities: [entity], complete: [], placeholder: false }],
        known: [],
        warnings: [],
      };
    });
    const tables = [1, 2].map((sequence) =>
      tableEvent({ producer: 'db', table: 't', sequence, columns: [] }),
    );
    const stage = await start(tables, { credits: 10, beside: [wordy], maxBytes: 150_000, guarantee });
    await settledUpTo(stage, 2);
    expect((await inOrder(stage)).map(({ position }) => position.sequence)).toEqual([1]);
    expect(stage.figures.get('letters')).toBe(1);
  });
});

const letter: DeadLetter = {
  id: 'x',
  stage: 'SINK',
  code: 'USAGE',
  message: '',
  time: '',
  attempts: 1,
  topic: null,
  partition: null,
  offset: null,
  producer: null,
  key: null,
  headers: {},
  value: new Uint8Array([1, 2]),
};
