import { tmpdir } from 'node:os';
import type { SinkHost } from '../../pipeline/sink-component.ts';
import type { AppliedCounts, Outcome, Sink } from '../../pipeline/sink.ts';
import { createMemoryState } from '../../platform/memory-state.ts';
import type { EntityChange } from '../../schemas/types.ts';
import { deliveries, shopTypes } from './changes.ts';

/** A clock that does not wait: it notes how long it was asked to. */
export interface ManualClock {
  readonly waits: readonly number[];
  now(): number;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** Makes a clock whose time passes only by `sleep`, at once. */
export function manualClock(start = Date.UTC(2026, 0, 1)): ManualClock {
  const waits: number[] = [];
  return {
    waits,
    now: () => start + waits.reduce((sum, ms) => sum + ms, 0),
    sleep: async (ms, signal) => {
      signal.throwIfAborted();
      waits.push(ms);
    },
  };
}

/** A host with memory state, the shop's types, and a clock that does not wait. */
export function sinkHost(options: Partial<SinkHost> = {}): SinkHost {
  return {
    baseFolder: tmpdir(),
    state: createMemoryState(),
    producers: new Set(['a', 'b', 'etl', 'files', 'good', 'other', 'p', 'q', 'wrong', 'x', 'y', 'z']),
    types: [shopTypes],
    clock: manualClock(),
    random: () => 0.5,
    ...options,
  };
}

/** A signal that never fires. */
export const never: AbortSignal = new AbortController().signal;

/** Delivers changes, with offsets that grow from call to call. */
export function deliverer(sink: Sink): (...changes: readonly EntityChange[]) => Promise<readonly Outcome[]> {
  let offset = 0;
  return async (...changes) => {
    const batch = deliveries(changes, offset);
    offset += changes.length;
    return sink.deliver(batch, never);
  };
}

/** Counts with zero where nothing is given. */
export function counts(some: Partial<AppliedCounts>): AppliedCounts {
  return { created: 0, updated: 0, unchanged: 0, deleted: 0, ...some };
}

/** Outcomes in short: the kind, with the code of an error. */
export function kinds(outcomes: readonly Outcome[]): readonly string[] {
  return outcomes.map((outcome) =>
    'error' in outcome ? `${outcome.kind} ${outcome.error.code}` : outcome.kind,
  );
}
