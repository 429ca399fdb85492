import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { SinkHost } from '../../../pipeline/sink-component.ts';
import type { Sink } from '../../../pipeline/sink.ts';
import { sinks } from '../../../sinks/index.ts';
import { annotatedShop, annotationTypes, classified, type Said } from '../../support/annotated.ts';
import { type CatalogUnderTest, catalogUser, openTestCatalog } from '../../support/local-catalog.ts';
import { deliverer, kinds, never, sinkHost } from '../../support/sink-host.ts';

const shown = z.object({
  guid: z.string(),
  classifications: z
    .array(z.looseObject({ typeName: z.string(), attributes: z.record(z.string(), z.unknown()) }))
    .default([]),
  labels: z.array(z.string()),
  businessAttributes: z.record(z.string(), z.record(z.string(), z.unknown())).nullish(),
  customAttributes: z.record(z.string(), z.string()).nullish(),
});
const withGuid = z.object({ guid: z.string() });

let catalog: CatalogUnderTest;
let host: SinkHost;
let sink: Sink;
let deliver: ReturnType<typeof deliverer>;
let sequence = 0;

/** Says something of the shop `a`; resolves with the outcome and the number of write calls that it took. */
async function say(said?: Said, producer = 'files'): Promise<readonly [string | undefined, number]> {
  const before = catalog.writeCalls();
  sequence += 1;
  const outcomes = await deliver(annotatedShop('a', said, { sequence, producer }));
  return [kinds(outcomes)[0], catalog.writeCalls() - before];
}

async function held(): Promise<z.output<typeof shown>> {
  return shown.parse(await catalog.entity('shop', 'shop://a'));
}

async function names(): Promise<readonly string[]> {
  return (await held()).classifications.map(({ typeName }) => typeName).sort();
}

/** A person who works in the portal. */
async function person(method: string, path: string, body?: unknown): Promise<void> {
  await catalog.call(method, `/entity/guid/${(await held()).guid}/${path}`, body);
}

async function openSink(options: Partial<SinkHost> = {}): Promise<void> {
  sink = sinks.local.create({ url: catalog.url, ...catalogUser }, { ...host, ...options });
  await sink.open(never);
  deliver = deliverer(sink);
}

beforeEach(async () => {
  catalog = await openTestCatalog();
  await catalog.call('POST', '/types/typedefs', annotationTypes());
  host = sinkHost();
  await openSink();
});

afterEach(async () => {
  await sink.close();
  await catalog.close();
});

