import { groups, topics } from '../pipeline/topics.ts';
import { runTransformStage } from '../pipeline/transform-stage.ts';
import { decodeEvent } from '../schemas/codec.ts';
import { type Benchmark, inFolder, median, range, rate, repeats, sized, timed } from './benchmark.ts';
import { caughtUp, openFrom, runUntil, writeConfig } from './pipeline.ts';
import { appendTables } from './workload.ts';

/** Events a second of one replay, and of decoding alone the same bytes. */
async function once(events: number): Promise<{ readonly replay: number; readonly decode: number }> {
  return inFolder(async (folder) => {
    const pipeline = await openFrom(writeConfig(folder, { sink: '{ kind: memory }' }));
    try {
      const { transport, transformStage } = pipeline;
      await appendTables(transport, events);
      const values: Uint8Array[] = [];
      for await (const { value } of transport.read(topics.raw, 0, 0)) if (value !== null) values.push(value);
      const decode = async (): Promise<number> =>
        rate(events, () => {
          for (const value of values) decodeEvent(value);
        });
      const before = await decode();
      let finished = 0;
      const start = performance.now();
      await runUntil(
        (signal) => runTransformStage(transformStage, signal),
        async () => {
          await caughtUp(transport, topics.raw, groups.transform);
          finished = performance.now();
        },
      );
      const appended = (await transport.describe(topics.entities))[0]?.next ?? 0;
      if (appended !== events) throw new Error(`${appended} changes came of ${events} tables.`);
      const after = await decode();
      return { replay: (events / (finished - start)) * 1000, decode: (before + after) / 2 };
    } finally {
      await pipeline.close();
    }
  });
}

/** From raw events on disk to entity changes on disk. */
export const replay: Benchmark = {
  names: ['replay'],
  summary: 'raw events on disk → decode → derive → encode → entity changes on disk, one process',
  aim: 'at least 50,000 events/s and a ratio of 0.3',
  measure: async (context) => {
    const events = sized(context, 100_000);
    const runs: Awaited<ReturnType<typeof once>>[] = [];
    for (let run = 0; run < repeats(context, 5); run += 1) {
      const took = await timed(async () => {
        runs.push(await once(events));
      });
      context.progress(
        `run ${run + 1}: ${Math.round(runs.at(-1)?.replay ?? 0)} events/s, ${took.toFixed(0)} ms`,
      );
    }
    const values = runs.map((run) => run.replay);
    return [
      {
        name: 'replay',
        value: median(values),
        unit: 'events/s',
        baseline: median(runs.map((run) => run.decode)),
        note: `${events} tables of 5 columns, one partition; median of ${runs.length}, ${range(values)}; baseline: decodeEvent() alone over the same bytes`,
      },
    ];
  },
};
