import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Delivery, Outcome, Sink } from '../../../pipeline/sink.ts';
import { createMemoryState } from '../../../platform/memory-state.ts';
import { sinks } from '../../../sinks/index.ts';
import type { EntityChange } from '../../../schemas/types.ts';
import { deletionOf, shop, shopProcess } from '../../support/changes.ts';
import { startServer, type TestServer } from '../../support/http-server.ts';
import { type CatalogUnderTest, catalogUser, openTestCatalog } from '../../support/local-catalog.ts';
import { kinds, never, sinkHost } from '../../support/sink-host.ts';

let catalog: CatalogUnderTest;
let server: TestServer;
/** Whether a request is refused as if it were wrong. */
let isRefused = (_method: string, _url: string, _body: string): boolean => false;
/** Whether nobody answers to it for the moment. */
let isAway = (_body: string, _url: string): boolean => false;
/** What it waits for. */
let until = (_body: string): Promise<void> | undefined => undefined;
let offset = 0;
let sink: Sink;

beforeAll(async () => {
  catalog = await openTestCatalog();
  server = await startServer(async ({ method, url, headers, body }, response) => {
    const json = { 'content-type': 'application/json' };
    if (isRefused(method, url, body)) {
      const answer = { errorCode: 'ATLAS-400-00-01B', errorMessage: 'It is wrong.' };
      return response.writeHead(400, json).end(JSON.stringify(answer));
    }
    if (isAway(body, url)) return response.writeHead(503, json).end();
    await until(body);
    const { authorization = '' } = headers;
    const answer = await fetch(catalog.url + url, {
      method,
      headers: { authorization, ...json },
      ...(body === '' ? {} : { body }),
    });
    return response.writeHead(answer.status, json).end(await answer.text());
  });
});

afterAll(async () => {
  await server.close();
  await catalog.close();
});

afterEach(() => {
  isRefused = () => false;
  isAway = () => false;
  until = () => undefined;
});

async function open(
  batch: Readonly<Record<string, number>> = {},
  state = createMemoryState(),
): Promise<void> {
  sink = sinks.local.create({ url: server.url, ...catalogUser, batch }, sinkHost({ state }));
  await sink.open(never);
}

function deliver(
  changes: readonly EntityChange[],
  more: Partial<Delivery> = {},
): Promise<readonly Outcome[]> {
  return sink.deliver(
    changes.map((change) => ({ change, offset: (offset += 1), ...more })),
    never,
  );
}

