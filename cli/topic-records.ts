import { setTimeout as delay } from 'node:timers/promises';
import { decodeEvent } from '../schemas/codec.ts';
import { messageOf } from '../pipeline/errors.ts';
import type { StoredRecord, Transport } from '../pipeline/transport.ts';

/** A record with its event in the clear, as `topics show --json` prints it. */
export interface ShownRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly time: string;
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Type of the event; null for a tombstone, and for what cannot be decoded. */
  readonly type: string | null;
  /** The event; null for a tombstone; base64 of the bytes for what cannot be decoded. */
  readonly value: unknown;
  /** Why it cannot be decoded. */
  readonly error?: string;
}

/** Milliseconds between two looks for new records. */
const pollMs = 200;

/** Records of a topic from an offset of each partition up to what is there now, in the order in which they were appended. */
export async function* recordsByTime(
  transport: Transport,
  topic: string,
  from: ReadonlyMap<number, number>,
): AsyncIterable<StoredRecord> {
  const iterators = [...from].map(([partition, offset]) =>
    transport.read(topic, partition, offset)[Symbol.asyncIterator](),
  );
  const heads: (StoredRecord | undefined)[] = [];
  const advance = async (index: number): Promise<void> => {
    const step = await iterators[index]?.next();
    heads[index] = step === undefined || step.done === true ? undefined : step.value;
  };
  for (const index of iterators.keys()) await advance(index);
  for (;;) {
    let first: number | undefined;
    for (const [index, head] of heads.entries()) {
      if (head === undefined) continue;
      if (first === undefined || head.timestamp < (heads[first]?.timestamp ?? 0)) first = index;
    }
    const record = first === undefined ? undefined : heads[first];
    if (first === undefined || record === undefined) return;
    yield record;
    await advance(first);
  }
}

/** The same, and then what is appended until `signal` fires. */
export async function* followRecords(
  transport: Transport,
  topic: string,
  from: ReadonlyMap<number, number>,
  signal: AbortSignal,
): AsyncIterable<StoredRecord> {
  const positions = new Map(from);
  while (!signal.aborted) {
    for await (const record of recordsByTime(transport, topic, positions)) {
      if (signal.aborted) return;
      positions.set(record.partition, record.offset + 1);
      yield record;
    }
    await delay(pollMs, undefined, { signal }).catch((thrown: unknown) => thrown); // it only ends the pause
  }
}

/** A record with its event decoded. */
export function shownRecord(record: StoredRecord): ShownRecord {
  const { topic, partition, offset, timestamp, key, headers, value, corrupt } = record;
  const place = { topic, partition, offset, time: new Date(timestamp).toISOString(), key, headers };
  if (value === null) return { ...place, type: null, value: null };
  try {
    if (corrupt !== undefined) throw new Error(`damaged: ${corrupt}`);
    return { ...place, ...decodeEvent(value) };
  } catch (thrown) {
    return { ...place, type: null, value: Buffer.from(value).toString('base64'), error: messageOf(thrown) };
  }
}

/** JSON of a shown record; bytes within an event as base64. */
export function recordJson(shown: ShownRecord, indent?: number): string {
  return JSON.stringify(shown, bytesAsBase64, indent);
}

/** A record as people read it: a line with its place and key, then the event. */
export function recordText(shown: ShownRecord): string {
  const { topic, partition, offset, time, key, type, value, error } = shown;
  const what = value === null ? 'tombstone' : (type ?? `cannot be decoded (${error ?? ''})`);
  const head = `${topic}-${partition}-${offset}  ${time}  ${what}  ${key}`;
  if (value === null) return head;
  const text = JSON.stringify(value, bytesAsBase64, 2);
  return `${head}\n${text.replaceAll(/^/gmu, '  ')}`;
}

/** Buffers say what they are in JSON before a replacer sees them. */
function bytesAsBase64(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('type' in value) || !('data' in value)) return value;
  return value.type === 'Buffer' && Array.isArray(value.data)
    ? Buffer.from(value.data).toString('base64')
    : value;
}
