import { type Benchmark, inFolder, median, range, repeats, sized } from './benchmark.ts';
import { openFrom, writeConfig } from './pipeline.ts';
import { peakMemory } from './stage-process.ts';
import { appendTables } from './workload.ts';

interface Peaks {
  /** MB. */
  readonly transform: number;
  readonly sink: number;
}

/** Peaks of the two stages, each a process of its own that works off a backlog from its beginning to its end. */
async function peaks(events: number): Promise<Peaks> {
  return inFolder(async (folder) => {
    const config = writeConfig(folder, { sink: '{ kind: file, path: changes.ndjson }' });
    const pipeline = await openFrom(config);
    await appendTables(pipeline.transport, events);
    await pipeline.close();
    const transform = await peakMemory(['transform', '--once', '--config', config]);
    return { transform, sink: await peakMemory(['sink', '--once', '--config', config]) };
  });
}

/** Memory depends on the credits and not on the backlog. */
export const backlogMemory: Benchmark = {
  names: ['backlog-memory'],
  summary: 'peak RssAnon of the stages with a backlog of 1,000,000 events, over that with 100,000',
  aim: 'a ratio of at most 1.2',
  measure: async (context) => {
    const [many, few] = [sized(context, 1_000_000, 10), sized(context, 100_000, 1)];
    const large: Peaks[] = [];
    const small: Peaks[] = [];
    for (let run = 0; run < repeats(context, 3); run += 1) {
      for (const [events, found] of [
        [few, small],
        [many, large],
      ] as const) {
        const peak = await peaks(events);
        found.push(peak);
        context.progress(
          `run ${run + 1}, ${events} events: transform ${peak.transform.toFixed(0)} MB, sink ${peak.sink.toFixed(0)} MB`,
        );
      }
    }
    const of = (stage: keyof Peaks, found: readonly Peaks[]): readonly number[] =>
      found.map((peak) => peak[stage]);
    const stages = (['transform', 'sink'] as const).map((stage) => ({
      stage,
      value: median(of(stage, large)),
      baseline: median(of(stage, small)),
    }));
    const worst = stages.reduce((a, b) => (b.value / b.baseline > a.value / a.baseline ? b : a));
    const each = stages
      .map(({ stage }) => `${stage} ${range(of(stage, large))}, with ${few}: ${range(of(stage, small))}`)
      .join('; ');
    return [
      {
        name: 'backlog-memory',
        value: worst.value,
        unit: 'MB',
        baseline: worst.baseline,
        note: `peak RssAnon of the stage that grows most (${worst.stage}), ${many} different tables, median of ${large.length}; baseline: the same with ${few}; ranges: ${each}`,
      },
    ];
  },
};