describe('deliver() of classifications', () => {
  it('adds them to an entity that is there, changes and removes them, each in one call, and none when nothing changed', async () => {
    await say();
    const pii = (level: string | null) => ({ classifications: [classified('PII', { level })] });
    expect(await say(pii('high'))).toEqual(['delivered', 2]);
    expect((await held()).classifications).toMatchObject([
      { typeName: 'PII', attributes: { level: 'high' }, propagate: false },
    ]);
    expect(await say(pii('high'))).toEqual(['unchanged', 0]);
    expect(await say(pii('low'))).toEqual(['delivered', 2]);
    expect((await held()).classifications[0]?.attributes).toMatchObject({ level: 'low' });
    expect(await say({ classifications: [classified('PII')] })).toEqual(['delivered', 2]);
    expect((await held()).classifications[0]?.attributes['level'] ?? null).toBeNull();
    expect(await say({ classifications: [] })).toEqual(['delivered', 2]);
    expect(await names()).toEqual([]);
  });

  it('come with a new entity, with attributes and a time in which they hold', async () => {
    const validityPeriods = [{ startTime: '2026/01/01 00:00:00', endTime: null, timeZone: 'Europe/Vienna' }];
    const since = '2026-01-02T03:04:05.000Z';
    const said = {
      classifications: [classified('PII', { since }, { validityPeriods }), classified('Secret')],
    };
    expect(await say(said)).toEqual(['delivered', 2]);
    expect(await names()).toEqual(['PII', 'Secret']);
    expect((await held()).classifications[0]).toMatchObject({
      attributes: { since: Date.parse(since) },
      validityPeriods: [{ startTime: '2026/01/01 00:00:00', timeZone: 'Europe/Vienna' }],
    });
    expect(await say({ ...said, labels: [] })).toEqual(['unchanged', 1]);
  });

  it('leaves what somebody else has put there, also when the source says the same and takes it back', async () => {
    await say({ classifications: [] });
    await person('POST', 'classifications', [{ typeName: 'PII', attributes: { level: 'theirs' } }]);
    expect(
      await say({ classifications: [classified('PII', { level: 'ours' }), classified('Secret')] }),
    ).toEqual(['delivered', 2]);
    expect(await say({ classifications: [] })).toEqual(['delivered', 2]);
    expect((await held()).classifications).toMatchObject([
      { typeName: 'PII', attributes: { level: 'theirs' } },
    ]);
  });

  it('leaves what somebody has changed or taken away since', async () => {
    await say({ classifications: [classified('PII', { level: 'ours' }), classified('Secret')] });
    await person('PUT', 'classifications', [{ typeName: 'PII', attributes: { level: 'theirs' } }]);
    await person('DELETE', 'classification/Secret');
    await say({
      classifications: [classified('PII', { level: 'new' }), classified('Secret')],
      labels: ['l'],
    });
    expect((await held()).classifications).toMatchObject([
      { typeName: 'PII', attributes: { level: 'theirs' } },
    ]);
    await say({ classifications: [] });
    expect(await names()).toEqual(['PII']);
  });

  it('waits for a type that is not there, and names it', async () => {
    const [outcome] = await deliver(annotatedShop('a', { classifications: [classified('Later')] }));
    expect(outcome).toMatchObject({ kind: 'missing', wanted: { refs: [], types: ['Later'] } });
    await catalog.call('POST', '/types/typedefs', {
      classificationDefs: [{ name: 'Later', superTypes: [], attributeDefs: [] }],
    });
    expect(await sink.find?.({ refs: [], types: ['Later', 'Never'] }, never)).toEqual({
      refs: [],
      types: ['Later'],
    });
    expect(await say({ classifications: [classified('Later')] })).toEqual(['delivered', 2]);
  });
});

