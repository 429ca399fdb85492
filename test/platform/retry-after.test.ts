import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRetryAfter } from '../../platform/retry-after.ts';

const now = Date.UTC(2026, 0, 1, 0, 0, 0);

describe('parseRetryAfter()', () => {
  it.each([
    ['0', 0],
    ['1', 1000],
    [' 7 ', 7000],
    ['0.5', 500],
    ['99999999999999999999', 600_000],
    ['Thu, 01 Jan 2026 00:00:30 GMT', 30_000],
    ['Wed, 31 Dec 2025 23:59:59 GMT', 0],
    ['Fri, 01 Jan 2100 00:00:00 GMT', 600_000],
  ])('reads %j as %d ms', (value, expected) => {
    expect(parseRetryAfter(value, now)).toBe(expected);
  });

  it.each([null, '', '-5', 'soon', '1e3', 'Thursday', '2026-01-01', '٣'])(
    'is undefined when it gets %j',
    (value) => {
      expect(parseRetryAfter(value, now)).toBeUndefined();
    },
  );

  it('is undefined or between 0 and ten minutes when it gets any text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9.]+$/)), (text) => {
        const ms = parseRetryAfter(text, now) ?? 0;
        expect(ms).toBeGreaterThanOrEqual(0);
        expect(ms).toBeLessThanOrEqual(600_000);
      }),
    );
  });
});
