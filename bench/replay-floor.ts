import { join } from 'node:path';
import { rememberedObjects } from '../pipeline/derive/object-records.ts';
import { groups, topics } from '../pipeline/topics.ts';
import { runTransformStage } from '../pipeline/transform-stage.ts';
import { closeLmdb, openDatabase, openLmdb, transact } from '../platform/lmdb.ts';
import { decodeEvent, encodeEvent } from '../schemas/codec.ts';
import type { DerivedObject, EntityChange } from '../schemas/types.ts';
import { type Benchmark, inFolder, median, range, rate, repeats, sized } from './benchmark.ts';
import { caughtUp, openFrom, runUntil, valuesOf, writeConfig } from './pipeline.ts';
import { appendTables } from './workload.ts';

/** Events, what came of each, and what was remembered of it. */
interface Sample {
  readonly raw: readonly Uint8Array[];
  readonly changes: readonly EntityChange[];
  readonly objects: readonly DerivedObject[];
}

/** Events a second. */
interface Run {
  readonly decode: number;
  readonly codec: number;
  readonly floor: number;
}

const sampleSize = 2000;
/** As many as the stage makes durable at once at the most. */
const transactionSize = 500;
/** About as long as what is remembered of a name. */
const nameRecord = Buffer.alloc(120, 'n');

async function derivedSample(folder: string): Promise<Sample> {
  const pipeline = await openFrom(writeConfig(folder, { sink: '{ kind: memory }' }));
  try {
    const { transport, transformStage } = pipeline;
    await appendTables(transport, sampleSize);
    await runUntil(
      (signal) => runTransformStage(transformStage, signal),
      () => caughtUp(transport, topics.raw, groups.transform),
    );
    const raw = await valuesOf(transport, topics.raw);
    const changes = (await valuesOf(transport, topics.entities)).map(
      (value) => decodeEvent(value).value as EntityChange,
    );
    const objects = await transport.transactions.view((table) => [...rememberedObjects(table)]);
    return { raw, changes, objects };
  } finally {
    await pipeline.close();
  }
}

function decode({ raw }: Sample, events: number): void {
  for (let done = 0; done < events; done += raw.length) for (const value of raw) decodeEvent(value);
}

/** Decodes the events and encodes what comes of them, `take` gets it. */
function code({ raw, changes, objects }: Sample, take: (change: Buffer, object: Buffer) => void): void {
  for (const [index, value] of raw.entries()) {
    decodeEvent(value);
    const change = changes[index];
    const object = objects[index];
    if (change === undefined || object === undefined) throw new Error('An event was not derived.');
    take(encodeEvent('entity-change', change), encodeEvent('derived-object', object));
  }
}

/** The same, and writes it: the change, what is remembered of its object, and of its name. */
async function write(sample: Sample, events: number, folder: string): Promise<void> {
  const environment = openLmdb({ folder, code: 'TRANSPORT_DAMAGED', advice: '' });
  const records = openDatabase<Buffer, number>(environment, { name: 'records', encoding: 'binary' });
  const table = openDatabase<Buffer, string[]>(environment, {
    name: 'table',
    encoding: 'binary',
    keyEncoding: 'ordered-binary',
  });
  let offset = 0;
  let waiting: (readonly [Buffer, Buffer])[] = [];
  const flush = (): void =>
    transact(environment, () => {
      for (const [change, object] of waiting) {
        const name = `bench.shop.orders_${offset}`;
        records.putSync(offset, change, { append: true });
        table.putSync(['object', name], object);
        table.putSync(['name', name], nameRecord);
        offset += 1;
      }
      waiting = [];
    });
  for (let done = 0; done < events; done += sample.raw.length)
    code(sample, (change, object) => {
      if (waiting.push([change, object]) >= transactionSize) flush();
    });
  await closeLmdb(environment);
}

async function once(sample: Sample, events: number, folder: string): Promise<Run> {
  const decoding = (): Promise<number> => rate(events, () => decode(sample, events));
  const before = await decoding();
  const codec = await rate(events, () => {
    for (let done = 0; done < events; done += sampleSize) code(sample, () => undefined);
  });
  const floor = await rate(events, () => write(sample, events, folder));
  return { decode: (before + (await decoding())) / 2, codec, floor };
}

/** What the stage of `replay` cannot be faster than on one thread: see the summary. */
export const replayFloor: Benchmark = {
  names: ['replay-codec', 'replay-floor'],
  summary:
    'the parts of `replay` without the deriving: decode and encode alone (replay-codec), and that with its three writes to LMDB, durable (replay-floor)',
  aim: 'none: what `replay` could come to on one thread if all else took no time',
  measure: (context) =>
    inFolder(async (folder) => {
      const events = Math.ceil(sized(context, 100_000) / sampleSize) * sampleSize;
      const sample = await derivedSample(folder);
      const runs: Run[] = [];
      for (let run = 0; run < repeats(context, 5); run += 1) {
        runs.push(await once(sample, events, join(folder, `floor-${run}`)));
        context.progress(`run ${run + 1} of ${repeats(context, 5)}`);
      }
      const figure = (name: 'codec' | 'floor', note: string) => ({
        name: `replay-${name}`,
        value: median(runs.map((run) => run[name])),
        unit: 'events/s',
        baseline: median(runs.map((run) => run.decode)),
        note: `${events} events; median of ${runs.length}, ${range(runs.map((run) => run[name]))}; ${note}; baseline: decodeEvent() alone over the same bytes`,
      });
      return [
        figure('codec', 'decodes each event, and encodes its change and what is remembered of it'),
        figure('floor', `with three writes to LMDB in transactions of ${transactionSize}`),
      ];
    }),
};
