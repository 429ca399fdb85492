import { PartitionCounts } from './delivery/partition-counts.ts';
import { patiently } from './delivery/patiently.ts';
import { TransactionSize } from './delivery/transaction-size.ts';
import { type BatchPartition, type BatchSettling, settleBatch } from './derive/settle-batch.ts';
import { leftOut, readRaw, type ReadRecord, refused, type SettledRecord } from './derive/settle-record.ts';
import { isTooLarge, StreamError } from './errors.ts';
import type { Reading } from './replay-plan.ts';
import type { Telemetry } from './telemetry.ts';
import { inputOf } from './topics.ts';
import type { Assignment, PullLimit, StoredRecord } from './transport.ts';

/** What the transform stage works with. */
export interface TransformStageOptions extends BatchSettling {
  /** Credits of one partition. */
  readonly credits: PullLimit;
  /** First pause before a transaction that met a passing fault is tried again, in milliseconds; doubles up to 30 times itself. */
  readonly retryDelayMs: number;
  /** The consumer group that it reads as. @default the live one */
  readonly group?: string;
  /** How a partition is read, asked once it is ours: a record is taken as what this makes of it, or left out as filtered. @default as it is */
  readonly reading?: (partition: number) => Promise<Reading>;
  /** Asked before events of these producers are taken: rejects with a passing fault while they cannot be. @default they always can */
  readonly admit?: (producers: ReadonlySet<string>) => Promise<void>;
}

/**
 * Runs the transform stage until `signal` fires: raw events in, entity changes out. What a batch changes in the state, its
 * outputs, its dead letters and, unless at-least-once is asked for, its offset are one transaction: any number of processes may share the partitions,
 * and each event has its effect once. A passing fault of the transport (a full disk) is waited out. Drains before it resolves.
 */
export async function runTransformStage(options: TransformStageOptions, signal: AbortSignal): Promise<void> {
  const { topic, group } = {
    ...inputOf.transform,
    ...(options.group !== undefined && { group: options.group }),
  };
  const running = new Set<Promise<void>>();
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  try {
    for await (const assignment of options.transport.subscribe({
      topic,
      group,
      signal: stop,
      together: true,
    })) {
      const partition = runPartition(assignment, options, stop)
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
  stop: AbortSignal,
): Promise<void> {
  const { credits, telemetry, retryDelayMs, now } = options;
  const size = new TransactionSize();
  const ending = AbortSignal.any([stop, assignment.revoking]);
  const { group = inputOf.transform.group } = options;
  const counts = new PartitionCounts(options.transport.transactions.state, group, assignment.partition);
  const patience = { stage: 'transform', telemetry, retryDelayMs, ending } as const;
  try {
    await counts.open(assignment.start);
    const take = await options.reading?.(assignment.partition);
    for (;;) {
      const records = await assignment.pull(
        { ...credits, records: Math.min(credits.records, size.records) },
        stop,
      );
      if (records.length === 0) return await writeRest(assignment, counts, options);
      counts.received(records.length);
      telemetry.emit('received', { stage: 'transform', events: records.length });
      let batches: readonly (readonly ReadRecord[])[] = [records.map((record) => read(record, take, now()))];
      for (let [events] = batches; events !== undefined; [events] = batches) {
        const settled = await patiently(patience, async () => {
          await options.admit?.(producersOf(events));
          return settleOrPart({ assignment, counts, size }, events, options);
        });
        if (settled === undefined) {
          // Stopped while it waited, or no longer ours: the next owner receives all of it again.
          telemetry.emit('returned', { stage: 'transform', events: batches.flat().length });
          return;
        }
        const rest = batches.slice(1);
        batches = 'parts' in settled ? [...settled.parts, ...rest] : rest;
        if ('records' in settled) report(settled.records, telemetry);
      }
    }
  } finally {
    await assignment.release();
  }
}

/** Writes what is left of the counts, while the partition is ours. */
async function writeRest(
  assignment: Assignment,
  { rest }: PartitionCounts,
  { transport }: TransformStageOptions,
): Promise<void> {
  if (rest === undefined) return;
  const work = { appends: [], state: [rest], commits: [] };
  try {
    await transport.transactions.update({ assignments: [assignment], bytes: 0, compute: () => work });
  } catch (thrown) {
    // They are for people: what is settled is settled all the same.
    if (!(thrown instanceof StreamError)) throw thrown;
    if (!thrown.retryable && thrown.code !== 'TRANSPORT_CLOSED') throw thrown;
  }
}

function read(record: StoredRecord, take: Reading | undefined, now: Date): ReadRecord {
  const taken = take === undefined ? record : take(record);
  return taken === undefined ? leftOut(record) : readRaw(taken, now);
}

function producersOf(events: readonly ReadRecord[]): ReadonlySet<string> {
  return new Set(events.flatMap((one) => ('event' in one ? [one.event.value.producer] : [])));
}

/** Settles a batch, or parts it where more comes of it than the transport takes: an event of which alone too much comes costs itself (invariant 6). */
async function settleOrPart(
  partition: BatchPartition,
  events: readonly ReadRecord[],
  options: TransformStageOptions,
): Promise<
  | { readonly records: readonly SettledRecord[] }
  | { readonly parts: readonly (readonly ReadRecord[])[] }
  | undefined
> {
  try {
    const records = await settleBatch(partition, events, options);
    return records && { records };
  } catch (thrown) {
    if (!isTooLarge(thrown)) throw thrown;
    const [only, another] = events;
    if (only === undefined || another !== undefined) return { parts: events.map((event) => [event]) };
    if ('settled' in only) throw thrown; // its dead letter is what does not fit
    return { parts: [[refused(only, thrown, options.now())]] };
  }
}

function report(settled: readonly SettledRecord[], telemetry: Telemetry): void {
  for (const { letters, as, producer } of settled) {
    for (const { id, producer: of, code, message } of letters) {
      telemetry.emit('deadLettered', { stage: 'transform', producer: of ?? undefined, code, message, id });
    }
    telemetry.emit('settled', { stage: 'transform', as, producer });
  }
}
