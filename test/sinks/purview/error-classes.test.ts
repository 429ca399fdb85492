import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sinks } from '../../../sinks/index.ts';
import { type AtlasDouble, atlasError, plain, startAtlasDouble } from '../../support/atlas-double.ts';
import { shop, shopProcess } from '../../support/changes.ts';
import type { Answer } from '../../support/http-server.ts';
import { deliverer, kinds, manualClock, never, sinkHost } from '../../support/sink-host.ts';

let atlas: AtlasDouble;
/** Names of the bulk requests that `answer` is given to. */
let isFor: (names: readonly string[]) => boolean;
let answer: Answer;

beforeAll(async () => {
  atlas = await startAtlasDouble();
  atlas.always(
    (names) => isFor(names),
    (request, response) => answer(request, response),
  );
});
beforeEach(() => {
  atlas.clear();
  isFor = () => false;
});
afterAll(() => atlas.close());

async function openSink(onError: Readonly<Record<string, string>> = {}) {
  const options = { url: atlas.url, user: 'u', password: 'p', onError, retry: { attempts: 2 } };
  const sink = sinks.atlas.create(options, sinkHost({ clock: manualClock() }));
  await sink.open(never);
  return deliverer(sink);
}

const toLate = (names: readonly string[]): boolean => names.includes('process://late');
const late = shopProcess('late', { inputs: ['x'], outputs: ['a'] });
const whole = [shop('a'), late, shop('b')] as const;
const message =
  "Type ENTITY with name shop_process does not exist, AtlasObjectId{guid='null', uniqueAttributes={qualifiedName:shop://x}}";

/** What Atlas answers, by the class that its code is of, and what becomes of the change that it is about. */
const classes: Readonly<
  Record<string, { readonly outcome: string; readonly answers: readonly (readonly [number, string])[] }>
> = {
  badEntity: {
    outcome: 'rejected CATALOG_BAD_ENTITY',
    answers: [
      [404, 'ATLAS-404-00-007'],
      [404, 'ATLAS-404-00-00D'],
      ...['01A', '021', '023', '025', '027', '028', '029', '036', '043', '045', '055', '06F'].map(
        (code) => [400, `ATLAS-400-00-${code}`] as const,
      ),
      ...['08C', '08D', '08E', '08F', '090', '095', '999'].map(
        (code) => [400, `ATLAS-400-00-${code}`] as const,
      ),
      [404, 'ATLAS-400-00-069'],
      [404, 'ATLAS-400-00-06A'],
      [413, 'RequestEntityTooLarge'],
    ],
  },
  missingReferent: {
    outcome: 'missing CATALOG_MISSING_REFERENT',
    answers: [
      [404, 'ATLAS-404-00-00A'],
      [404, 'ATLAS-404-00-009'],
      [404, 'ATLAS-404-00-005'],
      [400, 'ATLAS-400-00-022'],
    ],
  },
  missingType: {
    outcome: 'missing CATALOG_MISSING_TYPE',
    answers: [
      [400, 'ATLAS-400-00-014'],
      [400, 'ATLAS-400-00-00A'],
      [400, 'ATLAS-400-00-046'],
      [400, 'ATLAS-400-00-013'],
      [404, 'ATLAS-404-00-001'],
      [404, 'ATLAS-404-00-008'],
    ],
  },
  conflict: {
    // It fails alone while others are written: it is at fault itself.
    outcome: 'rejected CATALOG_BAD_ENTITY',
    answers: [
      ...['001', '002', '003', '004', '005', '013'].map((code) => [409, `ATLAS-409-00-${code}`] as const),
      [409, 'ATLAS-500-00-006'],
    ],
  },
  serverFault: {
    outcome: 'rejected CATALOG_BAD_ENTITY',
    answers: [
      [500, 'ATLAS-500-00-001'],
      [500, 'ATLAS-500-00-005'],
      [500, 'ATLAS-500-00-999'],
    ],
  },
};

describe.each(Object.entries(classes))('deliver() of an error of the class %s', (_, { outcome, answers }) => {
  it.each(answers)('costs the one change that it is about when the answer is %i %s', async (status, code) => {
    const deliver = await openSink();
    isFor = toLate;
    answer = atlasError(status, code, message);
    const outcomes = await deliver(...whole);
    expect(kinds(outcomes)).toEqual(['delivered', outcome, 'delivered']);
    expect(outcomes[1]).toMatchObject({
      error: { message: expect.stringMatching(new RegExp(`process://late: .*${code}`)) },
    });
  });
});

