import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SinkHost } from '../../../pipeline/sink-component.ts';
import type { Sink } from '../../../pipeline/sink.ts';
import { catalogSink } from '../../../sinks/purview/config.ts';
import { sinks } from '../../../sinks/index.ts';
import { common } from '../../../sinks/purview/options.ts';
import { shop } from '../../support/changes.ts';
import { type AtlasDouble, atlasError, plain, startAtlasDouble } from '../../support/atlas-double.ts';
import type { Answer } from '../../support/http-server.ts';
import { deliverer, kinds, type ManualClock, manualClock, never, sinkHost } from '../../support/sink-host.ts';

let atlas: AtlasDouble;
let clock: ManualClock;
let host: SinkHost;
let deliver: ReturnType<typeof deliverer>;

async function openSink(settings: Record<string, unknown> = {}): Promise<Sink> {
  const sink = sinks.atlas.create({ url: atlas.url, user: 'u', password: 'pa55word', ...settings }, host);
  await sink.open(never);
  return sink;
}

beforeEach(async () => {
  atlas = await startAtlasDouble();
  clock = manualClock();
  host = sinkHost({ clock });
  deliver = deliverer(await openSink());
});

afterEach(() => atlas.close());

const limits = {
  batch: { entities: 100, bytes: 1_000_000 },
  pace: { inFlight: 8 },
  rejections: { share: 0.5, least: 50, pauseMs: 60_000 },
  onError: common.onError.parse({}),
  timeoutMs: 5000,
  retry: { attempts: 4, delayMs: 250, maxDelayMs: 30_000, longestRetryAfterMs: 600_000 },
};
const abc = [shop('a'), shop('b'), shop('c')] as const;
const has = (name: string) => (names: readonly string[]) => names.includes(`shop://${name}`);
const hangUp: Answer = (_, response) => void response.destroy();

describe('deliver() tries again what may pass', () => {
  const passing: readonly (readonly [string, Answer])[] = [
    ['429', atlasError(429, 'TooManyRequests')],
    ['429 without a body', plain(429, '')],
    ['503', plain(503, '<html>Service Unavailable</html>')],
    ['502', plain(502, '')],
    [
      '500 with a sentence',
      plain(500, 'There was an error processing your request. It has been logged (ID 1).'),
    ],
    ['500 of the type lock', atlasError(500, 'ATLAS-500-00-005')],
    ['409', atlasError(409, 'ATLAS-409-00-003')],
    ['409 of an import', atlasError(409, 'ATLAS-500-00-006')],
    ['a closed connection', hangUp],
    ['200 with HTML', plain(200, '<html>Sign in</html>', { 'content-type': 'text/html' })],
    ['200 with an empty body', plain(200, '')],
    ['200 without guidAssignments', plain(200, '{"mutatedEntities":{}}')],
    ['200 with half of the guids', plain(200, '{"guidAssignments":{"-1":"g"}}')],
    ['200 with truncated JSON', plain(200, '{"guidAssignments":{"-1":')],
    ['200 with another shape', plain(200, '[1,2]')],
    ['404 without a code, of a gateway', plain(404, 'default backend')],
    [
      'an answer that breaks off',
      (_, response) => {
        response.writeHead(200, { 'content-length': '1000' }).write('{"guid');
        response.destroy();
      },
    ],
  ];

  it.each(passing)('delivers at the second try when the first is answered with %s', async (_, answer) => {
    atlas.script(answer);
    expect(kinds(await deliver(...abc))).toEqual(['delivered', 'delivered', 'delivered']);
    expect(atlas.bulks).toHaveLength(2);
    expect(clock.waits).toHaveLength(1);
  });

  it.each(passing)(
    'asks for the changes again, and rejects none, when every try is answered with %s',
    async (_, answer) => {
      atlas.always(() => true, answer);
      for (let round = 0; round < 5; round += 1) {
        const outcomes = await deliver(...abc);
        expect(new Set(outcomes.map((outcome) => outcome.kind))).toEqual(new Set(['retry']));
      }
    },
  );

  it('applies a request only once when its answer was lost', async () => {
    const applied: Answer = (request, response) => {
      const { end } = response;
      response.end = () => response.destroy();
      void atlas.apply(request, response);
      response.end = end;
    };
    atlas.script(applied);
    const outcomes = await deliver(...abc);
    expect(outcomes.map((outcome) => outcome.kind)).toEqual(['unchanged', 'unchanged', 'unchanged']);
    expect(atlas.stored.size).toBe(3);
    expect(kinds(await deliver(...abc))).toEqual(['unchanged', 'unchanged', 'unchanged']);
    expect(atlas.bulks).toHaveLength(2);
  });

  it('delivers when the first answer comes too late, though it was applied', async () => {
    const quick = deliverer(await openSink({ timeoutMs: 1000 }));
    atlas.script((request, response) => {
      const late: typeof response = Object.create(response);
      late.writeHead = () => late;
      late.end = () => late;
      return atlas.apply(request, late);
    });
    expect(kinds(await quick(...abc))).toEqual(['unchanged', 'unchanged', 'unchanged']);
    expect(atlas.bulks.length).toBeGreaterThanOrEqual(2);
  });
});

