import type { AppendedAt, NewRecord } from '../../pipeline/transport.ts';
import type { WireMessage } from './wire.ts';

/** Records that go out in one request: at most one batch a partition. */
export interface Wave {
  readonly topic: string;
  readonly partitions: ReadonlyMap<number, readonly number[]>;
}

/** Splits records such that the batch of each partition has about `bytes` at the most. `places` are their partitions. */
export function* waves(
  records: readonly NewRecord[],
  places: readonly AppendedAt[],
  { topic, bytes }: { readonly topic: string; readonly bytes: number },
): Iterable<Wave> {
  let partitions = new Map<number, number[]>();
  let sizes = new Map<number, number>();
  for (const [index, record] of records.entries()) {
    const partition = places[index]?.partition ?? 0;
    const size = sizeOf(record);
    const before = sizes.get(partition) ?? 0;
    if (before > 0 && before + size > bytes) {
      yield { topic, partitions };
      partitions = new Map();
      sizes = new Map();
    }
    const indices = partitions.get(partition);
    if (indices === undefined) partitions.set(partition, [index]);
    else indices.push(index);
    sizes.set(partition, (sizes.get(partition) ?? 0) + size);
  }
  if (partitions.size > 0) yield { topic, partitions };
}

/** About what a record takes, before compression. */
function sizeOf({ key, value, headers }: NewRecord): number {
  let size = 24 + Buffer.byteLength(key) + (value?.length ?? 0);
  for (const [name, text] of Object.entries(headers)) size += name.length + text.length + 4;
  return size;
}

/** A record as it goes over the wire. `timestamp` is in milliseconds since 1970. */
export function wireMessage({ key, value, headers }: NewRecord, timestamp: number): WireMessage {
  const bytes = value === null ? null : Buffer.from(value.buffer, value.byteOffset, value.length);
  return { key: Buffer.from(key), value: bytes, headers, timestamp };
}
