import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { waitUntilSettled } from '../../../cli/settled.ts';
import { SinkStage } from '../../../pipeline/sink-stage.ts';
import type { StateStore } from '../../../pipeline/state.ts';
import { createTelemetry } from '../../../pipeline/telemetry.ts';
import { topics } from '../../../pipeline/topics.ts';
import type { Transport } from '../../../pipeline/transport.ts';
import { createMemoryState } from '../../../platform/memory-state.ts';
import { encodeEvent } from '../../../schemas/codec.ts';
import type { EntityChange } from '../../../schemas/types.ts';
import { sinks } from '../../../sinks/index.ts';
import { createMemoryTransport } from '../../../transports/memory.ts';
import { deliveries, shop } from '../../support/changes.ts';
import { startServer, type TestServer } from '../../support/http-server.ts';
import { type CatalogUnderTest, catalogUser, openTestCatalog } from '../../support/local-catalog.ts';
import { anyShopStep, changesOfSteps, deliverAll, heldOfSteps } from '../../support/shop-steps.ts';
import { kinds, never, sinkHost } from '../../support/sink-host.ts';

/** What happens to a write: it passes, is refused for now, is too much, or is done and not answered. */
type Fault = 'none' | 'away' | 'large' | 'lost';

let catalog: CatalogUnderTest;
let server: TestServer;
let faults: Fault[] = [];
let runs = 0;

beforeAll(async () => {
  catalog = await openTestCatalog();
  server = await startServer(async ({ method, url, headers, body }, response) => {
    const isBulk = method === 'POST' && url.includes('/entity/bulk');
    const fault = isBulk ? (faults.shift() ?? 'none') : 'none';
    if (fault === 'away') return response.writeHead(503).end();
    if (fault === 'large') return response.writeHead(413).end();
    const { authorization = '' } = headers;
    const answer = await fetch(catalog.url + url, {
      method,
      headers: { authorization, 'content-type': 'application/json' },
      ...(body === '' ? {} : { body }),
    });
    const text = await answer.text();
    if (fault === 'lost') return response.destroy();
    return response.writeHead(answer.status, { 'content-type': 'application/json' }).end(text);
  });
});

afterAll(async () => {
  await server.close();
  await catalog.close();
});

/** Dies at one of its writes, before it is done or after: nothing is written any more then. */
class Mortal {
  #left: number;
  readonly #isLate: boolean;

  constructor(writes: number, isLate: boolean) {
    this.#left = writes;
    this.#isLate = isLate;
  }

