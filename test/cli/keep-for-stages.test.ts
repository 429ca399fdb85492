import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { configure } from '../../cli/configured.ts';
import { noPlugins } from '../../cli/load-plugins.ts';
import { openPipeline } from '../../cli/open-pipeline.ts';
import { configSchema } from '../../pipeline/config.ts';
import { createTelemetry } from '../../pipeline/telemetry.ts';
import { topics } from '../../pipeline/topics.ts';
import { createEmbeddedTransport } from '../../transports/embedded/transport.ts';
import { collect } from '../contracts/transport.ts';

const monthMs = 30 * 24 * 3600 * 1000;

it('openPipeline() lets the changes stay until the sink has read them, however late it is started', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'keep-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const config = configSchema.parse({ sink: { kind: 'memory' }, producers: {}, state: folder });
  const invalid = (error: Error): never => {
    throw error;
  };
  const loaded = { file: 'c.yaml', folder, config, plugins: noPlugins, invalid };
  const configured = configure({
    ...loaded,
    resolveAgain: async () => undefined,
    resolveWhole: async () => undefined,
  });
  const options = { telemetry: createTelemetry(), state: folder, stages: ['transform'] } as const;
  const pipeline = await openPipeline(configured, options);
  await pipeline.transport.append(topics.entities, [{ key: 'k', value: Buffer.from('x'), headers: {} }]);
  await pipeline.close();
  const later = createEmbeddedTransport({
    folder: path.join(folder, 'topics'),
    now: () => Date.now() + monthMs,
  });
  onTestFinished(() => later.close());
  await later.maintain();
  const partitions = await later.describe(topics.entities);
  const kept = await Promise.all(
    partitions.map(({ partition }) => collect(later.read(topics.entities, partition, 0))),
  );
  expect(kept.flat()).toHaveLength(1);
});
