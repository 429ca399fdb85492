import { z } from 'zod';
import { hashOf } from '../content-hash.ts';
import { parseStored } from '../parse-stored.ts';
import type { StateStore, StateWrite } from '../state.ts';
import type { StoredRecord } from '../transport.ts';

/** How many parts the parked work of a partition is kept in: what is looked at in one go is one part. */
export const parkedParts = 256;

const entrySchema = z.object({
  /** The record key: all that is parked of one key waits together, in its order. */
  key: z.string(),
  wanted: z.object({
    refs: z.array(z.object({ typeName: z.string(), qualifiedName: z.string() })),
    types: z.array(z.string()),
  }),
  /** Since when it waits for what it waits for now, in milliseconds since 1970. */
  since: z.number(),
  /** How often it was tried. */
  attempts: z.number(),
  /** Whether placeholders were asked for. */
  placed: z.boolean(),
  /** What the catalogue said last. */
  message: z.string(),
  items: z.array(
    z.object({
      offset: z.number(),
      producer: z.string(),
      /** When it was parked first, in milliseconds since 1970. */
      parkedAt: z.number(),
      timestamp: z.number(),
      headers: z.record(z.string(), z.string()),
      /** The bytes of the record, base64. */
      value: z.string(),
    }),
  ),
});

/** What is parked of one key, with what it waits for. */
export type ParkedEntry = z.output<typeof entrySchema>;
/** One parked change: its record as it was. */
export type ParkedItem = ParkedEntry['items'][number];

/** Where the parked work of one consumer group on one partition is kept. */
export interface ParkedPlace {
  readonly group: string;
  readonly partition: number;
}

/** The part of the parked work that a key is in. */
export function parkedPart(key: string): number {
  return Number.parseInt(hashOf(key).slice(0, 2), 16);
}

/** Prefix of the state keys of one part, or of all of a partition. */
function parkedPrefix({ group, partition }: ParkedPlace, part?: number): string {
  const place = `parked/${group}/${partition}/`;
  return part === undefined ? place : `${place}${part.toString(16).padStart(2, '0')}/`;
}

/** The write that keeps an entry; one without items is removed. */
export function parkedWrite(place: ParkedPlace, entry: ParkedEntry): StateWrite {
  const { key, items } = entry;
  return { key: stateKey(place, key), value: items.length === 0 ? undefined : entry };
}

/** What is parked of a key, or undefined. */
export async function readParked(
  state: StateStore,
  place: ParkedPlace,
  key: string,
): Promise<ParkedEntry | undefined> {
  const at = stateKey(place, key);
  const value = await state.get(at);
  return value === undefined ? undefined : parseStored(entrySchema, at, value);
}

/** All that is parked for a group, or in one of its partitions, or in one part of that. */
export async function* scanParked(
  state: StateStore,
  of: { readonly group: string; readonly partition?: number; readonly part?: number },
): AsyncIterable<ParkedEntry> {
  const { group, partition, part } = of;
  const prefix = partition === undefined ? `parked/${group}/` : parkedPrefix({ group, partition }, part);
  for await (const { key, value } of state.scan(prefix)) yield parseStored(entrySchema, key, value);
}

/** How many changes are parked for a group, in all partitions. */
export async function countParked(state: StateStore, group: string): Promise<number> {
  let count = 0;
  for await (const { items } of scanParked(state, { group })) count += items.length;
  return count;
}

/** The record of a parked change, as it stood in its topic. */
export function recordOf(
  item: ParkedItem,
  at: Pick<StoredRecord, 'topic' | 'partition' | 'key'>,
): StoredRecord {
  const { offset, timestamp, headers } = item;
  return { ...at, offset, timestamp, headers, value: Buffer.from(item.value, 'base64') };
}

function stateKey(place: ParkedPlace, key: string): string {
  return parkedPrefix(place, parkedPart(key)) + key;
}
