import { decodeEvent, encodeEvent } from '../schemas/codec.ts';
import { fromHeaders, toHeaders } from '../schemas/cloud-events.ts';
import type { DeadLetter, EntityChange, EventType, RawEvent } from '../schemas/types.ts';
import { intactValue } from './delivery/intact-value.ts';
import { appendDeadLetters, deadLetterOf } from './delivery/dead-letters.ts';
import type { Applied, Deriver, ObjectState } from './derive/deriver.ts';
import { derivedStatistics } from './derive/statistics.ts';
import { StreamError, toStreamError } from './errors.ts';
import type { Naming } from './naming.ts';
import { Serial } from './serial.ts';
import type { Settlement, Telemetry } from './telemetry.ts';
import { groups, topics } from './topics.ts';
import type { Assignment, NewRecord, PullLimit, StoredRecord, Transport } from './transport.ts';

/** What the transform stage works with. */
export interface TransformStageOptions {
  readonly transport: Transport;
  readonly deriver: Deriver;
  readonly naming: Naming;
  readonly telemetry: Telemetry;
  /** Credits of one partition. */
  readonly credits: PullLimit;
  /** Keeps which roots an object derived; called before the offsets are committed. */
  readonly remember: (objects: readonly ObjectState[]) => Promise<void>;
  readonly now: () => Date;
}

const rawTypes: ReadonlySet<EventType> = new Set([
  'database-object',
  'routine',
  'job',
  'job-file',
  'observed-statement',
  'removal',
  'scan-started',
  'scan-completed',
]);

/**
 * Runs the transform stage until `signal` fires: raw events in, entity changes out, each event settled before its offset is
 * committed. Partitions are pulled side by side; deriving and appending happen one batch at a time, so that the changes of one
 * key stand in the topic in the order in which they were derived. Drains before it resolves.
 */
export async function runTransformStage(options: TransformStageOptions, signal: AbortSignal): Promise<void> {
  const serial = new Serial();
  const running = new Set<Promise<void>>();
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  try {
    for await (const assignment of options.transport.subscribe({
      topic: topics.raw,
      group: groups.transform,
      signal: stop,
    })) {
      const partition = runPartition(assignment, options, { serial, stop })
        .catch((thrown: unknown) => failed.abort(thrown))
        .finally(() => running.delete(partition));
      running.add(partition);
    }
  } catch (thrown) {
    failed.abort(thrown); // the partitions drain before it is thrown
  }
  await Promise.all(running);
  if (failed.signal.aborted) throw failed.signal.reason;
}

async function runPartition(
  assignment: Assignment,
  options: TransformStageOptions,
  shared: { readonly serial: Serial; readonly stop: AbortSignal },
): Promise<void> {
  try {
    for (;;) {
      const records = await assignment.pull(options.credits, shared.stop);
      const last = records.at(-1);
      if (last === undefined) return;
      options.telemetry.emit('received', { stage: 'transform', events: records.length });
      await shared.serial.run(() => settleBatch(records, options));
      await assignment.commit(last.offset + 1);
    }
  } finally {
    await assignment.release();
  }
}

interface Result {
  readonly outputs: readonly NewRecord[];
  readonly letters: readonly DeadLetter[];
  readonly touched: readonly ObjectState[];
  readonly as: Settlement;
  readonly producer: string | undefined;
}

/** Derives a batch, then makes everything that came of it durable, then reports: nothing is settled before. */
async function settleBatch(records: readonly StoredRecord[], options: TransformStageOptions): Promise<void> {
  const results = records.map((record) => settle(record, options));
  const outputs = results.flatMap((result) => result.outputs);
  const letters = results.flatMap((result) => result.letters);
  if (outputs.length > 0) await options.transport.append(topics.entities, outputs);
  await appendDeadLetters(options.transport, letters);
  await options.remember(results.flatMap((result) => result.touched));
  for (const { touched } of results) for (const object of touched) report(object, options);
  for (const { id, producer, code, message } of letters) {
    options.telemetry.emit('deadLettered', {
      stage: 'transform',
      producer: producer ?? undefined,
      code,
      message,
      id,
    });
  }
  for (const { as, producer } of results)
    options.telemetry.emit('settled', { stage: 'transform', as, producer });
}

