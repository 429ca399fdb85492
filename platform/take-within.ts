import type { PullLimit, StoredRecord } from '../pipeline/transport.ts';

/** Takes from the front of `buffer` what one pull may bring: the first record however large, then as many as stay within `limit`. */
export function takeWithin(buffer: StoredRecord[], limit: PullLimit): readonly StoredRecord[] {
  let count = 0;
  let bytes = 0;
  for (const record of buffer) {
    bytes += record.value?.length ?? 0;
    if (count > 0 && (count >= limit.records || bytes > limit.bytes)) break;
    count += 1;
  }
  return buffer.splice(0, count);
}