describe('deliver() of an error that concerns all of a batch', () => {
  it.each([
    [429, 'TooManyRequests', 'retry CATALOG_THROTTLED'],
    [503, 'ServiceUnavailable', 'retry CATALOG_UNAVAILABLE'],
    [502, 'BadGateway', 'retry CATALOG_UNAVAILABLE'],
    [409, 'ATLAS-409-00-003', 'retry CATALOG_CONFLICT'],
    [500, 'ATLAS-500-00-005', 'retry CATALOG_FAULT'],
  ])('asks for all of it again when the answer is %i %s', async (status, code, outcome) => {
    const deliver = await openSink();
    isFor = () => true;
    answer = atlasError(status, code);
    expect(new Set(kinds(await deliver(...whole)))).toEqual(new Set([outcome]));
  });

  it.each([
    [401, 'none', 'CATALOG_REFUSED'],
    [403, 'ATLAS-403-00-001', 'CATALOG_FORBIDDEN'],
  ])('settles nothing when the answer is %i %s', async (status, code, thrown) => {
    const deliver = await openSink();
    isFor = () => true;
    answer = atlasError(status, code);
    await expect(deliver(...whole)).rejects.toMatchObject({ code: thrown });
  });
});

describe('onError', () => {
  const ofEntity = {
    badEntity: atlasError(404, 'ATLAS-404-00-007', message),
    missingReferent: atlasError(404, 'ATLAS-404-00-00A', message),
    missingType: atlasError(400, 'ATLAS-400-00-014', message),
  };
  const unclear = { conflict: atlasError(409, 'ATLAS-409-00-003'), serverFault: plain(500, 'An error.') };
  const ofService = {
    throttled: [atlasError(429, 'TooManyRequests'), 'CATALOG_THROTTLED'],
    unavailable: [plain(200, '<html>Sign in</html>'), 'CATALOG_UNEXPECTED'],
  } as const;
  const actions = [
    ['dead-letter', 'rejected'],
    ['park', 'missing'],
    ['retry', 'retry'],
  ] as const;

  it.each(
    Object.entries(ofEntity).flatMap(([kind, given]) =>
      actions.map(([action, outcome]) => [kind, action, outcome, given] as const),
    ),
  )('%s: %s settles the one as %s, and the others as ever', async (kind, action, outcome, given) => {
    const deliver = await openSink({ [kind]: action });
    isFor = toLate;
    answer = given;
    const found = (await deliver(...whole)).map((one) => one.kind);
    expect(found).toEqual(['delivered', outcome, 'delivered']);
  });

  it.each(
    Object.entries(unclear).flatMap(([kind, given]) =>
      actions.map(([action, outcome]) => [kind, action, outcome, given] as const),
    ),
  )('%s: %s settles as %s what comes alone', async (kind, action, outcome, given) => {
    const deliver = await openSink({ [kind]: action });
    isFor = () => true;
    answer = given;
    expect((await deliver(shop('a'))).map((one) => one.kind)).toEqual([outcome]);
  });

  it.each([
    ...Object.entries(ofEntity),
    ...Object.entries(unclear),
    ...Object.entries(ofService).map(([kind, [given]]) => [kind, given] as const),
    ['forbidden', atlasError(403, 'ATLAS-403-00-001')] as const,
  ])('%s: stop ends the sink with what the catalogue said', async (kind, given) => {
    const deliver = await openSink({ [kind]: 'stop' });
    isFor = () => true;
    answer = given;
    await expect(deliver(late)).rejects.toMatchObject({
      code: 'CATALOG_STOPPED',
      retryable: false,
      message: expect.stringContaining(`sink.onError.${kind}: stop`),
    });
  });

  it.each(Object.entries(ofService))('%s: retry asks again', async (kind, [given, code]) => {
    const deliver = await openSink({ [kind]: 'retry' });
    isFor = () => true;
    answer = given;
    expect(kinds(await deliver(late))).toEqual([`retry ${code}`]);
  });

  it('refused: retry waits for credentials that are accepted', async () => {
    const deliver = await openSink({ refused: 'retry' });
    isFor = () => true;
    answer = plain(401, '');
    await expect(deliver(late)).rejects.toMatchObject({
      code: 'CATALOG_FORBIDDEN',
      retryable: true,
      retryAfterMs: 60_000,
    });
  });

  it('keeps what was confirmed of a batch that it stops in', async () => {
    const deliver = await openSink({ badEntity: 'stop' });
    isFor = toLate;
    answer = ofEntity.badEntity;
    await expect(deliver(...whole)).rejects.toMatchObject({ code: 'CATALOG_STOPPED' });
    expect(kinds(await deliver(shop('a'), shop('b')))).toEqual(['unchanged', 'unchanged']);
  });

  it('takes no dead letters of what the service is at fault for', () => {
    expect(() =>
      sinks.atlas.create({ url: 'http://x', onError: { throttled: 'dead-letter' } }, sinkHost()),
    ).toThrow(/onError/u);
  });
});
