import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openCatalog, type OpenCatalog } from '../../../catalog/open-catalog.ts';
import { waitUntilSettled } from '../../../cli/settled.ts';
import { countParked } from '../../../pipeline/delivery/parked-entry.ts';
import { readStageTotals } from '../../../pipeline/delivery/partition-counts.ts';
import { SinkStage } from '../../../pipeline/sink-stage.ts';
import type { StateStore } from '../../../pipeline/state.ts';
import { createTelemetry } from '../../../pipeline/telemetry.ts';
import { groups, topics } from '../../../pipeline/topics.ts';
import type { Transport } from '../../../pipeline/transport.ts';
import { createMemoryState } from '../../../platform/memory-state.ts';
import { encodeEvent } from '../../../schemas/codec.ts';
import type { EntityChange } from '../../../schemas/types.ts';
import { sinks } from '../../../sinks/index.ts';
import { createMemoryTransport } from '../../../transports/memory.ts';
import { deliveries, shop } from '../../support/changes.ts';
import { startServer, type TestServer } from '../../support/http-server.ts';
import { catalogUser } from '../../support/local-catalog.ts';
import { anyRenameStep, changesOfRaw, rawOfRenames, type RenameStep } from '../../support/rename-steps.ts';
import { anyShopStep, changesOfSteps, deliverAll, type ShopStep } from '../../support/shop-steps.ts';
import { kinds, never, sinkHost } from '../../support/sink-host.ts';

/** What happens to a request: it passes, at once or late; it is answered like that and not done; or it is done and not answered. */
type Fault = 'none' | 'late' | 'lost' | 400 | 401 | 403 | 413 | 429 | 500 | 503;

let folder: string;
let catalog: OpenCatalog;
let server: TestServer;
let faults: Fault[] = [];
let onRequest = (): void => undefined;
let runs = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plan-ahead-'));
  catalog = await openCatalog({ path: folder, port: 0 });
  server = await startServer(async ({ method, url, headers, body }, response) => {
    const json = { 'content-type': 'application/json' };
    const fault = url.includes('/types/') ? 'none' : (faults.shift() ?? 'none');
    if (!url.includes('/types/')) onRequest();
    if (typeof fault === 'number') {
      // Only what is written in bulk can be too much, or at fault itself.
      const isBulk = method === 'POST' && url.includes('/entity/bulk');
      const status = isBulk || ![400, 413, 500].includes(fault) ? fault : 503;
      const wrong = { errorCode: 'ATLAS-400-00-01B', errorMessage: 'It is wrong.' };
      return response.writeHead(status, { ...json, 'retry-after': '0' }).end(JSON.stringify(wrong));
    }
    if (fault === 'late') for (let at = 0; at < 30; at += 1) await turn();
    const { authorization = '' } = headers;
    const answer = await fetch(catalog.url + url, {
      method,
      headers: { authorization, ...json },
      ...(body === '' ? {} : { body }),
    });
    const text = await answer.text();
    if (fault === 'lost') return response.destroy();
    return response.writeHead(answer.status, json).end(text);
  });
});

