import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configure } from '../cli/configured.ts';
import { loadConfig } from '../cli/load-config.ts';
import { openPipeline } from '../cli/open-pipeline.ts';
import { SinkStage } from '../pipeline/sink-stage.ts';
import { createTelemetry } from '../pipeline/telemetry.ts';
import { groups, topics } from '../pipeline/topics.ts';
import { encodeEvent } from '../schemas/codec.ts';
import type { EntityChange } from '../schemas/types.ts';
import {
  type Benchmark,
  type BenchmarkContext,
  type Figure,
  inFolder,
  median,
  range,
  repeats,
  sized,
  timed,
} from './benchmark.ts';
import { caughtUp, runUntil } from './pipeline.ts';
import { seededRandom } from '../test/support/random.ts';
import { poison, ThrottledCatalogue } from './throttled-catalogue.ts';
import { producer } from './workload.ts';

const partitions = 4;
const appendedTogether = 1000;

/** A table of its own, that stands for `n`. */
function change(n: number, name: string): EntityChange {
  const ref = { typeName: 'generic_table', qualifiedName: `bench://shop/t${n}` };
  return {
    operation: 'UPSERT',
    ...ref,
    producer,
    objectId: `t${n}`,
    position: { incarnation: 'bench', sequence: 1 },
    entities: [{ ...ref, attributes: { name, description: `Orders of shop ${n}.` }, references: [] }],
    complete: [],
    placeholder: false,
  };
}

interface Run {
  readonly folder: string;
  readonly entities: number;
  /** Numbers of those that are refused for good. */
  readonly poisoned: ReadonlySet<number>;
  /** Options of the sink beside its address. */
  readonly sink: string;
  readonly lanes: number;
}

/** Milliseconds that the sink stage takes for all of it; the codes of dead letters. */
async function deliver(
  { folder, entities, poisoned, sink, lanes }: Run,
  url: string,
): Promise<{ readonly ms: number; readonly letters: readonly string[] }> {
  const file = join(folder, 'purview-streams.yaml');
  writeFileSync(join(folder, 'events.ndjson'), '');
  writeFileSync(
    file,
    `state: state
transport: { kind: embedded, partitions: ${partitions} }
sink: { kind: atlas, url: '${url}', ${sink} }
delivery: { lanes: ${lanes}, credits: 10000 }
producers:
  ${producer}: { kind: events, path: events.ndjson }
`,
  );
  const letters: string[] = [];
  const telemetry = createTelemetry();
  telemetry.on('deadLettered', ({ code }) => letters.push(code));
  const pipeline = await openPipeline(configure(await loadConfig(file)), { telemetry, once: true });
  try {
    const { transport, sinkStage } = pipeline;
    if (sinkStage === undefined) throw new Error('The sink stage is missing.');
    for (let from = 0; from < entities; from += appendedTogether) {
      const count = Math.min(appendedTogether, entities - from);
      const changes = Array.from({ length: count }, (_, index) => {
        const n = from + index;
        return change(n, poisoned.has(n) ? poison : `orders_${n}`);
      });
      await transport.append(
        topics.entities,
        changes.map((one) => ({
          key: one.qualifiedName,
          value: encodeEvent('entity-change', one),
          headers: {},
        })),
      );
    }
    const ms = await timed(() =>
      runUntil(
        (signal) => new SinkStage(sinkStage).run(signal),
        () => caughtUp(transport, topics.entities, groups.sink),
      ),
    );
    return { ms, letters };
  } finally {
    await pipeline.close();
  }
}

/** Throws where an entity is not as it was said, or a dead letter is missing. */
function check(catalogue: ThrottledCatalogue, { entities, poisoned }: Run, letters: readonly string[]): void {
  for (let n = 0; n < entities; n += 1) {
    const found = catalogue.stored.get(`bench://shop/t${n}`)?.name;
    const expected = poisoned.has(n) ? undefined : `orders_${n}`;
    if (found !== expected) throw new Error(`Entity ${n} is ${found}, not ${expected}.`);
  }
  if (letters.length !== poisoned.size || letters.some((code) => code !== 'CATALOG_BAD_ENTITY'))
    throw new Error(`There are ${letters.length} dead letters, not ${poisoned.size}: ${letters.join(', ')}.`);
}