describe('deliver() waits as long as it is asked to', () => {
  it.each([
    // The second wait is the gate's: a little more than was asked for, so that not everybody comes back at once.
    ['seconds', '7', [7000, 350]],
    ['zero', '0', [0]],
    ['a date', new Date(Date.UTC(2026, 0, 1, 0, 0, 20)).toUTCString(), [20_000, 500]],
    ['absurd', '1000000000', []],
    ['nonsense', 'soon', [187.5]],
  ])('when Retry-After is %s', async (_, value, waits) => {
    atlas.script(atlasError(429, 'TooManyRequests', 'slow', { 'retry-after': value }));
    const [kind] = kinds(await deliver(shop('a')));
    expect(kind).toBe(waits.length === 0 ? 'retry CATALOG_THROTTLED' : 'delivered');
    expect(clock.waits).toEqual(waits);
  });

  it('hands the wait to its caller when it is longer than its own longest pause', async () => {
    atlas.script(atlasError(429, 'TooManyRequests', 'slow', { 'retry-after': '120' }));
    const [outcome] = await deliver(shop('a'));
    expect(outcome).toMatchObject({
      kind: 'retry',
      error: { code: 'CATALOG_THROTTLED', retryAfterMs: 120_000 },
    });
    expect(clock.waits).toEqual([]);
  });

  it('with jitter, twice as long each time, when nothing is said', async () => {
    atlas.always(() => true, plain(503, ''));
    await deliver(shop('a'));
    expect(clock.waits).toEqual([187.5, 375, 750]);
  });
});

describe('deliver() sends less at once when a request is too much', () => {
  const many = Array.from({ length: 16 }, (_, n) => shop(`s${n}`));
  const sizes = (): readonly number[] => atlas.bulks.map((names) => names.length);

  it.each([
    ['408', plain(408, 'Request Timeout')],
    ['413', plain(413, 'Request Entity Too Large')],
    ['504', plain(504, 'upstream request timeout')],
  ])('halves, without a pause, until it passes, when more than 5 are answered %s', async (_, answer) => {
    atlas.always((names) => names.length > 5, answer);
    expect(new Set(kinds(await deliver(...many)))).toEqual(new Set(['delivered']));
    // 413 is of bytes, and these are not all of one length.
    const refused = sizes().filter((size) => size > 5);
    expect(refused.length).toBeLessThanOrEqual(3);
    expect(atlas.stored.size).toBe(16);
    expect(clock.waits).toEqual([]);
  });

  it('splits one asset with many children, and keeps the smaller size for what comes next', async () => {
    atlas.always((names) => names.length > 5, plain(504, ''));
    const wide = shop('wide', { shelves: Array.from({ length: 15 }, (_, n) => `${n}`) });
    expect(kinds(await deliver(wide))).toEqual(['delivered']);
    expect(sizes()).toEqual([16, 8, 4, 4, 4, 4]);
    await deliver(...many.slice(0, 8));
    expect(sizes().slice(6)).toEqual([4, 4]);
  });

  it('tries larger ones again after a while', async () => {
    atlas.script(plain(504, ''));
    await deliver(...many);
    for (let n = 0; n < 20; n += 1) await deliver(shop(`later${n}`));
    await deliver(...many.map((_, n) => shop(`last${n}`)));
    expect(sizes().at(-1)).toBe(16);
  });

  it('rejects the one that is too large by itself', async () => {
    atlas.always(has('s3'), plain(413, ''));
    const outcomes = kinds(await deliver(...many));
    expect(outcomes.filter((kind) => kind !== 'delivered')).toEqual(['rejected CATALOG_BAD_ENTITY']);
  });

  it.each([
    ['408', plain(408, '')],
    ['504', plain(504, '')],
  ])('asks for the one again, and rejects none, when it is answered %s by itself', async (_, answer) => {
    atlas.always(has('s3'), answer);
    for (let round = 0; round < 3; round += 1) {
      const outcomes = kinds(await deliver(shop('s3')));
      expect(outcomes[0]).toMatch(/^retry/);
    }
  });
});