afterAll(async () => {
  await server.close();
  await catalog.close();
  await rm(folder, { recursive: true });
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

/** How a process is started. */
interface Setup {
  readonly transport: Transport;
  readonly state: StateStore;
  readonly batch: number;
  readonly lanes: number;
  readonly entities: number;
  readonly credits: number;
  /** Told of dead letters. */
  readonly onLetter: (message: string) => void;
}

/** One process: from its start until all is settled, it dies, or it is told to stop with some request. */
async function live(setup: Setup, stopWith = 0): Promise<'done' | 'stopped'> {
  const { transport, state, batch, lanes, entities, credits, onLetter } = setup;
  const options = { url: server.url, ...catalogUser, batch: { entities } };
  const sink = sinks.local.create(options, sinkHost({ state }));
  const [stop, told] = [new AbortController(), new AbortController()];
  const telemetry = createTelemetry();
  telemetry.on('deadLettered', ({ message }) => onLetter(message));
  const stage = new SinkStage({
    transport,
    sink,
    telemetry,
    credits: { records: credits, bytes: 1_000_000 },
    lanes,
    batch: { count: batch, bytes: 1_000_000, withinMs: 1 },
    missingReferent: 'dead-letter',
    parkForMs: 600_000,
    retryDelayMs: 1,
    keepTrying: true,
    now: () => new Date(0),
  });
  let left = stopWith;
  onRequest = () => {
    left -= 1;
    if (left === 0) told.abort();
  };
  const end = AbortSignal.any([stop.signal, told.signal]);
  const ended = stage.run(end);
  const settled = waitUntilSettled(transport, end, { stages: ['sink'], sink: stage });
  const isTold = (): boolean => told.signal.aborted;
  try {
    return await Promise.race([
      settled.then(
        () => 'done' as const,
        (thrown: unknown) => (isTold() ? ended.then(() => 'stopped' as const) : Promise.reject(thrown)),
      ),
      ended.then(() => (isTold() ? 'stopped' : Promise.reject(new Error('It ended by itself.')))),
    ]);
  } finally {
    stop.abort();
    await ended.catch((thrown: unknown) => thrown);
  }
}

/** Lives once more for as long as the credentials are refused. Resolves with what a process that was killed says. */
async function lived(setup: Setup, stopWith?: number): Promise<unknown> {
  const end = await live(setup, stopWith).catch((thrown: unknown) => thrown);
  if (!(end instanceof Error)) return end;
  return end.message.includes('401') ? lived(setup, stopWith) : end.message;
}

async function filled(changes: readonly EntityChange[], partitions: number): Promise<Transport> {
  const transport = createMemoryTransport();
  await transport.ensureTopics(Object.values(topics).map((name) => ({ name, partitions })));
  const records = changes.map((change) => ({
    key: change.qualifiedName,
    value: encodeEvent('entity-change', change),
    headers: {},
  }));
  await transport.append(topics.entities, records);
  return transport;
}

const numRuns = Number(process.env['PLAN_RUNS'] ?? 8);

const anyFault = fc.oneof(
  { weight: 8, arbitrary: fc.constant<Fault>('none') },
  { weight: 4, arbitrary: fc.constant<Fault>('late') },
  { weight: 4, arbitrary: fc.constantFrom<Fault>('lost', 403, 413, 429, 500, 503) },
  { weight: 1, arbitrary: fc.constantFrom<Fault>(400, 401) },
);

/** The ends of processes: killed at one of its writes, or told to stop with one of its requests. */
const anyEnd = fc.oneof(
  fc.record({ kill: fc.integer({ min: 1, max: 25 }), isLate: fc.boolean() }),
  fc.record({ stop: fc.integer({ min: 1, max: 25 }) }),
);

const anyRun = fc.record({
  history: fc.oneof(
    fc.record({ steps: fc.array(anyShopStep, { minLength: 1, maxLength: 10 }) }),
    fc.record({ renames: fc.array(anyRenameStep, { minLength: 1, maxLength: 7 }) }),
  ),
  spacing: fc.array(fc.nat(2), { minLength: 5, maxLength: 5 }),
  partitions: fc.integer({ min: 1, max: 2 }),
  sizes: fc.record({
    batch: fc.integer({ min: 1, max: 4 }),
    lanes: fc.integer({ min: 1, max: 3 }),
    entities: fc.constantFrom(1, 2, 3, 100),
    credits: fc.constantFrom(1, 3, 50),
  }),
  faults: fc.array(anyFault, { maxLength: 40 }),
  ends: fc.array(anyEnd, { maxLength: 3 }),
});

type History = { readonly steps: readonly ShopStep[] } | { readonly renames: readonly RenameStep[] };

/** A history with assets of their own between its changes, so that batches without a common key follow each other. */
async function changesOf(
  history: History,
  spacing: readonly number[],
  run: string,
): Promise<readonly EntityChange[]> {
  const changes =
    'steps' in history
      ? changesOfSteps(history.steps, run)
      : changesOfRaw(await rawOfRenames(history.renames), run);
  return changes.flatMap((change, index) => [
    change,
    ...Array.from({ length: spacing[index % spacing.length] ?? 0 }, (_, at) =>
      shop(`${run}f${index}-${at}`, { shelves: ['1'] }),
    ),
  ]);
}

/** What the catalogue holds of a run, without its prefix. */
function held(run: string): readonly string[] {
  const lines = catalog.export().split('\n');
  return lines.filter((line) => line.includes(run)).map((line) => line.replaceAll(run, ''));
}

it(
  'run() ends in the same catalogue whatever fails, and wherever it is killed or stopped, while the next batch is planned',
  async () => {
    await fc.assert(
      fc.asyncProperty(anyRun, async ({ history, spacing, partitions, sizes, faults: some, ends }) => {
        const one = `s${(runs += 1)}-`;
        const plain = sinks.local.create({ url: catalog.url, ...catalogUser }, sinkHost());
        await plain.open(never);
        const inOrder = deliveries(await changesOf(history, spacing, one)).map((delivery) => [delivery]);
        await deliverAll(plain, inOrder);

        const run = `r${runs}-`;
        const changes = await changesOf(history, spacing, run);
        const [transport, state] = [await filled(changes, partitions), createMemoryState()];
        const letters: string[] = [];
        const setup: Setup = { transport, state, ...sizes, onLetter: (message) => letters.push(message) };
        faults = [...some];
        for (const end of ends) {
          const mortal = 'kill' in end ? new Mortal(end.kill, end.isLate) : undefined;
          const mortals = mortal && { transport: mortal.transport(transport), state: mortal.state(state) };
          const how = await lived({ ...setup, ...mortals }, 'stop' in end ? end.stop : undefined);
          expect(['done', 'stop' in end ? 'stopped' : 'It was killed.']).toContain(how);
        }
        expect(await lived(setup)).toBe('done');
        expect(held(run)).toEqual(held(one));
        expect(letters).toEqual([]);
        expect(await countParked(transport.transactions.state, groups.sink)).toBe(0);
        expect((await readStageTotals(transport.transactions.state))[0]).toMatchObject({ inFlight: 0 });

        const again = sinks.local.create({ url: catalog.url, ...catalogUser }, sinkHost({ state }));
        await again.open(never);
        const before = catalog.counters().writeCalls;
        const fillers = changes.filter(({ qualifiedName }) => qualifiedName.startsWith(`shop://${run}f`));
        const outcomes = kinds(await again.deliver(deliveries(fillers, 1000), never));
        expect([outcomes, catalog.counters().writeCalls]).toEqual([fillers.map(() => 'unchanged'), before]);
      }),
      { numRuns, endOnFailure: true },
    );
  },
  60_000 + numRuns * 30_000, // as a rule half a second each; with many faults, beside other work, one may take half a minute
);
