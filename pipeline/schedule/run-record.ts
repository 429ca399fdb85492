import { z } from 'zod';
import { readStored } from '../parse-stored.ts';
import type { StateStore, StateWrite } from '../state.ts';
import type { Taken } from './timetable.ts';

/** Why a run was made. */
const runReasons = ['first', 'due', 'missed', 'interrupted', 'asked'] as const;

const recordSchema = z.object({
  /** Time of the timetable that it took care of, in milliseconds since 1970. */
  slot: z.number(),
  why: z.enum(runReasons),
  /** Milliseconds since 1970. */
  startedAt: z.number(),
  endedAt: z.number().nullable(),
  outcome: z.enum(['running', 'done', 'partly', 'failed', 'skipped']),
  code: z.string().nullable(),
  message: z.string().nullable(),
  objects: z.number(),
  published: z.number(),
  rejected: z.number(),
  removed: z.number(),
  /** Id of the request that it answers; null where the timetable asked. */
  request: z.string().nullable(),
});

/**
 * The last run of a producer by its schedule, as the state keeps it. `done`: the source was read; `partly`: but for some objects; `skipped`: its
 * time passed while nobody was there.
 */
export type RunRecord = z.output<typeof recordSchema>;

const requestSchema = z.object({ id: z.string(), at: z.number() });
/** Somebody wants a producer to run now. */
export type RunRequest = z.output<typeof requestSchema>;

/** The last run, or undefined where there was none. Rejects with STATE_UNAVAILABLE. */
export function readRun(state: StateStore, producer: string): Promise<RunRecord | undefined> {
  return readStored(state, recordSchema, runKey(producer));
}

/** The write that keeps a run as the last one. */
export function runWrite(producer: string, record: RunRecord): StateWrite {
  return { key: runKey(producer), value: record };
}

/** The request that is open, or undefined. */
export function readRequest(state: StateStore, producer: string): Promise<RunRequest | undefined> {
  return readStored(state, requestSchema, requestKey(producer));
}

/** The write that asks for a run, or, with undefined, says that it was taken up. */
export function requestWrite(producer: string, request: RunRequest | undefined): StateWrite {
  return { key: requestKey(producer), value: request };
}

/** What the timetable needs of a run. */
export function takenBy(record: RunRecord | undefined): Taken | undefined {
  return record && { slot: record.slot, isOpen: record.outcome === 'running' };
}

function runKey(producer: string): string {
  return `schedule/${encodeURIComponent(producer)}`;
}

function requestKey(producer: string): string {
  return `schedule-request/${encodeURIComponent(producer)}`;
}
