import type { NewRecord } from '../../pipeline/transport.ts';

/** What a service adds to key, value and headers of a record, at the most, in bytes. */
const envelopeBytes = 512;

/** Bytes of a record with all that goes with it, at the most. */
export function recordSize({ key, value, headers }: NewRecord): number {
  let size = envelopeBytes + Buffer.byteLength(key) + (value?.length ?? 0);
  for (const name of Object.keys(headers)) size += name.length + Buffer.byteLength(headers[name] ?? '') + 10;
  return size;
}