describe('deliver() of labels, business metadata and custom attributes', () => {
  it('writes each by its own call, custom attributes with the entity, and nothing when nothing changed', async () => {
    await say();
    const said = {
      labels: ['gold', 'new'],
      businessAttributes: { Ownership: { costCentre: '4711', seats: 3, regions: ['AT', 'DE'] } },
      customAttributes: { sheet: 'shops', row: '7' },
    };
    expect(await say(said)).toEqual(['delivered', 3]);
    expect(await held()).toMatchObject(said);
    expect(await say(said)).toEqual(['unchanged', 0]);
    const changed = {
      labels: ['gold'],
      businessAttributes: { Ownership: { costCentre: '4712', seats: 3 } },
      customAttributes: { sheet: 'shops' },
    };
    expect(await say(changed)).toEqual(['delivered', 4]);
    expect(await held()).toMatchObject({ labels: ['gold'], customAttributes: { sheet: 'shops' } });
    expect((await held()).businessAttributes).toEqual({ Ownership: { costCentre: '4712', seats: 3 } });
    expect(await say({ labels: [], businessAttributes: {}, customAttributes: {} })).toEqual(['delivered', 3]);
    expect((await held()).businessAttributes ?? {}).toEqual({});
    expect(await held()).toMatchObject({ labels: [] });
    expect((await held()).customAttributes ?? {}).toEqual({});
  });

  it('leaves what people have put there or changed since', async () => {
    await say({
      labels: ['ours'],
      businessAttributes: { Ownership: { seats: 3, costCentre: '1' } },
      customAttributes: { a: 'ours', b: 'ours' },
    });
    await person('PUT', 'labels', ['theirs']);
    await person('POST', 'businessmetadata', { Ownership: { seats: 5, regions: ['AT'] } });
    await catalog.call('POST', '/entity', {
      entity: {
        typeName: 'shop',
        attributes: { qualifiedName: 'shop://a', name: 'a' },
        customAttributes: { a: 'ours', b: 'theirs', c: 'theirs' },
      },
    });
    await say({
      labels: ['other'],
      businessAttributes: { Ownership: { seats: 4, costCentre: '2' } },
      customAttributes: { a: 'new', b: 'new' },
    });
    expect(await held()).toMatchObject({
      labels: ['theirs', 'other'],
      businessAttributes: { Ownership: { seats: 5, costCentre: '2', regions: ['AT'] } },
      customAttributes: { a: 'new', b: 'theirs', c: 'theirs' },
    });
    await say({ labels: [], businessAttributes: {}, customAttributes: {} });
    expect(await held()).toMatchObject({
      labels: ['theirs'],
      businessAttributes: { Ownership: { seats: 5, regions: ['AT'] } },
      customAttributes: { b: 'theirs', c: 'theirs' },
    });
  });

  it('takes away what a source says no more, and never touches what it does not tell', async () => {
    await say({ labels: ['ours'], customAttributes: { a: 'ours' } });
    await person('PUT', 'labels', ['theirs']);
    expect(await say()).toEqual(['delivered', 2]);
    expect(await held()).toMatchObject({ labels: ['theirs'] });
    expect((await held()).customAttributes ?? {}).toEqual({});
    expect(await say()).toEqual(['unchanged', 0]);
  });

  it('joins what two producers say, and takes away only what none of them says', async () => {
    await say({ labels: ['both', 'x'] }, 'x');
    await say({ labels: ['both', 'y'] }, 'y');
    expect((await held()).labels.toSorted()).toEqual(['both', 'x', 'y']);
    await say({ labels: [] }, 'x');
    expect((await held()).labels.toSorted()).toEqual(['both', 'y']);
    await say({ labels: [] }, 'y');
    expect((await held()).labels).toEqual([]);
  });

  it('costs one dead letter when the catalogue refuses a value, and gives the others of the batch what is theirs', async () => {
    const wrong = annotatedShop('wrong', {
      businessAttributes: { Ownership: { costCentre: 'x'.repeat(60) } },
    });
    expect(kinds(await deliver(wrong, annotatedShop('a', { labels: ['l'] })))).toEqual([
      'rejected CATALOG_BAD_ENTITY',
      'delivered',
    ]);
    expect((await held()).labels).toEqual(['l']);
  });

  it('gives again what the catalogue has lost, when a replay says so', async () => {
    const said = { labels: ['l'], classifications: [classified('PII')] };
    await say(said);
    await person('DELETE', 'labels', ['l']);
    await catalog.call('DELETE', `/entity/guid/${(await held()).guid}`);
    await openSink({ force: true });
    await say(said);
    expect((await held()).labels).toEqual(['l']);
    expect(await names()).toEqual(['PII']);
  });

  it('knows what is its own again when its state was lost', async () => {
    const said = { labels: ['l'], customAttributes: { a: '1' }, classifications: [classified('PII')] };
    await say(said);
    host = sinkHost();
    await openSink();
    await say(said);
    expect(await say({ labels: [], customAttributes: {}, classifications: [] })).toEqual(['delivered', 3]);
    expect(await held()).toMatchObject({ labels: [], classifications: [] });
  });

  it('knows what is its own when it was killed before it wrote down what it had given', async () => {
    const { state } = host;
    let writes = 0;
    // Dies with the second write of a delivery: the catalogue has everything, and the state only what was about to be given.
    const dying = {
      ...state,
      write: async (some: Parameters<typeof state.write>[0]) => {
        writes += 1;
        if (writes > 1) throw new Error('killed');
        await state.write(some);
      },
    };
    await openSink({
      state: {
        get: (key) => state.get(key),
        scan: (prefix) => state.scan(prefix),
        close: () => state.close(),
        write: dying.write,
      },
    });
    await expect(say({ labels: ['l'], classifications: [classified('PII')] })).rejects.toThrow('killed');
    expect((await held()).labels).toEqual(['l']);
    await openSink();
    await say({ labels: ['l'], classifications: [classified('PII')] });
    await say({ labels: [], classifications: [] });
    expect(await held()).toMatchObject({ labels: [], classifications: [] });
  });
});