describe('deliver(), after a change that was written in part', () => {
  it('takes back what was written of a change that waits, when the next one says what was said before', async () => {
    await open();
    const job = (inputs: readonly string[], sequence: number): EntityChange =>
      shopProcess('w', { inputs, outputs: [] }, { sequence });
    await deliver([shop('wa'), shop('wb'), job(['wa'], 1)]);
    expect(kinds(await deliver([job(['wa', 'wb', 'none'], 2)]))).toEqual([
      'missing CATALOG_MISSING_REFERENT',
    ]);
    await deliver([job(['wa'], 3)]);
    expect(await catalog.active('shop_process', 'process://w', 'inputs')).toEqual(['wa']);
  });

  it('takes back what was written of one that became a dead letter', async () => {
    await open({ entities: 2 });
    const narrow = { shelves: ['1'], city: 'Ulm' };
    await deliver([shop('d', narrow)]);
    isRefused = (_method, _url, body) => body.includes('shop://d/3');
    const wide = { shelves: ['1', '2', '3', '4'], city: 'Bonn' };
    expect(kinds(await deliver([shop('d', wide, { sequence: 2 }), shop('other')]))).toEqual([
      'rejected CATALOG_BAD_ENTITY',
      'delivered',
    ]);
    isRefused = () => false;
    await deliver([shop('d', narrow, { sequence: 3 })]);
    expect(await catalog.active('shop', 'shop://d', 'shelves')).toEqual(['1']);
    expect((await catalog.entity('shop', 'shop://d'))?.attributes['city']).toBe('Ulm');
  });

  it('takes back what a process had written that died before it said so, when the next one comes in one batch with it', async () => {
    const state = createMemoryState();
    await open({}, state);
    const narrow = { shelves: ['1'] };
    await deliver([shop('k', narrow)]);
    const wide = shop('k', { shelves: ['1', '2'], city: 'Bonn' }, { sequence: 2 });
    const added = shop('n', { shelves: ['1', '2'], city: 'Bonn' });
    await open({}, { ...state, write: () => Promise.reject(new Error('It was killed.')) });
    await expect(deliver([wide, added])).rejects.toThrow('killed');
    expect(await catalog.active('shop', 'shop://n', 'shelves')).toEqual(['1', '2']);
    await open({}, state);
    const next = [shop('k', narrow, { sequence: 3 }), shop('n', narrow, { sequence: 2 })];
    expect(kinds(await deliver([wide, added, ...next], { isUncertain: true }))).toEqual([
      'superseded',
      'superseded',
      'delivered',
      'delivered',
    ]);
    for (const name of ['k', 'n']) {
      expect(await catalog.active('shop', `shop://${name}`, 'shelves')).toEqual(['1']);
      expect((await catalog.entity('shop', `shop://${name}`))?.attributes['city']).toBeFalsy();
    }
  });

  it('deletes what was written of a change after a deletion, when another deletion comes', async () => {
    const state = createMemoryState();
    await open({ entities: 2 }, state);
    isRefused = (_method, _url, body) => body.includes('shop://g/3');
    await deliver([shop('g'), shop('h')]);
    await deliver([deletionOf(shop('g')), deletionOf(shop('h'))]);
    const wide = shop('g', { shelves: ['1', '2', '3'] }, { sequence: 3 });
    expect(kinds(await deliver([wide, shop('more')]))[0]).toBe('rejected CATALOG_BAD_ENTITY');
    isRefused = () => false;
    const again = shop('h', {}, { sequence: 3 });
    await open({}, { ...state, write: () => Promise.reject(new Error('It was killed.')) });
    await expect(deliver([again])).rejects.toThrow('killed');
    await open({}, state);
    let refusals = 100;
    isAway = () => (refusals -= 1) >= 0;
    const deletions = [deletionOf(shop('g'), { sequence: 4 }), deletionOf(shop('h'), { sequence: 4 })];
    const first = await deliver([again, ...deletions], { isUncertain: true });
    expect(kinds(first)).toEqual(['superseded', 'retry CATALOG_UNAVAILABLE', 'retry CATALOG_UNAVAILABLE']);
    isAway = () => false;
    expect(kinds(await deliver(deletions, { isUncertain: true }))).toEqual(['delivered', 'delivered']);
    for (const name of ['g', 'h'])
      expect((await catalog.entity('shop', `shop://${name}`))?.status).not.toBe('ACTIVE');
  });

  it('remembers what a process had written that died, when what overtakes it fails at first', async () => {
    const state = createMemoryState();
    await open({}, state);
    const narrow = (sequence: number): EntityChange => shop('f', { shelves: ['1'] }, { sequence });
    await deliver([narrow(1)]);
    const wide = shop('f', { shelves: ['1', '2'], city: 'Bonn' }, { sequence: 2 });
    await open({}, { ...state, write: () => Promise.reject(new Error('It was killed.')) });
    await expect(deliver([wide])).rejects.toThrow('killed');
    await open({}, state);
    isAway = (body) => body.includes('shop://f');
    const first = await deliver([wide, narrow(3)], { isUncertain: true });
    expect(kinds(first)).toEqual(['superseded', 'retry CATALOG_UNAVAILABLE']);
    isAway = () => false;
    expect(kinds(await deliver([narrow(3)], { isUncertain: true }))).toEqual(['delivered']);
    expect(await catalog.active('shop', 'shop://f', 'shelves')).toEqual(['1']);
  });

  it('remembers it also when nobody says at first what a reference of what overtakes it is', async () => {
    const state = createMemoryState();
    await open({}, state);
    const narrow = (sequence: number): EntityChange => shop('u', { shelves: ['1'] }, { sequence });
    await deliver([narrow(1)]);
    const wide = shop('u', { shelves: ['1', '2'] }, { sequence: 2 });
    await open({}, { ...state, write: () => Promise.reject(new Error('It was killed.')) });
    await expect(deliver([wide])).rejects.toThrow('killed');
    await open({}, state);
    isAway = (_body, url) => url.includes('/types/');
    const { entities, ...change } = narrow(3);
    const references = [{ attribute: 'owners', many: true, targets: [] }];
    const strange = {
      ...change,
      entities: entities.map((one, at) => (at === 0 ? { ...one, references } : one)),
    };
    const first = await deliver([wide, strange], { isUncertain: true });
    expect(kinds(first)).toEqual(['superseded', 'retry CATALOG_UNAVAILABLE']);
    isAway = () => false;
    await deliver([narrow(3)], { isUncertain: true });
    expect(await catalog.active('shop', 'shop://u', 'shelves')).toEqual(['1']);
  });

  it('takes back nothing of what was derived before what is recorded', async () => {
    await open();
    const at = (number: number): Partial<Delivery> => ({ sequence: `w-${String(number).padStart(16, '0')}` });
    await deliver([shop('o', { city: 'x' })], at(2));
    const calls = catalog.writeCalls();
    const [older, same] = [shop('o', { city: 'y' }), shop('o', { city: 'x' })];
    const outcomes = await sink.deliver(
      [
        { change: older, offset: 1, isUncertain: true, ...at(1) },
        { change: same, offset: 2, isUncertain: true, ...at(2) },
      ],
      never,
    );
    expect([kinds(outcomes), catalog.writeCalls() - calls]).toEqual([['superseded', 'unchanged'], 0]);
  });

  it('takes back nothing of a dead letter that was overruled before it came again', async () => {
    await open();
    const said = (sequence: number): EntityChange => shop('late', { city: 'x' }, { sequence });
    await sink.deliver([{ change: said(1), offset: 9 }], never);
    const calls = catalog.writeCalls();
    const letter = { change: shop('late', { city: 'y' }), offset: 5, isLate: true, isUncertain: true };
    const outcomes = await sink.deliver([letter, { change: said(2), offset: 10 }], never);
    expect([kinds(outcomes), catalog.writeCalls() - calls]).toEqual([['superseded', 'unchanged'], 0]);
  });

  it('asks no more than ever for what turns out to be new', async () => {
    await open();
    await deliver([shop('nx'), shop('ny')]);
    const [reads, writes] = [catalog.readCalls(), catalog.writeCalls()];
    const job = (input: string, sequence: number): EntityChange =>
      shopProcess('new', { inputs: [input], outputs: [] }, { sequence });
    expect(kinds(await deliver([job('nx', 1), job('ny', 2)], { isUncertain: true }))).toEqual([
      'superseded',
      'delivered',
    ]);
    expect([catalog.readCalls() - reads, catalog.writeCalls() - writes]).toEqual([0, 1]);
  });

  it('writes nothing for what comes again and was recorded', async () => {
    await open();
    const [first, second] = [shop('r'), shop('r', { city: 'x' }, { sequence: 2 })];
    await deliver([first]);
    await deliver([second]);
    const calls = catalog.writeCalls();
    const again = [shop('r', {}, { sequence: 1 }), second, shop('r', { city: 'x' }, { sequence: 3 })];
    expect(kinds(await deliver(again, { isUncertain: true }))).toEqual([
      'superseded',
      'superseded',
      'unchanged',
    ]);
    expect(catalog.writeCalls()).toBe(calls);
  });
});

