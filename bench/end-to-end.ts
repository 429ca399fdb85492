import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { type OpenCatalog, openCatalog } from '../catalog/open-catalog.ts';
import { groups, topics } from '../pipeline/topics.ts';
import { SinkStage } from '../pipeline/sink-stage.ts';
import { runTransformStage } from '../pipeline/transform-stage.ts';
import { type Benchmark, inFolder, median, range, repeats, sized, timed } from './benchmark.ts';
import { caughtUp, openFrom, runUntil, writeConfig } from './pipeline.ts';
import { appendTables, entitiesOfTable } from './workload.ts';

interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Milliseconds from the first pull of the raw events to the last entity confirmed by the catalogue. */
async function deliver(
  folder: string,
  catalog: OpenCatalog,
  sinkUrl: string,
  tables: number,
): Promise<number> {
  const pipeline = await openFrom(writeConfig(folder, { sink: `{ kind: local, url: '${sinkUrl}' }` }));
  try {
    const { transport, transformStage, sinkStage } = pipeline;
    await appendTables(transport, tables, { containers: true });
    await sinkStage.sink.open(new AbortController().signal); // the types, which are not what is measured
    let finished = 0;
    const start = performance.now();
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
    checkAll(catalog, tables);
    return finished - start;
  } finally {
    await pipeline.close();
  }
}

function checkAll(catalog: OpenCatalog, tables: number): void {
  const found = catalog.export().match(/"typeName":"generic_(?:table|column)"/gu)?.length ?? 0;
  if (found < tables * entitiesOfTable)
    throw new Error(`The catalogue has ${found} of ${tables * entitiesOfTable} entities.`);
}

async function inCatalog<T>(work: (folder: string, catalog: OpenCatalog) => Promise<T>): Promise<T> {
  return inFolder(async (folder) => {
    const catalog = await openCatalog({ path: `${folder}/catalog`, port: 0 });
    try {
      return await work(folder, catalog);
    } finally {
      await catalog.close();
    }
  });
}

/** Every request that the sink makes, in order, seen on the wire. */
async function record(tables: number): Promise<readonly RecordedRequest[]> {
  const requests: RecordedRequest[] = [];
  await inCatalog(async (folder, catalog) => {
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
        const answer = await send(catalog.url, recorded);
        response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body);
      };
      pass().catch((thrown: unknown) => response.destroy(thrown instanceof Error ? thrown : undefined));
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const { port } = server.address() as AddressInfo;
    try {
      await deliver(folder, catalog, `http://127.0.0.1:${port}`, tables);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
  return requests;
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
async function postAlone(requests: readonly RecordedRequest[], tables: number): Promise<number> {
  return inCatalog(async (_folder, catalog) => {
    for (const request of requests) if (request.path.includes('/types/')) await send(catalog.url, request);
    const took = await timed(async () => {
      for (const request of requests.filter(isBulk)) {
        const { status, body } = await send(catalog.url, request);
        if (status !== 200) throw new Error(`The catalogue answered ${status}: ${body.slice(0, 200)}`);
      }
    });
    checkAll(catalog, tables);
    return took;
  });
}

/** From raw events on disk to entities in the local catalogue, both stages and the catalogue in one process. */
export const endToEnd: Benchmark = {
  names: ['end-to-end'],
  summary: 'raw events on disk → both stages → entities confirmed by the local catalogue, all in one process',
  aim: 'a ratio of at least 0.7',
  measure: async (context) => {
    const tables = sized(context, 2000);
    const entities = tables * entitiesOfTable;
    const requests = await record(tables);
    const bulks = requests.filter(isBulk).length;
    context.progress(`${requests.length} requests recorded, ${bulks} of them bulk`);
    const values: number[] = [];
    const baselines: number[] = [];
    for (let run = 0; run < repeats(context, 5); run += 1) {
      values.push(
        (entities / (await inCatalog((folder, catalog) => deliver(folder, catalog, catalog.url, tables)))) *
          1000,
      );
      baselines.push((entities / (await postAlone(requests, tables))) * 1000);
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
        note: `${tables} tables of 5 columns in ${bulks} bulk requests; median of ${values.length}, ${range(values)}; baseline: the same bulk bodies posted one after the other, ${range(baselines)}`,
      },
    ];
  },
};