describe('deliver() of glossary terms', () => {
  const guidOf = (answer: unknown): string => withGuid.parse(answer).guid;
  const assigned = (): Promise<readonly string[]> => catalog.active('shop', 'shop://a', 'meanings');
  let glossary = '';
  const term = async (name: string): Promise<string> =>
    guidOf(await catalog.call('POST', '/glossary/term', { name, anchor: { glossaryGuid: glossary } }));

  beforeEach(async () => {
    glossary = guidOf(await catalog.call('POST', '/glossary', { name: 'Finance' }));
    await term('Sale');
    await term('Net');
  });

  it('assigns them and takes them back, and leaves those of others', async () => {
    await say();
    const theirs = await term('Theirs');
    await catalog.call('POST', `/glossary/terms/${theirs}/assignedEntities`, [{ guid: (await held()).guid }]);
    expect(await say({ terms: ['Sale@Finance', 'Net@Finance', 'Theirs@Finance'] })).toEqual(['delivered', 3]);
    expect(await assigned()).toEqual(['Net', 'Sale', 'Theirs']);
    expect(await say({ terms: ['Sale@Finance', 'Net@Finance', 'Theirs@Finance'] })).toEqual(['unchanged', 0]);
    expect(await say({ terms: ['Net@Finance'] })).toEqual(['delivered', 2]);
    expect(await assigned()).toEqual(['Net', 'Theirs']);
    expect(await say({ terms: [] })).toEqual(['delivered', 2]);
    expect(await assigned()).toEqual(['Theirs']);
  });

  it('waits for a term that is not there', async () => {
    const [outcome] = await deliver(annotatedShop('a', { terms: ['Later@Finance'] }));
    const wanted = { refs: [{ typeName: 'AtlasGlossaryTerm', qualifiedName: 'Later@Finance' }], types: [] };
    expect(outcome).toMatchObject({ kind: 'missing', wanted });
    expect((await sink.find?.(wanted, never))?.refs).toEqual([]);
    await term('Later');
    expect((await sink.find?.(wanted, never))?.refs).toHaveLength(1);
    expect((await say({ terms: ['Later@Finance'] }))[0]).toBe('delivered');
    expect(await assigned()).toEqual(['Later']);
  });
});

describe('reconcile() of what was given beside attributes', () => {
  async function drifts(repair: boolean): Promise<readonly string[]> {
    const found: string[] = [];
    for await (const drift of sink.reconcile?.(repair, never) ?? []) found.push(...drift.attributes);
    return found;
  }

  it('lists what somebody took away, not what somebody changed or added; with repair the next change gives it again', async () => {
    const said = {
      classifications: [classified('PII', { level: 'high' }), classified('Secret')],
      labels: ['gold', 'new'],
      businessAttributes: { Ownership: { costCentre: '4711', seats: 3 } },
      customAttributes: { sheet: 'shops' },
      contacts: { experts: [{ id: 'somebody', info: null }], owners: null },
    };
    await say(said);
    expect(await drifts(false)).toEqual([]);
    await person('PUT', 'classifications', [{ typeName: 'PII', attributes: { level: 'low' } }]);
    await person('DELETE', 'classification/Secret');
    await person('POST', 'labels', ['gold', 'theirs']);
    await person('DELETE', 'businessmetadata/Ownership', { costCentre: '4711' });
    const gone = ['classification Secret', 'label new', 'business metadata Ownership.costCentre'];
    expect(await drifts(false)).toEqual(gone);
    expect(await say(said)).toEqual(['unchanged', 0]);
    expect(await drifts(true)).toEqual(gone);
    await say(said);
    expect(await drifts(false)).toEqual([]);
    const { labels, classifications } = await held();
    expect([...labels].sort()).toEqual(['gold', 'new', 'theirs']);
    expect(classifications.find(({ typeName }) => typeName === 'PII')?.attributes['level']).toBe('low');
  });
});
