import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { expect, it, onTestFinished } from 'vitest';
import { configure } from '../../cli/configured.ts';
import { loadConfig } from '../../cli/load-config.ts';
import { type OpenPipeline, openPipeline } from '../../cli/open-pipeline.ts';
import { startPipeline } from '../../cli/pipeline-run.ts';
import { StreamError } from '../../pipeline/errors.ts';
import type { Producer } from '../../pipeline/producer.ts';
import { createTelemetry } from '../../pipeline/telemetry.ts';
import { groups, topics } from '../../pipeline/topics.ts';
import type { Transport } from '../../pipeline/transport.ts';
import { encodeEvent } from '../../schemas/codec.ts';

const onDisk = 'state: state\n';

/** A pipeline without producers whose changes go to a file, or where else they are to go, in a folder of its own. */
async function opened(
  settings: string,
  options: Partial<Parameters<typeof openPipeline>[1]> = {},
  sink = '{ kind: file, path: changes.ndjson }',
): Promise<OpenPipeline> {
  const folder = await mkdtemp(path.join(tmpdir(), 'stop-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const config = path.join(folder, 'purview-streams.yaml');
  await writeFile(config, `${settings}sink: ${sink}\nproducers: {}\n`);
  const telemetry = createTelemetry();
  const pipeline = await openPipeline(configure(await loadConfig(config)), { telemetry, ...options });
  onTestFinished(() => pipeline.close());
  return pipeline;
}

it('`stop()` settles what is in the topics when the transport forgets', async () => {
  const pipeline = await opened('transport: { kind: memory }\ndelivery: { batchWithinMs: 200 }\n');
  const running = startPipeline(pipeline);
  const change = encodeEvent('entity-change', {
    operation: 'DELETE',
    typeName: 'table',
    qualifiedName: 'table://t',
    producer: 'p',
    objectId: 't',
    position: { incarnation: 'i', sequence: 1 },
    entities: [],
    complete: [],
    placeholder: false,
  });
  await running.settled;
  const [at] = await pipeline.transport.append(topics.entities, [{ key: 't', value: change, headers: {} }]);
  await running.stop();
  const states = await pipeline.transport.describe(topics.entities);
  expect(states.find(({ partition }) => partition === at?.partition)?.committed[groups.sink]).toBe(1);
});

it('`stop()` ends quietly when nobody waits for `settled` and something is still behind', async () => {
  // The stage alone that would settle the topic is not run.
  const pipeline = await opened(onDisk, { stages: ['transform'] });
  const behind = Array.from({ length: 50 }, (_, n) => ({
    key: `k${n}`,
    value: Buffer.from('no'),
    headers: {},
  }));
  await pipeline.transport.append(topics.raw, behind);
  const running = startPipeline(pipeline);
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  process.on('unhandledRejection', note);
  onTestFinished(() => void process.off('unhandledRejection', note));
  await running.stop();
  await new Promise((resolve) => setImmediate(resolve));
  expect(unhandled).toEqual([]);
});

it('`stop()` waits until every source is closed, also beside a producer that has failed', async () => {
  const pipeline = await opened(onDisk, { stages: [] });
  let isOpen = (): void => undefined;
  const reached = new Promise<void>((resolve) => {
    isOpen = resolve;
  });
  let closed = false;
  const source: Producer = {
    incarnation: async () => 'life',
    async *scan() {
      yield* [];
    },
    async *changes() {
      yield* [];
    },
    close: async () => {
      for (let turns = 0; turns < 100; turns += 1) await turn();
      closed = true;
    },
  };
  const open = async (): Promise<Producer> => {
    isOpen();
    return source;
  };
  const { transport, telemetry } = pipeline;
  const refusing: Transport = new Proxy(transport, {
    get: (target, name) => (name === 'subscribe' ? refuse : Reflect.get(target, name, target)),
  });
  async function* refuse(): AsyncGenerator<never> {
    await reached;
    yield* [];
    throw new StreamError('TRANSPORT_REFUSED', 'No.');
  }
  const followed = [
    { name: 'a', open, transport: refusing, telemetry },
    { name: 'b', open, transport, telemetry },
  ];
  const running = startPipeline(pipeline, { followed, scheduled: [] });
  await expect(running.settled).rejects.toMatchObject({ code: 'TRANSPORT_REFUSED' });
  await running.stop();
  expect(closed).toBe(true);
});

it('`follow()` rejects and `stop()` resolves when the thread of the local catalogue dies', async () => {
  const started = new Promise<Worker>((resolve) => {
    process.once('worker', resolve);
  });
  const pipeline = await opened('catalog: {}\n', { port: 0, catalogInThread: true }, '{ kind: local }');
  const running = startPipeline(pipeline);
  const following = running.follow();
  await (await started).terminate();
  await expect(following).rejects.toMatchObject({ code: 'CATALOG_ENDED' });
  await running.stop();
});
