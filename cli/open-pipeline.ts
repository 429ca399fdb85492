import { Deriver } from '../pipeline/derive/deriver.ts';
import type { SinkHost } from '../pipeline/sink-component.ts';
import type { SinkStageOptions } from '../pipeline/sink-stage.ts';
import type { FencedStateStore, StateStore } from '../pipeline/state.ts';
import { liveReading } from '../pipeline/replay-plan.ts';
import { type StageName, stageNames, type Telemetry } from '../pipeline/telemetry.ts';
import { groups, topics } from '../pipeline/topics.ts';
import type { TransformFactory } from '../pipeline/transform.ts';
import type { TransformStageOptions } from '../pipeline/transform-stage.ts';
import type { Transport } from '../pipeline/transport.ts';
import { systemClock } from '../platform/clock.ts';
import { admitProducers } from './admit-producers.ts';
import { catalogElsewhere, createSink } from './configured-sink.ts';
import type { Configured } from './configured.ts';
import { keepForStages } from './keep-for-stages.ts';
import { openEvents } from './open-events.ts';
import { openStateStore } from './open-state-store.ts';
import { stateFolder } from './state-folder.ts';
import { registryWith } from './load-plugins.ts';
import { type LocalCatalog, openOwnCatalog } from './local-catalog.ts';
import { topicSpecs } from './topic-specs.ts';

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
  /** Whether the sink writes everything that comes, also what was applied already. @default false */
  readonly force?: boolean;
  /** The stages that run in this process. One that runs them all serves the local catalogue; others look for it at its address. @default all */
  readonly stages?: readonly StageName[];
  /** Whether the local catalogue gets a thread of its own, where the stages are to run beside it. @default false */
  readonly catalogInThread?: boolean;
  /** The local catalogue, where it is open already, or opens; whoever opened it closes it. @default it is opened with the rest */
  readonly catalog?: Promise<LocalCatalog | undefined>;
}

/** Everything that the stages and producers of one process work with, connected. */
export interface OpenPipeline {
  readonly configured: Configured;
  readonly telemetry: Telemetry;
  readonly state: StateStore;
  readonly transport: Transport;
  /** Where producers keep their state; undefined where that is with the transport. */
  readonly store: FencedStateStore | undefined;
  /** Undefined where the stage does not run in this process. */
  readonly transformStage: TransformStageOptions | undefined;
  readonly sinkStage: SinkStageOptions | undefined;
  readonly addresses: readonly { readonly label: string; readonly url: string }[];
  /** Calls that wrote to the local catalogue since it was opened; undefined where there is none. */
  writeCalls(): Promise<number | undefined>;
  /** Rejects when the local catalogue ends by itself; it never resolves. */
  readonly catalogEnded: Promise<never>;
  /** Closes everything, in reverse order of opening. */
  close(): Promise<void>;
}