describe('deliver() finds the one that is wrong', () => {
  it('when it makes the server fail while others are written', async () => {
    atlas.always(has('b'), plain(500, 'There was an error processing your request.'));
    expect(kinds(await deliver(...abc))).toEqual(['delivered', 'rejected CATALOG_BAD_ENTITY', 'delivered']);
  });

  it('when it fails alone, batch after batch, while others are written between', async () => {
    atlas.always(has('b'), plain(500, 'There was an error processing your request.'));
    const seen: string[] = [];
    for (const name of ['w', 'x', 'y', 'z']) {
      seen.push(...kinds(await deliver(shop('b'))));
      await deliver(shop(name));
    }
    expect(seen).toEqual([
      'retry CATALOG_FAULT',
      'retry CATALOG_FAULT',
      'rejected CATALOG_BAD_ENTITY',
      'retry CATALOG_FAULT',
    ]);
  });

  it('in few requests, among a hundred', async () => {
    atlas.always(has('s42'), atlasError(404, 'ATLAS-404-00-007'));
    const outcomes = await deliver(...Array.from({ length: 100 }, (_, n) => shop(`s${n}`)));
    expect(kinds(outcomes).filter((kind) => kind !== 'delivered')).toEqual(['rejected CATALOG_BAD_ENTITY']);
    expect(atlas.bulks.length).toBeLessThanOrEqual(1 + 2 * Math.ceil(Math.log2(100)));
  });
});

describe('deliver() makes no dead letters when nearly everything is refused', () => {
  const sixty = Array.from({ length: 60 }, (_, n) => shop(`s${n}`));

  it('but tries one change at a time, and all again when one passes', async () => {
    let isWrong = true;
    atlas.always(() => isWrong, atlasError(404, 'ATLAS-404-00-007'));
    const outcomes = await deliver(...sixty);
    expect(new Set(kinds(outcomes))).toEqual(new Set(['retry CATALOG_REJECTING']));
    expect(outcomes[0]).toMatchObject({
      error: { retryAfterMs: 60_000, message: expect.stringContaining('sink.rejections.share') },
    });
    const before = atlas.bulks.length;
    expect(new Set(kinds(await deliver(...sixty)))).toEqual(new Set(['retry CATALOG_REJECTING']));
    expect(atlas.bulks.length - before).toBe(1);
    isWrong = false;
    expect(new Set(kinds(await deliver(...sixty)))).toEqual(new Set(['delivered']));
  });

  /** Refuses every bulk request, so many times. */
  const refuseFor = (requests: number): void => {
    let left = requests;
    atlas.always(() => left > 0 && (left -= 1) >= 0, atlasError(404, 'ATLAS-404-00-007'));
  };

  it.each([1, 7, 45, 119])(
    'and delivers all of them when everything is refused for %i requests, from the first on',
    async (requests) => {
      refuseFor(requests);
      const seen = kinds(await deliver(...sixty));
      expect(seen).not.toContain('rejected CATALOG_BAD_ENTITY');
      for (let round = 0; round < 5; round += 1) await deliver(...sixty);
      expect(new Set(kinds(await deliver(...sixty)))).toEqual(new Set(['unchanged']));
      expect(atlas.stored.size).toBe(60);
    },
  );

  it.each([5, 40])(
    'and delivers what three lanes have in flight when everything is refused for %i requests',
    async (requests) => {
      const sink = deliverer(await openSink({ rejections: { least: 10 }, batch: { entities: 20 } }));
      const lanes = [0, 20, 40].map((from) => sixty.slice(from, from + 20));
      await deliver(shop('first'));
      refuseFor(requests);
      const seen = await Promise.all(lanes.map((lane) => sink(...lane)));
      expect(seen.flatMap(kinds)).not.toContain('rejected CATALOG_BAD_ENTITY');
      for (let round = 0; round < 20; round += 1)
        for (const lane of lanes)
          expect(kinds(await sink(...lane))).not.toContain('rejected CATALOG_BAD_ENTITY');
      expect(atlas.stored.size).toBe(61);
    },
  );

  it('but believes it of one that comes alone, after as many tries as any request has', async () => {
    atlas.always(has('s1'), atlasError(404, 'ATLAS-404-00-007'));
    expect(kinds(await deliver(shop('s1')))).toEqual(['rejected CATALOG_BAD_ENTITY']);
    expect(atlas.bulks).toHaveLength(4);
    expect(clock.waits).toEqual([250, 500, 1000]);
  });

  it('and tries the first of a batch once more, without a pause, when others were accepted after it', async () => {
    atlas.always(has('s0'), atlasError(404, 'ATLAS-404-00-007'));
    const outcomes = kinds(await deliver(...sixty.slice(0, 4)));
    expect(outcomes).toEqual(['rejected CATALOG_BAD_ENTITY', 'delivered', 'delivered', 'delivered']);
    expect(atlas.bulks.map(({ length }) => length)).toEqual([4, 2, 1, 1, 2, 1]);
    expect(clock.waits).toEqual([]);
  });

  it('and tries another one each time, when the first is at fault itself', async () => {
    let isWrong = true;
    atlas.always((names) => isWrong || names.includes('shop://s0'), atlasError(404, 'ATLAS-404-00-007'));
    await deliver(...sixty);
    isWrong = false;
    await deliver(...sixty);
    const outcomes = kinds(await deliver(...sixty));
    expect(outcomes[0]).toBe('rejected CATALOG_BAD_ENTITY');
    expect(new Set(outcomes.slice(1))).toEqual(new Set(['delivered']));
  });

  it('while the few that are wrong among many still become dead letters', async () => {
    atlas.always(
      (names) => names.some((name) => /s[0-3]\d$/u.test(name)),
      atlasError(404, 'ATLAS-404-00-007'),
    );
    const seen = kinds(await deliver(...sixty));
    expect(seen.filter((kind) => kind === 'rejected CATALOG_BAD_ENTITY')).toHaveLength(30);
  });
});

