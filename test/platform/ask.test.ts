import * as fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { Interference } from '../../examples/retail/loader/interference.ts';
import { type Loader, startLoader } from '../../examples/retail/loader/loader.ts';
import { StreamError } from '../../pipeline/errors.ts';
import { createHttpClient } from '../../platform/http.ts';
import { type Ask, createAsk, waitBefore } from '../../platform/ask.ts';
import { createCredentials } from '../../producers/etl-api/credentials.ts';

const started: Loader[] = [];
afterEach(async () => {
  for (const loader of started.splice(0)) await loader.close();
});

/** An Ask on a tool that answers as told, one answer after the other; waits are noted instead of waited for. */
async function asking(answers: readonly Interference[]): Promise<{ ask: Ask; waits: number[] }> {
  const rest = [...answers];
  const loader = await startLoader({ jobs: [], interfere: () => rest.shift() });
  started.push(loader);
  const waits: number[] = [];
  const credentials = createCredentials({ token: loader.token }, '/');
  const ask = createAsk({
    http: createHttpClient({
      baseUrl: loader.url,
      timeoutMs: 10_000,
      maxResponseBytes: 1000,
      authorize: async () => ({ authorization: (await credentials.current()) ?? '' }),
    }),
    credentials,
    url: loader.url,
    attempts: 4,
    firstWaitMs: 500,
    longestWaitMs: 30_000,
    wait: (milliseconds) => {
      waits.push(milliseconds);
      return Promise.resolve();
    },
    random: () => 0,
    now: () => Date.UTC(2026, 10, 23),
  });
  return { ask, waits };
}

const signal = new AbortController().signal;
const busy = (after?: string): Interference => ({
  kind: 'answer',
  status: 429,
  ...(after === undefined ? {} : { headers: { 'retry-after': after } }),
});

describe('get() of an Ask', () => {
  it.each([
    ['seconds', '7', 7000],
    ['a date', 'Mon, 23 Nov 2026 00:00:09 GMT', 9000],
    ['a date that is past', 'Sun, 22 Nov 2026 00:00:00 GMT', 0],
    ['0', '0', 0],
    ['more than the longest wait', '1000000000', 30_000],
    ['what is no time', 'soon', 500],
    ['nothing', undefined, 500],
  ])('waits as the tool asks when Retry-After is %s', async (_name, after, milliseconds) => {
    const { ask, waits } = await asking([busy(after)]);
    await expect(ask.get(ask.resolve('api/job'), signal)).resolves.toMatchObject({ kind: 'json' });
    expect(waits).toEqual([milliseconds]);
  });

  it('doubles its wait and gives up after the last attempt', async () => {
    const fault: Interference = { kind: 'answer', status: 500 };
    const { ask, waits } = await asking([fault, fault, fault, fault, fault]);
    await expect(ask.get(ask.resolve('api/job'), signal)).rejects.toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
    });
    expect(waits).toEqual([500, 1000, 2000]);
  });

  it('takes an answer that is too large as final', async () => {
    const { ask, waits } = await asking([{ kind: 'answer', status: 200, body: `"${'x'.repeat(2000)}"` }]);
    await expect(ask.get(ask.resolve('api/job'), signal)).rejects.toMatchObject({ code: 'SOURCE_LIMIT' });
    expect(waits).toEqual([]);
  });

  it('rejects with the reason of its signal when that fired', async () => {
    const { ask } = await asking([]);
    const reason = new Error('enough');
    await expect(ask.get(ask.resolve('api/job'), AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});

describe('resolve() of an Ask', () => {
  it('takes links as relative to their page, and never leaves the origin for any link', async () => {
    const { ask } = await asking([]);
    const page = ask.resolve('api/job?size=5');
    const origin = new URL(page).origin;
    expect(ask.resolve('?page=2', page)).toBe(`${origin}/api/job?page=2`);
    expect(ask.resolve('/x?page=2', page)).toBe(`${origin}/x?page=2`);
    fc.assert(
      fc.property(fc.oneof(fc.webUrl(), fc.string(), fc.webPath()), (link) => {
        const resolved = (): string => {
          try {
            return new URL(ask.resolve(link, page)).origin;
          } catch (thrown) {
            return thrown instanceof StreamError ? thrown.code : String(thrown);
          }
        };
        expect([origin, 'SOURCE_INVALID']).toContain(resolved());
      }),
    );
  });
});

describe('waitBefore()', () => {
  it('is never negative nor longer than the longest wait', () => {
    const asked = fc.option(fc.double({ min: 0, max: 1e9, noNaN: true }), { nil: undefined });
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), asked, random, (attempt, askedMs, part) => {
        const options = { firstWaitMs: 500, longestWaitMs: 30_000, random: () => part };
        const milliseconds = waitBefore(options, attempt, askedMs);
        expect(milliseconds).toBeGreaterThanOrEqual(Math.min(askedMs ?? 250, 250));
        expect(milliseconds).toBeLessThanOrEqual(30_000);
      }),
    );
  });
});
