import type { NewRecord } from '../../pipeline/transport.ts';

/** What a service adds to key, value and headers of a record, at the most, in bytes. */
const envelopeBytes = 512;

/** Bytes of a record with all that goes with it, at the most. */
export function recordSize({ key, value, headers }: NewRecord): number {
  let size = envelopeBytes + Buffer.byteLength(key) + (value?.length ?? 0);
  for (const name of Object.keys(headers)) size += name.length + Buffer.byteLength(headers[name] ?? '') + 10;
  return size;
}

/** Bytes that a UTF-16 unit becomes in UTF-8, at the most. */
const mostBytesOfUnit = 3;

/** Whether a record is within a limit of bytes even if its texts were as long as can be: to know it takes no look at them. */
export function isSurelyWithin(limit: number, { key, value, headers }: NewRecord): boolean {
  let units = key.length;
  let size = envelopeBytes + (value?.length ?? 0);
  for (const name of Object.keys(headers)) {
    units += (headers[name] ?? '').length;
    size += name.length + 10;
  }
  return size + units * mostBytesOfUnit <= limit;
}