it('deliver() rejects with what may pass when the catalogue was emptied, and writes whole what comes again', async () => {
  await open();
  const before = shop('e', { shelves: ['1', '2'] });
  await deliver([before]);
  await catalog.close();
  catalog = await openTestCatalog();
  const batch = [shop('first'), shop('e', { shelves: ['1', '2'], city: 'Ulm' }, { sequence: 2 })];
  await expect(deliver(batch)).rejects.toMatchObject({ code: 'CATALOG_UNAVAILABLE', retryable: true });
  expect(kinds(await deliver(batch))).toEqual(['delivered', 'delivered']);
  expect(await catalog.active('shop', 'shop://e', 'shelves')).toEqual(['1', '2']);
});

it('deliver() writes whole also what was in flight when another batch found the catalogue emptied', async () => {
  await open();
  await deliver([shop('c1', { shelves: ['1'] }), shop('c2', { shelves: ['1'] })]);
  let goOn = (): void => undefined;
  const emptied = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  let arrive = (): void => undefined;
  const arrived = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  until = (body) => {
    if (!body.includes('shop://c2')) return undefined;
    arrive();
    return emptied;
  };
  const second = [shop('c2', { shelves: ['1'], city: 'Ulm' }, { sequence: 2 })];
  const inFlight = deliver(second);
  await arrived;
  await catalog.close();
  catalog = await openTestCatalog();
  const first = [shop('c1', { shelves: ['1'], city: 'Ulm' }, { sequence: 2 })];
  await expect(deliver(first)).rejects.toMatchObject({ code: 'CATALOG_UNAVAILABLE' });
  goOn();
  await expect(inFlight).rejects.toMatchObject({ code: 'CATALOG_UNAVAILABLE' });
  for (const batch of [first, second]) expect(kinds(await deliver(batch))).toEqual(['delivered']);
  for (const name of ['c1', 'c2'])
    expect(await catalog.active('shop', `shop://${name}`, 'shelves')).toEqual(['1']);
});
