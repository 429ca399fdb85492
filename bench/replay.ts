import { groups, topics } from '../pipeline/topics.ts';
import { runTransformStage } from '../pipeline/transform-stage.ts';
import { decodeEvent } from '../schemas/codec.ts';
import { type Benchmark, inFolder, median, processorTime, range, rate, repeats, sized } from './benchmark.ts';
import { caughtUp, openFrom, runUntil, valuesOf, writeConfig } from './pipeline.ts';
import { appendTables } from './workload.ts';

interface Run {
  /** Events a second. */
  readonly replay: number;
  readonly decode: number;
  /** Microseconds of processor time for one event of the replay. */
  readonly processor: number;
}

async function once(events: number): Promise<Run> {
  return inFolder(async (folder) => {
    const pipeline = await openFrom(writeConfig(folder, { sink: '{ kind: memory }' }));
    try {
      const { transport, transformStage } = pipeline;
      await appendTables(transport, events);
      const values = await valuesOf(transport, topics.raw);
      const decode = async (): Promise<number> =>
        rate(events, () => {
          for (const value of values) decodeEvent(value);
        });
      const before = await decode();
      let finished = 0;
      let start = 0;
      const processor = await processorTime(async () => {
        start = performance.now();
        await runUntil(
          (signal) => runTransformStage(transformStage, signal),
          async () => {
            await caughtUp(transport, topics.raw, groups.transform);
            finished = performance.now();
          },
        );
      });
      const appended = (await transport.describe(topics.entities))[0]?.next ?? 0;
      if (appended !== events) throw new Error(`${appended} changes came of ${events} tables.`);
      const after = await decode();
      return {
        replay: (events / (finished - start)) * 1000,
        decode: (before + after) / 2,
        processor: processor / events,
      };
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
    const runs: Run[] = [];
    for (let run = 0; run < repeats(context, 5); run += 1) {
      const { replay, decode, processor } = await once(events);
      runs.push({ replay, decode, processor });
      context.progress(
        `run ${run + 1}: ${Math.round(replay)} events/s, decode ${Math.round(decode)}, ${processor.toFixed(1)} µs of processor time an event`,
      );
    }
    const values = runs.map((run) => run.replay);
    const processor = median(runs.map((run) => run.processor)).toFixed(1);
    return [
      {
        name: 'replay',
        value: median(values),
        unit: 'events/s',
        baseline: median(runs.map((run) => run.decode)),
        note: `${events} tables of 5 columns, one partition; median of ${runs.length}, ${range(values)}; ${processor} µs of processor time an event; baseline: decodeEvent() alone over the same bytes`,
      },
    ];
  },
};