  async write<T>(work: () => Promise<T>): Promise<T> {
    this.#left -= 1;
    if (this.#left > 0) return work();
    if (this.#left === 0 && this.#isLate) await work();
    throw new Error('It was killed.');
  }

  state(of: StateStore): StateStore {
    return {
      get: (key) => of.get(key),
      scan: (prefix) => of.scan(prefix),
      close: () => of.close(),
      write: (writes) => this.write(() => of.write(writes)),
    };
  }

  transport(of: Transport): Transport {
    return {
      ensureTopics: (specs) => of.ensureTopics(specs),
      append: (topic, records) => of.append(topic, records),
      read: (topic, partition, from) => of.read(topic, partition, from),
      describe: (topic) => of.describe(topic),
      recordLimit: (topic) => of.recordLimit(topic),
      subscribe: (options) => of.subscribe(options),
      admin: of.admin,
      close: () => of.close(),
      transactions: {
        state: this.state(of.transactions.state),
        run: (work) => this.write(() => of.transactions.run(work)),
        update: (work) => of.transactions.update(work),
        view: (read) => of.transactions.view(read),
      },
    };
  }
}

/** One process: from its start until all is settled, or it dies. */
async function live(transport: Transport, state: StateStore, batch: number): Promise<void> {
  const sink = sinks.local.create({ url: server.url, ...catalogUser }, sinkHost({ state }));
  const stop = new AbortController();
  const stage = new SinkStage({
    transport,
    sink,
    telemetry: createTelemetry(),
    credits: { records: 50, bytes: 1_000_000 },
    lanes: 1,
    batch: { count: batch, bytes: 1_000_000, withinMs: 1 },
    missingReferent: 'dead-letter',
    parkForMs: 600_000,
    retryDelayMs: 1,
    now: () => new Date(0),
  });
  const ended = stage.run(stop.signal);
  try {
    await Promise.race([
      waitUntilSettled(transport, stop.signal, { stages: ['sink'], sink: stage }),
      ended.then(() => Promise.reject(new Error('It ended by itself.'))),
    ]);
  } finally {
    stop.abort();
    await ended.catch((thrown: unknown) => thrown);
  }
}

async function filled(changes: readonly EntityChange[]): Promise<Transport> {
  const transport = createMemoryTransport();
  await transport.ensureTopics(Object.values(topics).map((name) => ({ name, partitions: 1 })));
  const records = changes.map((change) => ({
    key: change.qualifiedName,
    value: encodeEvent('entity-change', change),
    headers: {},
  }));
  await transport.append(topics.entities, records);
  return transport;
}

const anyRun = fc.record({
  steps: fc.array(anyShopStep, { minLength: 1, maxLength: 8 }),
  batch: fc.integer({ min: 1, max: 3 }),
  faults: fc.array(fc.constantFrom<Fault>('none', 'none', 'none', 'away', 'large', 'lost'), {
    maxLength: 16,
  }),
  deaths: fc.array(fc.tuple(fc.integer({ min: 1, max: 25 }), fc.boolean()), { maxLength: 2 }),
});

/** A history with an asset of its own behind each change, so that batches without a common key follow each other. */
function spaced(changes: readonly EntityChange[], run: string): readonly EntityChange[] {
  return changes.flatMap((change, index) => [change, shop(`${run}f${index}`, { shelves: ['1'] })]);
}

it('run() ends in the same catalogue whatever fails, and wherever it is killed, while the next batch is planned', async () => {
  await fc.assert(
    fc.asyncProperty(anyRun, async ({ steps, batch, faults: some, deaths }) => {
      const one = `s${(runs += 1)}-`;
      const plain = sinks.local.create({ url: catalog.url, ...catalogUser }, sinkHost());
      await plain.open(never);
      const inOrder = deliveries(changesOfSteps(steps, one)).map((delivery) => [delivery]);
      await deliverAll(plain, inOrder);

      const run = `r${runs}-`;
      const changes = spaced(changesOfSteps(steps, run), run);
      const [transport, state] = [await filled(changes), createMemoryState()];
      faults = [...some];
      for (const [writes, isLate] of deaths) {
        const mortal = new Mortal(writes, isLate);
        const end = await live(mortal.transport(transport), mortal.state(state), batch).then(
          () => 'It was killed.', // it was done before that
          (thrown: unknown) => (thrown instanceof Error ? thrown.message : thrown),
        );
        expect(end).toBe('It was killed.');
      }
      await live(transport, state, batch);
      expect(await heldOfSteps(catalog, run)).toEqual(await heldOfSteps(catalog, one));
      const fillers = changes.filter(({ qualifiedName }) => qualifiedName.startsWith(`shop://${run}f`));
      const shelves = fillers.map((one) => catalog.active('shop', one.qualifiedName, 'shelves'));
      expect(await Promise.all(shelves)).toEqual(fillers.map(() => ['1']));

      const again = sinks.local.create({ url: server.url, ...catalogUser }, sinkHost({ state }));
      await again.open(never);
      const before = catalog.writeCalls();
      expect(new Set(kinds(await again.deliver(deliveries(fillers, 1000), never)))).toEqual(
        new Set(['unchanged']),
      );
      expect(catalog.writeCalls()).toBe(before);
    }),
    { numRuns: 8, endOnFailure: true },
  );
}, 120_000);