/** Opens what the configuration describes, the local catalogue included; the producers are opened apart. */
export async function openPipeline(
  configured: Configured,
  options: OpenPipelineOptions,
): Promise<OpenPipeline> {
  const { config } = configured.loaded;
  const folder = stateFolder(configured.loaded, options.state);
  const closers: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (let closer = closers.pop(); closer !== undefined; closer = closers.pop()) await closer();
  };
  try {
    // It opens while the others do: in a thread, both have a core.
    const opening = options.catalog ?? ownCatalog(configured, options);
    opening.catch((thrown: unknown) => thrown); // thrown where it is waited for
    if (options.catalog === undefined)
      closers.push(async () => (await opening.catch(() => undefined))?.close());
    const transport = await openEvents(configured.loaded, folder, options.telemetry);
    closers.push(() => transport.close());
    const { state } = transport.transactions;
    const store = await openStateStore(configured.loaded, folder);
    if (store !== undefined) closers.push(() => store.close());
    await transport.ensureTopics(topicSpecs(config));
    await keepForStages(transport);
    const host = sinkHost(configured, transport, options);
    const { telemetry, stages = stageNames } = options;
    const parts = { transport, telemetry };
    const transformStage = stages.includes('transform')
      ? await openTransformStage(configured, parts)
      : undefined;
    const catalog = await opening;
    const sink = stages.includes('sink')
      ? createSink(configured, { host, catalog: catalog ?? catalogElsewhere(configured, options) })
      : undefined;
    if (sink !== undefined) closers.push(() => sink.close());
    return {
      configured,
      telemetry,
      state,
      transport,
      store,
      transformStage,
      sinkStage: sink && sinkStageOptions(configured, { ...parts, sink, keepTrying: options.once !== true }),
      ...toldBy(catalog),
      close,
    };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

function toldBy(
  catalog: LocalCatalog | undefined,
): Pick<OpenPipeline, 'addresses' | 'writeCalls' | 'catalogEnded'> {
  return {
    addresses: catalog === undefined ? [] : [{ label: 'Catalogue', url: catalog.url }],
    writeCalls: async () => catalog?.writeCalls(),
    catalogEnded: catalog?.ended ?? new Promise<never>(() => undefined),
  };
}

function sinkHost(
  { loaded, producers, precedence, types }: Configured,
  transport: Transport,
  { force = false, telemetry }: OpenPipelineOptions,
): SinkHost {
  return {
    baseFolder: loaded.folder,
    state: transport.transactions.state,
    producers: new Set(producers.keys()),
    precedence,
    types,
    clock: systemClock,
    force,
    random: Math.random,
    members: () => sinkMembers(transport),
    telemetry,
    optionsAgain: () => loaded.resolveAgain(['sink'], { fresh: true }),
  };
}

/** Processes that share an account. The sink is opened before its stage joins the group. */
async function sinkMembers({ admin }: Transport): Promise<number> {
  return Math.max(1, await admin.members(topics.entities, groups.sink));
}

function ownCatalog(
  configured: Configured,
  { stages = stageNames, catalogInThread, ...options }: OpenPipelineOptions,
): Promise<LocalCatalog | undefined> {
  if (!stageNames.every((stage) => stages.includes(stage))) return Promise.resolve(undefined);
  return openOwnCatalog(configured.loaded, { ...options, inThread: catalogInThread });
}

type StageParts = Pick<TransformStageOptions, 'transport' | 'telemetry'>;

function creditsOf({ loaded }: Configured): SinkStageOptions['credits'] {
  const { credits, creditBytes } = loaded.config.delivery;
  return { records: credits, bytes: creditBytes };
}

async function openTransformStage(
  configured: Configured,
  { transport, telemetry }: StageParts,
): Promise<TransformStageOptions> {
  const { naming } = configured;
  // Loaded here: a process that only produces or delivers needs none of it.
  const { loadPostgresParser } = await import('../platform/postgres-parser.ts');
  const { transforms } = await import('../transforms/index.ts');
  const postgres = await loadPostgresParser();
  const all = registryWith<TransformFactory>(transforms, configured.loaded.plugins.transforms, 'transforms');
  const settings = (producer: string) => configured.settings(producer);
  const deriver = new Deriver({
    transforms: (known) => Object.values(all).map((make) => make({ naming, known, settings, postgres })),
    naming,
    producers: new Set(configured.producers.keys()),
  });
  return {
    transport,
    deriver,
    telemetry,
    credits: creditsOf(configured),
    retryDelayMs: configured.loaded.config.delivery.retryDelayMs,
    now: () => new Date(),
    reading: (partition) => liveReading(transport.transactions.state, partition),
    admit: admitProducers(configured),
  };
}

function sinkStageOptions(
  configured: Configured,
  { transport, telemetry, sink, keepTrying }: StageParts & Pick<SinkStageOptions, 'sink' | 'keepTrying'>,
): SinkStageOptions {
  const { delivery } = configured.loaded.config;
  return {
    transport,
    sink,
    telemetry,
    credits: creditsOf(configured),
    lanes: delivery.lanes,
    batch: { count: delivery.batch, bytes: delivery.batchBytes, withinMs: delivery.batchWithinMs },
    missingReferent: delivery.missingReferent,
    parkForMs: delivery.parkForMs,
    retryDelayMs: delivery.retryDelayMs,
    keepTrying: keepTrying ?? false,
    now: () => new Date(),
  };
}
