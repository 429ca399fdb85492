import { backoffMs, pause } from './delivery/backoff.ts';
import type { MissingReferentPolicy } from './delivery/lane-ledger.ts';
import { Parking } from './delivery/parking.ts';
import { SinkPartition } from './delivery/sink-partition.ts';
import { StreamError } from './errors.ts';
import type { Sink } from './sink.ts';
import type { Telemetry } from './telemetry.ts';
import { groups, topics } from './topics.ts';
import type { PullLimit, Transport } from './transport.ts';

/** What the sink stage works with. */
export interface SinkStageOptions {
  readonly transport: Transport;
  readonly sink: Sink;
  readonly telemetry: Telemetry;
  /** Credits of one partition. */
  readonly credits: PullLimit;
  /** Lanes of one partition: changes of one key share a lane, and a lane has one batch in flight. */
  readonly lanes: number;
  readonly batch: { readonly count: number; readonly bytes: number; readonly withinMs: number };
  /** What becomes of a change whose referent does not come. */
  readonly missingReferent: MissingReferentPolicy;
  /** How long it waits for its referent while everything else is settled, in milliseconds. */
  readonly parkForMs: number;
  /** Pause before something is tried again, in milliseconds; doubles up to 30 times itself. */
  readonly retryDelayMs: number;
  /** Whether a catalogue that cannot be reached at the start is waited for, instead of failing. @default false */
  readonly keepTrying?: boolean;
  readonly now: () => Date;
}

/**
 * The sink stage: pull with a credit → decode → lanes by key → batches → deliver → contiguous offsets → commit. An event is
 * settled only when the catalogue has it, or it is parked or its dead letter is durable.
 */
export class SinkStage {
  readonly #options: SinkStageOptions;
  readonly #parking: Parking;

  constructor(options: SinkStageOptions) {
    this.#options = options;
    this.#parking = new Parking({ ...options, group: groups.sink });
  }

  /**
   * Runs until `signal` fires. Batches in flight are finished before it resolves, or rejects because the sink refuses to go on;
   * the rest stays uncommitted. What takes longer than most of the transport's grace time is cut off, unsettled.
   */
  async run(signal: AbortSignal): Promise<void> {
    await openSink(this.#options, signal);
    if (signal.aborted) return; // stopped before it began
    const failed = new AbortController();
    const stop = AbortSignal.any([signal, failed.signal]);
    const running = new Set<Promise<void>>();
    const begin = (work: Promise<void>): void => {
      const watched = work
        .catch((thrown: unknown) => failed.abort(thrown))
        .finally(() => running.delete(watched));
      running.add(watched);
    };
    begin(this.#parking.run(stop));
    const group = groups.sink;
    const subscription = { topic: topics.entities, group, signal: stop };
    try {
      for await (const assignment of this.#options.transport.subscribe(subscription)) {
        const shared = { stop, parking: this.#parking, group };
        begin(new SinkPartition(assignment, this.#options, shared).run());
      }
    } catch (thrown) {
      failed.abort(thrown); // the partitions drain before it is thrown
    }
    await Promise.all(running);
    if (failed.signal.aborted) throw failed.signal.reason;
  }

  /**
   * Looks for what parked changes wait for, once, while the stage runs. Resolves with whether any of them moved on: then there
   * may be more to settle.
   */
  sweep(signal: AbortSignal): Promise<boolean> {
    return this.#parking.sweep(signal);
  }
}

/** Opens the sink; a passing fault is waited out where the stage is to keep trying. Resolves also when `signal` fires. */
async function openSink(options: SinkStageOptions, signal: AbortSignal): Promise<void> {
  const { sink, telemetry, retryDelayMs, keepTrying = false } = options;
  for (let round = 0; !signal.aborted; round += 1) {
    try {
      return await sink.open(signal);
    } catch (thrown) {
      if (signal.aborted) return;
      if (!keepTrying || !(thrown instanceof StreamError) || !thrown.retryable) throw thrown;
      const waitMs = thrown.retryAfterMs ?? backoffMs(retryDelayMs, round);
      telemetry.emit('sinkWaiting', { code: thrown.code, message: thrown.message, waitMs });
      await pause(waitMs, signal);
    }
  }
}
