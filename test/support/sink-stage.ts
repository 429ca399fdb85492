import { onTestFinished } from 'vitest';
import { StreamError } from '../../pipeline/errors.ts';
import type { Delivery, Outcome, Sink } from '../../pipeline/sink.ts';
import { SinkStage, type SinkStageOptions } from '../../pipeline/sink-stage.ts';
import { createTelemetry, type Settlement } from '../../pipeline/telemetry.ts';
import { groups, topics } from '../../pipeline/topics.ts';
import type { Transport } from '../../pipeline/transport.ts';
import { decodeEvent, encodeEvent } from '../../schemas/codec.ts';
import type { DeadLetter, EntityChange } from '../../schemas/types.ts';
import { createMemoryTransport } from '../../transports/memory.ts';

/** What a delivered change of one entity counts. */
export const counts = { created: 1, updated: 0, unchanged: 0, deleted: 0 };
/** The outcome of a change that was delivered. */
export const delivered: Outcome = { kind: 'delivered', counts };
/** The outcome of a change whose referent is missing. */
export const missing: Outcome = {
  kind: 'missing',
  error: new StreamError('CATALOG_MISSING_REFERENT', 'There is no such table.'),
  wanted: { refs: [], types: [] },
};
/** The outcome of a change that is to be tried again. */
export const throttled: Outcome = {
  kind: 'retry',
  error: new StreamError('CATALOG_THROTTLED', 'Slower.', { retryAfterMs: 1 }),
};
/** The outcome of a change that is refused for good. */
export const refused: Outcome = { kind: 'rejected', error: new StreamError('CATALOG_BAD_ENTITY', 'No.') };

type Answer = (delivery: Delivery, attempt: number) => Outcome;

/** A sink that answers by a script. It keeps to the contract, and watches that the stage keeps to it too. */
export class ScriptedSink implements Sink {
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
export function change(id: string, key: string): EntityChange {
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

/** A stage that runs. */
export interface Stage {
  readonly transport: Transport;
  readonly settled: Record<Settlement | 'received', number>;
  /** What became of what was parked, in order. */
  readonly unparked: readonly string[];
  /** Codes of what it waited for in its transport, in order. */
  readonly waited: readonly string[];
  readonly sweep: () => Promise<boolean>;
  readonly stop: () => void;
  readonly ended: Promise<void>;
}

/** Starts the stage on a topic of one partition with the given changes; it is stopped when the test ends. */
export async function start(
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
    parked: 0,
    'dead-lettered': 0,
  };
  telemetry.on('received', ({ events }) => {
    settled.received += events;
  });
  telemetry.on('settled', ({ as }) => {
    settled[as] += 1;
  });
  const unparked: string[] = [];
  telemetry.on('unparked', ({ as }) => unparked.push(as));
  const waited: string[] = [];
  telemetry.on('stageWaiting', ({ stage, code }) => waited.push(`${stage} ${code}`));
  const leave = new AbortController();
  const running = new SinkStage({
    transport,
    sink,
    telemetry,
    credits: { records: 50, bytes: 1_000_000 },
    lanes: 3,
    batch: { count: 5, bytes: 100_000, withinMs: 1 },
    missingReferent: 'dead-letter',
    parkForMs: 0,
    retryDelayMs: 1,
    now: () => new Date(0),
    ...options,
  });
  const ended = running.run(leave.signal);
  ended.catch(() => undefined); // looked at by the test
  onTestFinished(async () => {
    leave.abort();
    await ended.catch((thrown: unknown) => thrown);
    await transport.close();
  });
  const sweep = () => running.sweep(leave.signal);
  return { transport, settled, unparked, waited, sweep, stop: () => leave.abort(), ended };
}

/** The offset that the stage has committed. */
export async function committed({ transport }: Stage): Promise<number | undefined> {
  return (await transport.describe(topics.entities))[0]?.committed[groups.sink];
}

/** The dead letters so far. */
export async function deadLetters({ transport }: Stage): Promise<readonly DeadLetter[]> {
  const letters: DeadLetter[] = [];
  for await (const { value } of transport.read(topics.deadLetters, 0, 0)) {
    if (value !== null) letters.push(decodeEvent(value).value as DeadLetter);
  }
  return letters;
}

/** Invariant 1: everything that came in is accounted for. */
export function sum(settled: Stage['settled']): number {
  const { received: _, ...rest } = settled;
  return Object.values(rest).reduce((total, count) => total + count, 0);
}

/** Changes of seven assets, told apart by their object ids c0 to c119. */
export const many = Array.from({ length: 120 }, (_, index) => change(`c${index}`, `t${index % 7}`));