describe('deliver() rejects when the catalogue refuses the credentials', () => {
  it.each([
    ['401', 'REFUSED', plain(401, '{"servlet":"jersey-servlet","message":"no","status":"401"}')],
    ['403', 'FORBIDDEN', atlasError(403, 'ATLAS-403-00-001', 'reader is not authorized')],
    ['403 of a gateway', 'FORBIDDEN', plain(403, '{"error":{"code":"Forbidden","message":"no role"}}')],
    ['a redirect to a sign-in page', 'REFUSED', plain(302, '', { location: '/login.jsp?session=secret' })],
  ])('with %s, without repeating them', async (_, code, answer) => {
    atlas.always(() => true, answer);
    const failed = deliver(...abc);
    await expect(failed).rejects.toMatchObject({ code: `CATALOG_${code}` });
    await expect(failed).rejects.not.toMatchObject({
      message: expect.stringMatching(/pa55word|dTpwYTU1d29yZA|secret/),
    });
    expect(atlas.bulks).toHaveLength(1);
  });

  it('keeps what was confirmed before', async () => {
    const small = deliverer(await openSink({ batch: { entities: 1, bytes: 100_000 } }));
    atlas.script(atlas.apply, plain(401, ''));
    await expect(small(...abc)).rejects.toMatchObject({ code: 'CATALOG_REFUSED' });
    expect(kinds(await small(...abc))).toEqual(['unchanged', 'delivered', 'delivered']);
  });

  it('and delivers the same changes a minute later, when the right that it names has been given', async () => {
    atlas.script(atlasError(403, 'ATLAS-403-00-001', 'reader is not authorized'));
    await expect(deliver(...abc)).rejects.toMatchObject({
      retryable: true,
      retryAfterMs: 60_000,
      message: expect.stringContaining('Data Curator'),
    });
    expect(kinds(await deliver(...abc))).toEqual(['delivered', 'delivered', 'delivered']);
  });

  it('renews a token once, and goes on', async () => {
    let tokens = 0;
    const access = {
      query: { 'api-version': '2023-09-01' },
      authorize: async () => ({ authorization: `Bearer token-${tokens}` }),
      renew: () => void (tokens += 1),
    };
    const signed = deliverer(catalogSink({ url: atlas.url, path: '/api/atlas/v2', ...limits }, host, access));
    atlas.script(plain(401, ''));
    expect(kinds(await signed(shop('a')))).toEqual(['delivered']);
    expect(tokens).toBe(1);
    expect(atlas.seen.slice(-2).map(({ headers }) => headers.authorization)).toEqual([
      'Bearer token-0',
      'Bearer token-1',
    ]);
    expect(atlas.seen.at(-1)?.url).toBe('/api/atlas/v2/entity/bulk?api-version=2023-09-01');
    atlas.always(() => true, plain(401, ''));
    await expect(signed(shop('b'))).rejects.toMatchObject({ code: 'CATALOG_REFUSED' });
    expect(tokens).toBe(2);
  });
});

describe('deliver() stops when its signal fires', () => {
  it('rejects with the reason, and settles nothing', async () => {
    const controller = new AbortController();
    const reason = new Error('shutdown');
    const sink = await openSink();
    atlas.script(() => controller.abort(reason));
    await expect(sink.deliver([{ change: shop('a'), offset: 0 }], controller.signal)).rejects.toBe(reason);
    expect(kinds(await deliverer(sink)(shop('a')))).toEqual(['delivered']);
  });
});
