import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Sink } from '../../../pipeline/sink.ts';
import { createMemoryState } from '../../../platform/memory-state.ts';
import type { EntityChange } from '../../../schemas/types.ts';
import { sinks } from '../../../sinks/index.ts';
import { deletionOf, deliveries, shop, shopProcess } from '../../support/changes.ts';
import { startServer, type TestServer } from '../../support/http-server.ts';
import { type CatalogUnderTest, catalogUser, openTestCatalog } from '../../support/local-catalog.ts';
import { kinds, never, sinkHost } from '../../support/sink-host.ts';

let catalog: CatalogUnderTest;
let server: TestServer;
let sink: Sink;
let runs = 0;
/** Names of this test begin with it. */
let run = '';
/** Resolves when what stands behind the job in its batch has arrived; what lets it go on. */
let arrived: Promise<void>;
let arrive = (): void => undefined;
let goOn = (): void => undefined;
let held: Promise<void>;
/** Whether no relationship can be made. */
let isAway = false;
/** Told when one is to be made that cannot. */
let onAway = (): void => undefined;

beforeAll(async () => {
  catalog = await openTestCatalog();
  server = await startServer(async ({ method, url, headers, body }, response) => {
    if (isAway && url.includes('/relationship')) {
      onAway();
      return response.writeHead(503).end();
    }
    if (method === 'POST' && body.includes(`process://${run}slow`)) {
      arrive();
      await held;
    }
    const { authorization = '' } = headers;
    const answer = await fetch(catalog.url + url, {
      method,
      headers: { authorization, 'content-type': 'application/json' },
      ...(body === '' ? {} : { body }),
    });
    return response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text());
  });
});

afterAll(async () => {
  await server.close();
  await catalog.close();
});

beforeEach(async () => {
  run = `r${(runs += 1)}-`;
  isAway = false;
  onAway = () => undefined;
  arrived = new Promise((resolve) => {
    arrive = resolve;
  });
  held = new Promise((resolve) => {
    goOn = resolve;
  });
  const options = { url: server.url, ...catalogUser, batch: { entities: 1 } };
  sink = sinks.local.create(options, sinkHost({ state: createMemoryState() }));
  await sink.open(never);
});

const x = (sequence = 1): EntityChange => shop(`${run}x`, {}, { sequence });
const job = (inputs: readonly string[], sequence: number): EntityChange =>
  shopProcess(`${run}job`, { inputs: inputs.map((name) => run + name), outputs: [] }, { sequence });
/** Of the job, and of something that keeps its batch from its end for as long as the test wants. */
const jobInFlight = (inputs: readonly string[]): readonly EntityChange[] => [
  job(inputs, 2),
  shopProcess(`${run}slow`, { inputs: [], outputs: [] }),
];
const inputs = (): Promise<readonly string[]> =>
  catalog.active('shop_process', `process://${run}job`, 'inputs');

describe('deliver(), while another batch makes anew what it has to do with', () => {
  it('does not leave a tie that was given up', async () => {
    await sink.deliver(deliveries([x(), job(['x'], 1)]), never);
    await sink.deliver(deliveries([deletionOf(x())], 10), never);
    const first = sink.deliver(deliveries(jobInFlight([]), 20), never);
    await arrived;
    expect(kinds(await sink.deliver(deliveries([x(3)], 30), never))).toEqual(['delivered']);
    goOn();
    expect(kinds(await first)).toEqual(['unchanged', 'delivered']);
    expect(await inputs()).toEqual([]);
  });

  it('has the tie that was made meanwhile to what was there before', async () => {
    await sink.deliver(deliveries([x(), job([], 1)]), never);
    const first = sink.deliver(deliveries(jobInFlight(['x']), 20), never);
    await arrived;
    await sink.deliver(deliveries([deletionOf(x(), { sequence: 3 }), x(4)], 30), never);
    goOn();
    expect(kinds(await first)).toEqual(['delivered', 'delivered']);
    expect(await inputs()).toEqual([`${run}x`]);
  });

  it('asks for the change again when the tie cannot be made now', async () => {
    await sink.deliver(deliveries([x(), job([], 1)]), never);
    const first = sink.deliver(deliveries(jobInFlight(['x']), 20), never);
    await arrived;
    await sink.deliver(deliveries([deletionOf(x(), { sequence: 3 }), x(4)], 30), never);
    isAway = true;
    goOn();
    expect(kinds(await first)).toEqual(['retry CATALOG_UNAVAILABLE', 'delivered']);
    isAway = false;
    await sink.deliver(deliveries(jobInFlight(['x']), 20), never);
    expect(await inputs()).toEqual([`${run}x`]);
  });

  it('has every tie when it comes again after it was stopped at the first of them', async () => {
    const other = (inputs: readonly string[], sequence: number): EntityChange =>
      shopProcess(`${run}other`, { inputs, outputs: [] }, { sequence });
    await sink.deliver(deliveries([x(), job([], 1), other([], 1)]), never);
    const stop = new AbortController();
    const batch = deliveries([...jobInFlight(['x']), other([`${run}x`], 2)], 20);
    const first = sink.deliver(batch, stop.signal);
    await arrived;
    await sink.deliver(deliveries([deletionOf(x(), { sequence: 3 }), x(4)], 30), never);
    isAway = true;
    onAway = () => stop.abort(new Error('It is stopped.'));
    goOn();
    await expect(first).rejects.toThrow('It is stopped.');
    isAway = false;
    await sink.deliver(batch, never);
    expect(await inputs()).toEqual([`${run}x`]);
    expect(await catalog.active('shop_process', `process://${run}other`, 'inputs')).toEqual([`${run}x`]);
  });
});