function settle(record: StoredRecord, options: TransformStageOptions): Result {
  const nothing = { outputs: [], letters: [], touched: [], producer: undefined };
  if (record.value === null) return { ...nothing, as: 'filtered' };
  let event: RawEvent;
  try {
    event = decodeRaw(intactValue(record, record.value));
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    const letter = deadLetterOf(
      record,
      { stage: 'DECODE', error, attempts: 1, producer: null },
      options.now(),
    );
    return { ...nothing, letters: [letter], as: 'dead-lettered' };
  }
  return settleEvent(record, event, options);
}

function settleEvent(record: StoredRecord, event: RawEvent, options: TransformStageOptions): Result {
  const { producer } = event.value;
  const applied: Applied = options.deriver.apply(event);
  if (applied.kind === 'superseded' || applied.kind === 'filtered') {
    return { outputs: [], letters: [], touched: [], as: applied.kind, producer };
  }
  if (applied.kind === 'failed') {
    const fault = { stage: 'TRANSFORM', error: applied.error, attempts: 1, producer } as const;
    return {
      outputs: [],
      letters: [deadLetterOf(record, fault, options.now())],
      touched: [],
      as: 'dead-lettered',
      producer,
    };
  }
  const letterOf = (error: Error, of: string, about: string): DeadLetter => {
    const fault = { stage: 'TRANSFORM', error, attempts: 1, producer: of } as const;
    const letter = deadLetterOf(record, fault, options.now());
    return { ...letter, id: `${letter.id}/${about}` };
  };
  const letters = applied.failures.map(({ object, error }) => letterOf(error, object.producer, object.key));
  const { outputs, faults } = encodeChanges(applied.changes, record, options.now());
  const unfit = faults.map(({ change, error }) =>
    letterOf(error, change.producer, `${change.typeName}/${change.qualifiedName}`),
  );
  return {
    outputs,
    letters: [...letters, ...unfit],
    touched: applied.touched,
    as: applied.kind === 'derived' ? 'delivered' : 'unchanged',
    producer,
  };
}

function decodeRaw(value: Uint8Array): RawEvent {
  const { type, value: decoded } = decodeEvent(value);
  if (!rawTypes.has(type))
    throw new StreamError('EVENT_UNDECODABLE', `An event of type ${type} does not belong on ${topics.raw}.`);
  return { type, value: decoded } as RawEvent;
}

/** A change that does not fit its schema costs a dead letter, and not the stage (invariant 6). */
function encodeChanges(
  changes: readonly EntityChange[],
  cause: StoredRecord,
  now: Date,
): {
  readonly outputs: readonly NewRecord[];
  readonly faults: readonly { readonly change: EntityChange; readonly error: StreamError }[];
} {
  const outputs: NewRecord[] = [];
  const faults: { readonly change: EntityChange; readonly error: StreamError }[] = [];
  for (const change of changes) {
    try {
      outputs.push(changeRecord(change, cause, now));
    } catch (thrown) {
      faults.push({ change, error: toStreamError(thrown, 'EVENT_INVALID', change.qualifiedName) });
    }
  }
  return { outputs, faults };
}

function changeRecord(change: EntityChange, cause: StoredRecord, now: Date): NewRecord {
  const { traceparent } = fromHeaders(cause.headers);
  return {
    key: change.qualifiedName,
    value: encodeEvent('entity-change', change),
    headers: toHeaders({
      id: `${cause.topic}-${cause.partition}-${cause.offset}/${change.typeName}/${change.qualifiedName}`,
      source: '/stages/transform',
      type: 'io.purviewstreams.entity-change',
      subject: change.qualifiedName,
      time: now.toISOString(),
      dataschema: 'entity-change.v1',
      ...(traceparent === undefined ? {} : { traceparent }),
    }),
  };
}

function report(object: ObjectState, { telemetry, naming }: TransformStageOptions): void {
  telemetry.emit('derived', {
    producer: object.producer,
    object: object.key,
    ...derivedStatistics(object, naming),
  });
}