async function throttledRun(context: BenchmarkContext): Promise<readonly Figure[]> {
  const entities = sized(context, 100_000, 100);
  const limit = 50;
  const catalogue = new ThrottledCatalogue({
    limit,
    chance: { throttled: 0.02, failed: 0.02, hung: 0.005 },
    random: seededRandom(20),
    halvesAt: entities / 2,
  });
  const url = await catalogue.listen();
  try {
    const poisoned = new Set([1, 2, 3, 4, 5].map((part) => Math.floor((entities * part) / 6)));
    const sink = `batch: { entities: 20 }, timeoutMs: 2000, pace: { requestsPerSecond: ${limit}, inFlight: 16 }`;
    const { run, letters, ms } = await inFolder(async (folder) => {
      const whole: Run = { folder, entities, poisoned, sink, lanes: 4 };
      return { run: whole, ...(await deliver(whole, url)) };
    });
    check(catalogue, run, letters);
    const { calls, overLimit, throttled, failed, hung } = catalogue.counts;
    const seconds = (ms / 1000).toFixed(0);
    const of = `${entities} entities, 20 in a request, in ${seconds} s; 50 requests a second, 25 from the middle on; 2 % 429, 2 % 503, 0.5 % applied without an answer, 5 poison: all entities right, 5 dead letters; counted after the first 10 s`;
    return [
      {
        name: 'gate-utilisation',
        value: catalogue.shares.used,
        unit: '% of the limit',
        baseline: null,
        note: of,
      },
      {
        name: 'gate-refused',
        value: catalogue.shares.refused,
        unit: '% of the calls',
        baseline: null,
        note: `429 of ${calls} calls: ${overLimit} over the limit, ${throttled} by chance; beside them ${failed} times 503 and ${hung} without an answer; the same run`,
      },
    ];
  } finally {
    catalogue.close();
  }
}

/** How the sink keeps to a limit that it is told of at the beginning and not when it changes. */
export const gate: Benchmark = {
  names: ['gate-utilisation', 'gate-refused'],
  summary:
    'changes on disk → the sink → a catalogue that throttles, halves its limit midway, and fails by chance',
  aim: 'at least 95 % of the limit used, at most 5 % of the calls refused',
  measure: throttledRun,
};

/** The sink alone, before a catalogue that costs nearly nothing. */
export const sinkSpeed: Benchmark = {
  names: ['sink-entities-per-second'],
  summary: 'changes on disk → the sink → a catalogue that only keeps them, all in one process',
  aim: 'more than any catalogue takes: a real Atlas takes 120 new entities a second',
  measure: async (context) => {
    const entities = sized(context, 30_000, 100);
    const values: number[] = [];
    const baselines: number[] = [];
    for (let round = 0; round < repeats(context, 3); round += 1) {
      const none = { throttled: 0, failed: 0, hung: 0 };
      const catalogue = new ThrottledCatalogue({
        limit: undefined,
        chance: none,
        random: () => 0.5,
        keepBodies: true,
      });
      const url = await catalogue.listen();
      try {
        const ms = await inFolder(async (folder) => {
          const run: Run = {
            folder,
            entities,
            poisoned: new Set(),
            sink: 'pace: { inFlight: 16 }',
            lanes: 1,
          };
          const done = await deliver(run, url);
          check(catalogue, run, done.letters);
          return done.ms;
        });
        values.push((entities / ms) * 1000);
        const bodies = [...(catalogue.bodies ?? [])];
        baselines.push((entities / (await timed(() => postAlone(`${url}/entity/bulk`, bodies)))) * 1000);
      } finally {
        catalogue.close();
      }
    }
    return [
      {
        name: 'sink-entities-per-second',
        value: median(values),
        unit: 'entities/s',
        baseline: median(baselines),
        note: `${entities} new entities, one a change, ${partitions} partitions; median of ${values.length}, ${range(values)}; baseline: the same bulk bodies posted one after the other, ${range(baselines)}`,
      },
    ];
  },
};

async function postAlone(url: string, bodies: readonly string[]): Promise<void> {
  for (const body of bodies) {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    await response.text();
  }
}
