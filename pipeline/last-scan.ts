import { z } from 'zod';
import { readStored } from './parse-stored.ts';
import type { StateStore, StateWrite } from './state.ts';

const schema = z.object({
  /** When it ended, in milliseconds since 1970. */
  at: z.number(),
  /** Objects that it found; of a single change those that it was about. */
  objects: z.number(),
  rejected: z.number(),
  removed: z.number(),
});

/** The last time that a source was read to the end, or that a change of it was taken. */
export type LastScan = z.output<typeof schema>;

/** The write that keeps it. */
export function lastScanWrite(producer: string, scan: LastScan): StateWrite {
  return { key: keyOf(producer), value: scan };
}

/** Reads it; undefined where the producer has never come so far. Rejects with STATE_UNAVAILABLE. */
export function readLastScan(state: StateStore, producer: string): Promise<LastScan | undefined> {
  return readStored(state, schema, keyOf(producer));
}

function keyOf(producer: string): string {
  return `last-scan/${encodeURIComponent(producer)}`;
}

/** Where it is kept how far a producer has taken the changes that its source tells of. */
export function markKey(producer: string): string {
  return `changes-mark/${encodeURIComponent(producer)}`;
}
