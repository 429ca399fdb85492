/**
 * Reads a Retry-After header (RFC 9110 section 10.2.3): seconds, or an HTTP date.
 *
 * @param value the header, or null where there is none
 * @param nowMs milliseconds since 1970 at which the answer came
 * @param cap milliseconds at the most: no server may stop us for longer than a person would notice
 * @returns milliseconds to wait, at least 0; undefined when there is no header or it says neither
 */
export function parseRetryAfter(value: string | null, nowMs: number, cap = 600_000): number | undefined {
  const text = value?.trim() ?? '';
  if (/^\d+(\.\d+)?$/.test(text)) return Math.min(Number(text) * 1000, cap);
  // Date.parse takes much that is no date ("-5" is the year -5, or so): an HTTP date begins with the day's name.
  const at = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at)) return undefined;
  return Math.min(Math.max(at - nowMs, 0), cap);
}
