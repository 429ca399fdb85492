import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'vitest';
import { exportCatalog } from '../../catalog/export.ts';
import type { Configured } from '../../cli/configured.ts';
import { openPipeline } from '../../cli/open-pipeline.ts';
import { openTransport } from '../../cli/open-transport.ts';
import { startPipeline } from '../../cli/pipeline-run.ts';
import { readDeadLetters } from '../../cli/read-dead-letters.ts';
import { createTelemetry } from '../../pipeline/telemetry.ts';
import { topics } from '../../pipeline/topics.ts';
import { runTransformStage } from '../../pipeline/transform-stage.ts';
import type { NewRecord } from '../../pipeline/transport.ts';

/** How raw events are carried. */
export interface Delivery {
  readonly lanes: number;
  readonly batch: number;
  readonly partitions: number;
  /** Records of one append. */
  readonly chunk: number;
  /** Members of each group, each with a connection of its own to the log: as many processes would be. */
  readonly members: number;
  /** Codes of the dead letters that are to come of it. @default none */
  readonly deadLetters?: readonly string[];
}

/** Takes raw records through both stages, from a log of their own into an empty catalogue, and returns its export. */
export async function deliverRaw(
  records: readonly NewRecord[],
  configured: Configured,
  how: Delivery,
): Promise<string> {
  const state = await mkdtemp(path.join(tmpdir(), 'deliver-'));
  const { config } = configured.loaded;
  const delivery = {
    ...config.delivery,
    lanes: how.lanes,
    batch: how.batch,
    batchWithinMs: 5,
    retryDelayMs: 20,
  };
  const changed = { ...config, delivery, transport: { ...config.transport, partitions: how.partitions } };
  const set = {
    ...configured,
    settings: (name: string) => configured.settings(name),
    loaded: { ...configured.loaded, invalid: configured.loaded.invalid, config: changed },
  };
  const pipeline = await openPipeline(set, { telemetry: createTelemetry(), state, port: 0 });
  const leave = new AbortController();
  const others = Array.from({ length: how.members - 1 }, async () => {
    const { transformStage } = pipeline;
    if (transformStage === undefined) throw new Error('The pipeline has no transforms.');
    const transport = await openTransport(config.transport, state);
    await runTransformStage({ ...transformStage, transport }, leave.signal);
    await transport.close();
  });
  try {
    for (let at = 0; at < records.length; at += how.chunk) {
      await pipeline.transport.append(topics.raw, records.slice(at, at + how.chunk));
    }
    const running = startPipeline(pipeline);
    await running.settled;
    const codes = (await readDeadLetters(pipeline.transport)).map(({ code }) => code);
    expect(codes).toEqual(how.deadLetters ?? []);
    await running.stop();
  } finally {
    leave.abort();
    await Promise.all(others);
    await pipeline.close();
  }
  const exported = await exportCatalog(path.join(state, 'catalog'));
  await rm(state, { recursive: true, force: true });
  return exported;
}

/** Lines that only one of two exports has, shortened. */
export function difference(expected: string, found: string): readonly string[] {
  const [left, right] = [new Set(expected.split('\n')), new Set(found.split('\n'))];
  const only = (side: string, a: ReadonlySet<string>, b: ReadonlySet<string>): readonly string[] =>
    [...a].filter((line) => !b.has(line)).map((line) => `${side} ${line.slice(0, 600)}`);
  return [...only('-', left, right), ...only('+', right, left)];
}
