import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type OpenCatalog, openCatalog } from '../catalog/open-catalog.ts';
import { producersOf } from '../cli/open-producers.ts';
import { startPipeline } from '../cli/pipeline-run.ts';
import { waitUntilSettled } from '../cli/settled.ts';
import { readSource } from '../pipeline/leased-producer.ts';
import { type Benchmark, inFolder, sized } from './benchmark.ts';
import { openFrom, writeConfig } from './pipeline.ts';
import { containersOf, eventLine, producer, table } from './workload.ts';

/** The source: a file of tables, the first `changed` of them in another version. */
function writeSource(folder: string, tables: number, changed: number): void {
  const events = [
    ...containersOf(tables),
    ...Array.from({ length: tables }, (_, n) => table(n, n < changed ? 2 : 1)),
  ];
  writeFileSync(join(folder, 'events.ndjson'), events.map(eventLine).join(''));
}

interface Calls {
  readonly first: number;
  readonly unchanged: number;
  readonly changed: number;
}

/** Calls of any kind that the catalogue answered: for the first scan, for the same again, and with some tables changed. */
async function countCalls(
  folder: string,
  catalog: OpenCatalog,
  { tables, changed }: { readonly tables: number; readonly changed: number },
): Promise<Calls> {
  writeSource(folder, tables, 0);
  const never = new AbortController().signal;
  const calls = (): number => {
    const { readCalls, writeCalls } = catalog.counters();
    return readCalls + writeCalls;
  };
  const pipeline = await openFrom(
    writeConfig(folder, { sink: `{ kind: local, url: '${catalog.url}' }`, source: 'keep' }),
  );
  try {
    const sources = producersOf(pipeline, [producer]);
    const running = startPipeline(pipeline, sources, { once: true });
    const rescan = async (): Promise<number> => {
      const before = calls();
      // Every event is published again, changed or not: what the producer's own inventory saves is not counted here.
      for (const source of sources.followed) await readSource(source, never);
      await waitUntilSettled(pipeline.transport, never);
      return calls() - before;
    };
    try {
      await running.settled;
      const first = calls();
      const unchanged = await rescan();
      writeSource(folder, tables, changed);
      return { first, unchanged, changed: await rescan() };
    } finally {
      await running.stop();
    }
  } finally {
    await pipeline.close();
  }
}

/** What a rescan costs a catalogue that is billed and throttled by the call. */
export const rescanCalls: Benchmark = {
  names: ['calls-unchanged', 'calls-1-percent'],
  summary: 'calls to the catalogue for a rescan of 10,000 tables, with nothing and with 1 % of them changed',
  aim: '0 calls where nothing changed',
  measure: async (context) => {
    const tables = sized(context, 10_000, 2);
    const changed = Math.ceil(tables / 100);
    const { first, ...calls } = await inFolder(async (folder) => {
      const catalog = await openCatalog({ path: join(folder, 'catalog'), port: 0 });
      try {
        return await countCalls(folder, catalog, { tables, changed });
      } finally {
        await catalog.close();
      }
    });
    const baseline = first;
    const unit = 'calls';
    const note = `of any kind, for ${tables} tables of 5 columns that are all read and published again`;
    const against = 'baseline: the first scan, types included';
    return [
      { name: 'calls-unchanged', value: calls.unchanged, unit, baseline, note: `${note}; ${against}` },
      {
        name: 'calls-1-percent',
        value: calls.changed,
        unit,
        baseline,
        note: `${note}, ${changed} of them changed; ${against}`,
      },
    ];
  },
};
