import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { openCatalogThread } from '../catalog/catalog-thread.ts';
import { exportCatalog } from '../catalog/export.ts';
import { groups, topics } from '../pipeline/topics.ts';
import { SinkStage } from '../pipeline/sink-stage.ts';
import { runTransformStage } from '../pipeline/transform-stage.ts';
import { type Benchmark, inFolder, median, range, repeats, sized, timed } from './benchmark.ts';
import { caughtUp, openFrom, runUntil, type WholePipeline, writeConfig } from './pipeline.ts';
import { appendContainers, appendTables, entitiesOfTable } from './workload.ts';

interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Milliseconds that both stages take for everything that stands in the raw topic. */
async function runThrough({ transport, transformStage, sinkStage }: WholePipeline): Promise<number> {
  const start = performance.now();
  let finished = start;
  await runUntil(
    async (signal) => {
      await Promise.all([runTransformStage(transformStage, signal), new SinkStage(sinkStage).run(signal)]);
    },
    async () => {
      await caughtUp(transport, topics.raw, groups.transform);
      await caughtUp(transport, topics.entities, groups.sink);
      finished = performance.now();
    },
  );
  return finished - start;
}

/**
 * Milliseconds from the start of the stages to the last table confirmed by the catalogue. The types, and what the tables hang on, are
 * there before: a sink that finds its types and knows of nothing that it delivered would take its state for lost, and read first.
 */
async function deliver(folder: string, url: string, { tables, begin }: Work): Promise<number> {
  const pipeline = await openFrom(writeConfig(folder, { sink: `{ kind: local, url: '${url}' }` }));
  try {
    await appendContainers(pipeline.transport, tables);
    await runThrough(pipeline);
    await appendTables(pipeline.transport, tables);
    begin?.();
    return await runThrough(pipeline);
  } finally {
    await pipeline.close();
  }
}

interface Work {
  readonly tables: number;
  /** Called when what is measured begins. */
  readonly begin?: () => void;
}

/** Gives `work` a catalogue as `run` has it, in a thread of its own, and looks whether all tables are in it afterwards. */
async function inCatalog<T>(tables: number, work: (folder: string, url: string) => Promise<T>): Promise<T> {
  return inFolder(async (folder) => {
    const path = join(folder, 'catalog');
    const catalog = await openCatalogThread({ path, port: 0 });
    let result: T;
    try {
      result = await work(folder, catalog.url);
    } finally {
      await catalog.close();
    }
    const found = (await exportCatalog(path)).match(/"typeName":"generic_(?:table|column)"/gu)?.length ?? 0;
    if (found >= tables * entitiesOfTable) return result;
    throw new Error(`The catalogue has ${found} of ${tables * entitiesOfTable} entities.`);
  });
}

/** What the sink asked of the catalogue, in order. */
interface Recording {
  /** Types, and what the tables hang on. */
  readonly before: readonly RecordedRequest[];
  readonly measured: readonly RecordedRequest[];
}

/** Every request that the sink makes, seen on the wire. */
async function record(tables: number): Promise<Recording> {
  const requests: RecordedRequest[] = [];
  let first = 0;
  const begin = (): void => {
    first = requests.length;
  };
  await inCatalog(tables, async (folder, url) => {
    const server = createServer((request, response) => {
      const pass = async (): Promise<void> => {
        const recorded: RecordedRequest = {
          method: request.method ?? 'GET',
          path: request.url ?? '/',
          headers: {
            authorization: request.headers.authorization ?? '',
            'content-type': 'application/json',
          },
          body: await text(request),
        };
        requests.push(recorded);
        const answer = await send(url, recorded);
        response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body);
      };
      pass().catch((thrown: unknown) => response.destroy(thrown instanceof Error ? thrown : undefined));
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const { port } = server.address() as AddressInfo;
    try {
      await deliver(folder, `http://127.0.0.1:${port}`, { tables, begin });
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
  return { before: requests.slice(0, first), measured: requests.slice(first) };
}

async function send(
  url: string,
  { method, path, headers, body }: RecordedRequest,
): Promise<{ readonly status: number; readonly body: string }> {
  const response = await fetch(url + path, { method, headers, ...(body === '' ? {} : { body }) });
  return { status: response.status, body: await response.text() };
}

const isBulk = ({ method, path }: RecordedRequest): boolean =>
  method === 'POST' && path.includes('/entity/bulk');

/** Milliseconds that the same bulk bodies take, one after the other. */
async function postAlone({ before, measured }: Recording, tables: number): Promise<number> {
  return inCatalog(tables, async (_folder, url) => {
    for (const request of before) await send(url, request);
    const took = await timed(async () => {
      for (const request of measured.filter(isBulk)) {
        const { status, body } = await send(url, request);
        if (status !== 200) throw new Error(`The catalogue answered ${status}: ${body.slice(0, 200)}`);
      }
    });
    return took;
  });
}

/** From raw events on disk to entities in the local catalogue, both stages in this thread and the catalogue in its own, as `run` has them. */
export const endToEnd: Benchmark = {
  names: ['end-to-end'],
  summary:
    'raw events on disk → both stages → entities confirmed by the local catalogue, which has a thread of its own',
  aim: 'a ratio of at least 0.7',
  measure: async (context) => {
    const tables = sized(context, 2000);
    const entities = tables * entitiesOfTable;
    const recording = await record(tables);
    const requests = recording.measured.length;
    const bulks = recording.measured.filter(isBulk).length;
    context.progress(`${requests} requests recorded, ${bulks} of them bulk`);
    const values: number[] = [];
    const baselines: number[] = [];
    for (let run = 0; run < repeats(context, 5); run += 1) {
      values.push(
        (entities / (await inCatalog(tables, (folder, url) => deliver(folder, url, { tables })))) * 1000,
      );
      baselines.push((entities / (await postAlone(recording, tables))) * 1000);
      context.progress(
        `run ${run + 1}: ${values.at(-1)?.toFixed(0)} entities/s, alone ${baselines.at(-1)?.toFixed(0)}`,
      );
    }
    return [
      {
        name: 'end-to-end',
        value: median(values),
        unit: 'entities/s',
        baseline: median(baselines),
        note: `${tables} tables of 5 columns in ${bulks} bulk requests; median of ${values.length}, ${range(values)}; baseline: the same bulk bodies posted one after the other to such a catalogue, ${range(baselines)}`,
      },
    ];
  },
};
