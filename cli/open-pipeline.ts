import path from 'node:path';
import { Deriver } from '../pipeline/derive/deriver.ts';
import type { SinkStageOptions } from '../pipeline/sink-stage.ts';
import type { StateStore } from '../pipeline/state.ts';
import type { Telemetry } from '../pipeline/telemetry.ts';
import { topics } from '../pipeline/topics.ts';
import type { TransformStageOptions } from '../pipeline/transform-stage.ts';
import type { TopicSpec, Transport } from '../pipeline/transport.ts';
import { systemClock } from '../platform/clock.ts';
import { openLocalState } from '../state/local.ts';
import { transforms } from '../transforms/index.ts';
import { createEmbeddedTransport } from '../transports/embedded/transport.ts';
import { createMemoryTransport } from '../transports/memory.ts';
import { createSink } from './configured-sink.ts';
import type { Configured } from './configured.ts';
import { withDeadLetterLog } from './dead-letter-log.ts';
import { DerivedObjects } from './derived-objects.ts';
import { stateFolder } from './state-folder.ts';
import { type LocalCatalog, openLocalCatalog } from './local-catalog.ts';

/** What can be set for one run beside the configuration. */
export interface OpenPipelineOptions {
  readonly telemetry: Telemetry;
  /** Folder for what is kept, instead of the configured one. */
  readonly state?: string;
  /** Address and port of the local catalogue, instead of the configured ones. */
  readonly host?: string;
  readonly port?: number;
  /** A run that ends when everything is settled fails when the catalogue cannot be reached; one that follows changes waits for it. */
  readonly once?: boolean;
}

/** Everything that the stages and producers of one process work with, connected. */
export interface OpenPipeline {
  readonly configured: Configured;
  readonly telemetry: Telemetry;
  readonly state: StateStore;
  readonly transport: Transport;
  readonly transformStage: TransformStageOptions;
  readonly sinkStage: SinkStageOptions;
  readonly addresses: readonly { readonly label: string; readonly url: string }[];
  /** Calls that wrote to the local catalogue since it was opened; undefined where there is none. */
  writeCalls(): number | undefined;
  /** Closes everything, in reverse order of opening. */
  close(): Promise<void>;
}

const weekMs = 7 * 24 * 3600 * 1000;

/** Opens what the configuration describes, the local catalogue included; the producers are opened apart. */
export async function openPipeline(
  configured: Configured,
  options: OpenPipelineOptions,
): Promise<OpenPipeline> {
  const { config, folder: baseFolder } = configured.loaded;
  const folder = stateFolder(configured.loaded, options.state);
  const closers: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (let closer = closers.pop(); closer !== undefined; closer = closers.pop()) await closer();
  };
  try {
    const catalog = await openOwnCatalog(configured, folder, options);
    if (catalog !== undefined) closers.push(() => catalog.close());
    const state = openLocalState(path.join(folder, 'state'));
    closers.push(() => state.close());
    const transport = withDeadLetterLog(openTransport(config.transport.kind, folder), state);
    closers.push(() => transport.close());
    const { partitions } = config.transport;
    await transport.ensureTopics(topicSpecs(partitions));
    const producers = new Set(configured.producers.keys());
    const host = {
      baseFolder,
      state,
      producers,
      types: configured.types,
      clock: systemClock,
      random: Math.random,
    };
    const sink = createSink(configured, { host, catalog });
    closers.push(() => sink.close());
    const { telemetry } = options;
    const keepTrying = options.once !== true;
    const stages = await openStages(configured, { transport, state, sink, telemetry, keepTrying });
    const addresses = catalog === undefined ? [] : [{ label: 'Catalogue', url: catalog.url }];
    return {
      configured,
      telemetry,
      state,
      transport,
      ...stages,
      addresses,
      writeCalls: () => catalog?.writeCalls(),
      close,
    };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

async function openOwnCatalog(
  configured: Configured,
  folder: string,
  options: OpenPipelineOptions,
): Promise<LocalCatalog | undefined> {
  const { catalog } = configured.loaded.config;
  if (catalog === undefined) return undefined;
  return openLocalCatalog({ folder, host: options.host ?? catalog.host, port: options.port ?? catalog.port });
}

function openTransport(kind: 'memory' | 'embedded', folder: string): Transport {
  return kind === 'memory'
    ? createMemoryTransport()
    : createEmbeddedTransport({ folder: path.join(folder, 'topics') });
}

/**
 * Of each source object the last raw event stays, so that the topic always holds enough to build the catalogue again. Changes go by
 * age and not by key: what several producers say of one asset has one key. Dead letters are all kept.
 */
function topicSpecs(partitions: number): readonly TopicSpec[] {
  return [
    { name: topics.raw, partitions, retention: { compact: { tombstoneMs: weekMs } } },
    { name: topics.entities, partitions, retention: { ms: weekMs } },
    { name: topics.deadLetters, partitions },
  ];
}

async function openStages(
  configured: Configured,
  parts: Pick<SinkStageOptions, 'transport' | 'sink' | 'telemetry'> & {
    readonly state: StateStore;
    readonly keepTrying: boolean;
  },
): Promise<Pick<OpenPipeline, 'transformStage' | 'sinkStage'>> {
  const { transport, sink, telemetry } = parts;
  const { naming } = configured;
  const settings = (producer: string) => configured.settings(producer);
  const { delivery } = configured.loaded.config;
  const derived = new DerivedObjects(parts.state);
  const deriver = new Deriver((known) =>
    Object.values(transforms).map((make) => make({ naming, known, settings })),
  );
  await derived.restore(deriver, new Set(configured.producers.keys()));
  const now = (): Date => new Date();
  const credits = { records: delivery.credits, bytes: delivery.creditBytes };
  return {
    transformStage: {
      transport,
      deriver,
      naming,
      telemetry,
      credits,
      remember: (objects) => derived.remember(objects),
      now,
    },
    sinkStage: {
      transport,
      sink,
      telemetry,
      credits,
      lanes: delivery.lanes,
      batch: { count: delivery.batch, bytes: delivery.batchBytes, withinMs: delivery.batchWithinMs },
      missingReferentAttempts: delivery.missingReferentAttempts,
      retryDelayMs: delivery.retryDelayMs,
      keepTrying: parts.keepTrying,
      now,
    },
  };
}
