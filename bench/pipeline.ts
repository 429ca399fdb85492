/** The pipeline as `run` opens it, for benchmarks: from a configuration file in a folder of its own. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { configure } from '../cli/configured.ts';
import { loadConfig } from '../cli/load-config.ts';
import { openPipeline, type OpenPipeline } from '../cli/open-pipeline.ts';
import type { SinkStageOptions } from '../pipeline/sink-stage.ts';
import { createTelemetry } from '../pipeline/telemetry.ts';
import type { TransformStageOptions } from '../pipeline/transform-stage.ts';
import type { Transport } from '../pipeline/transport.ts';
import { producer } from './workload.ts';

/** Environment variable by which a configuration of a benchmark takes a password. */
export const passwordVariable = 'BENCH_PASSWORD';

/** Writes a configuration into a folder: one producer of raw events, from an empty file where there is none to keep, and topics on disk. Returns the file. */
export function writeConfig(
  folder: string,
  options: { readonly sink: string; readonly partitions?: number; readonly source?: 'keep' },
): string {
  const file = join(folder, 'purview-streams.yaml');
  if (options.source !== 'keep') writeFileSync(join(folder, 'events.ndjson'), '');
  writeFileSync(
    file,
    `state: state
transport: { kind: embedded, partitions: ${options.partitions ?? 1} }
sink: ${options.sink}
producers:
  ${producer}: { kind: events, path: events.ndjson }
`,
  );
  return file;
}

/** The pipeline with both stages. */
export type WholePipeline = OpenPipeline & {
  readonly transformStage: TransformStageOptions;
  readonly sinkStage: SinkStageOptions;
};

/** Opens what a configuration describes; a dead letter is an error, for a figure of work that failed means nothing. */
export async function openFrom(file: string): Promise<WholePipeline> {
  const telemetry = createTelemetry();
  telemetry.on('deadLettered', ({ code, message }) => {
    throw new Error(`An event became a dead letter: ${code} ${message}`);
  });
  const pipeline = await openPipeline(configure(await loadConfig(file)), { telemetry, once: true });
  const { transformStage, sinkStage } = pipeline;
  if (transformStage === undefined || sinkStage === undefined) throw new Error('A stage is missing.');
  return { ...pipeline, transformStage, sinkStage };
}

/** Values of a topic of one partition. */
export async function valuesOf(transport: Transport, topic: string): Promise<readonly Uint8Array[]> {
  const values: Uint8Array[] = [];
  for await (const { value } of transport.read(topic, 0, 0)) if (value !== null) values.push(value);
  return values;
}

/** Resolves when a group has committed everything that stands in a topic now. */
export async function caughtUp(transport: Transport, topic: string, group: string): Promise<void> {
  const behind = async (): Promise<boolean> =>
    (await transport.describe(topic)).some(({ next, committed }) => (committed[group] ?? 0) < next);
  while (await behind()) await delay(20); // to look takes a millisecond of the thread that is measured
}

/** Runs a stage until `done` resolves, then stops it and waits for its end. */
export async function runUntil(
  stage: (signal: AbortSignal) => Promise<void>,
  done: () => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  const ended = stage(stop.signal);
  try {
    await Promise.race([
      done(),
      ended.then(() => Promise.reject(new Error('The stage ended before it was done.'))),
    ]);
  } finally {
    stop.abort();
    await ended;
  }
}
