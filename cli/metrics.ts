import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import { countParked } from '../pipeline/delivery/parked-entry.ts';
import { readLastScan } from '../pipeline/last-scan.ts';
import { errorCatalogue, StreamError } from '../pipeline/errors.ts';
import type { StateStore } from '../pipeline/state.ts';
import {
  settlements,
  type StageName,
  stageNames,
  type Telemetry,
  type TelemetryEvents,
} from '../pipeline/telemetry.ts';
import { groups, inputOf } from '../pipeline/topics.ts';
import type { Transport } from '../pipeline/transport.ts';

/** What this process did and does, in the text format of Prometheus. */
export interface Metrics {
  readonly contentType: string;
  text(): Promise<string>;
}

/** What is looked at when somebody asks. */
export interface MetricsOptions {
  readonly transport: Pick<Transport, 'describe' | 'transactions'>;
  /** What producers keep. @default with the transport */
  readonly ofProducers?: StateStore | undefined;
  /** Names of the configured producers. */
  readonly producers: readonly string[];
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: () => number;
}

const prefix = 'purview_streams_';
/** How often what is parked is counted at the most, in milliseconds: all of it is read for that. */
const parkedEveryMs = 30_000;

/**
 * Counts what telemetry says of this process, since its start. Events of stages are input events: received is the sum of settled, returned and in flight
 * (invariant 1). An event that was returned is received again by whoever gets its partition; totals over processes are kept
 * with the offsets. Labels hold names of stages, producers and codes only.
 */
export function createMetrics(
  telemetry: Telemetry,
  { transport, ofProducers = transport.transactions.state, producers, now = Date.now }: MetricsOptions,
): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix });
  countStages(registry, telemetry);
  countProducers(registry, telemetry);
  countSink(registry, telemetry);
  countGate(registry, telemetry);
  measureLag(registry, transport);
  measureState(registry, { transport, ofProducers, producers, now });
  return { contentType: registry.contentType, text: () => registry.metrics() };
}

function countStages(registry: Registry, telemetry: Telemetry): void {
  const counter = counterIn(registry);
  const received = counter('events_received_total', 'Input events that a stage took.', ['stage']);
  const settled = counter('events_settled_total', 'Input events by how they were settled.', ['stage', 'as']);
  const returned = counter(
    'events_returned_total',
    'Input events given back unsettled: the next owner of the partition receives them.',
    ['stage'],
  );
  const inFlight = gaugeIn(registry)(
    'events_in_flight',
    'Input events received, and neither settled nor returned.',
    ['stage'],
  );
  const refused = counter(
    'commits_refused_total',
    'Commits of events whose partition is in other hands by now.',
    ['stage'],
  );
  const letters = counter('dead_letters_total', 'Dead letters by the code of their error.', [
    'stage',
    'code',
  ]);
  for (const stage of stageNames) {
    received.inc({ stage }, 0);
    returned.inc({ stage }, 0);
    refused.inc({ stage }, 0);
    inFlight.set({ stage }, 0);
    for (const as of settlements) settled.inc({ stage, as }, 0);
  }
  telemetry.on('received', ({ stage, events }) => {
    received.inc({ stage }, events);
    inFlight.inc({ stage }, events);
  });
  telemetry.on('settled', ({ stage, as }) => {
    settled.inc({ stage, as });
    inFlight.dec({ stage });
  });
  telemetry.on('returned', ({ stage, events }) => {
    returned.inc({ stage }, events);
    inFlight.dec({ stage }, events);
  });
  telemetry.on('commitRefused', ({ stage }) => refused.inc({ stage }));
  telemetry.on('deadLettered', ({ stage, code }) => letters.inc({ stage, code }));
}

function countProducers(registry: Registry, telemetry: Telemetry): void {
  const counter = counterIn(registry);
  const scans = counter('scans_total', 'Scans of a source by how they ended: completed, failed or retried.', [
    'producer',
    'result',
  ]);
  const objects = counter(
    'scan_objects_total',
    'Objects of completed scans and of single changes: read, published, removed or rejected.',
    ['producer', 'as'],
  );
  const held = counter(
    'removals_held_back_total',
    'Scans that missed more objects than the threshold lets go.',
    ['producer'],
  );
  const count = ({ producer, objects: read, ...counts }: TelemetryEvents['scanCompleted']): void => {
    objects.inc({ producer, as: 'read' }, read);
    for (const as of ['published', 'removed', 'rejected'] as const) objects.inc({ producer, as }, counts[as]);
  };
  telemetry.on('scanCompleted', count);
  telemetry.on('scanCompleted', ({ producer }) => scans.inc({ producer, result: 'completed' }));
  telemetry.on('changeCompleted', count);
  telemetry.on('scanFailed', ({ producer, code, retryInMs }) => {
    const isPassing = retryInMs !== undefined && errorCatalogue[code].retryable;
    scans.inc({ producer, result: isPassing ? 'retried' : 'failed' });
  });
  telemetry.on('removalsHeldBack', ({ producer }) => held.inc({ producer }));
  const next = gaugeIn(registry)('schedule_next_seconds', 'When a producer with a schedule runs next.', [
    'producer',
  ]);
  const behind = gaugeIn(registry)(
    'source_behind_bytes',
    'Bytes of log that a source keeps until it is read, such as those of a replication slot.',
    ['producer', 'what'],
  );
  telemetry.on('sourceBehind', ({ producer, what, bytes }) => behind.set({ producer, what }, bytes));
  telemetry.on('scheduled', ({ producer, atMs }) => {
    if (atMs === undefined) next.remove({ producer });
    else next.set({ producer }, atMs / 1000);
  });
}

function countSink(registry: Registry, telemetry: Telemetry): void {
  const counter = counterIn(registry);
  const entities = counter('entities_total', 'Entities by what became of them in the catalogue.', [
    'producer',
    'as',
  ]);
  const unparked = counter(
    'events_unparked_total',
    'Events that were settled as parked, by what became of them later.',
    ['as'],
  );
  telemetry.on('unparked', ({ as }) => unparked.inc({ as }));
  const waits = counter(
    'sink_waits_total',
    'Pauses of the sink before it tries again, by the code of the error.',
    ['code'],
  );
  const seconds = counter('sink_wait_seconds_total', 'Seconds of these pauses.', ['code']);
  telemetry.on('applied', ({ producer, counts }) => {
    for (const as of ['created', 'updated', 'unchanged', 'deleted'] as const)
      entities.inc({ producer, as }, counts[as]);
  });
  telemetry.on('sinkWaiting', ({ code, waitMs }) => {
    waits.inc({ code });
    seconds.inc({ code }, waitMs / 1000);
  });
}

function countGate(registry: Registry, telemetry: Telemetry): void {
  const gauge = gaugeIn(registry);
  const requests = counterIn(registry)(
    'catalog_requests_total',
    'Requests to the catalogue by what became of them: accepted, or the code of the error.',
    ['result'],
  );
  const rate = gauge(
    'gate_requests_per_second',
    'Requests a second that the gate lets through at the most.',
    [],
  );
  const inFlight = gauge('gate_in_flight_limit', 'Requests that the gate lets be in flight at the most.', []);
  const waiting = gauge('gate_waiting', 'Requests that wait before the gate.', []);
  telemetry.on('paced', (paced) => {
    requests.inc({ result: paced.refused ?? 'accepted' });
    rate.set(paced.perSecond);
    inFlight.set(paced.inFlight);
    waiting.set(paced.waiting);
  });
}

/** Read from the state when somebody asks: the same in every process. */
function measureState(
  registry: Registry,
  {
    transport,
    ofProducers,
    producers,
    now,
  }: MetricsOptions & { readonly ofProducers: StateStore; readonly now: () => number },
): void {
  const { state } = transport.transactions;
  registry.registerMetric(
    new Gauge({
      name: `${prefix}source_age_seconds`,
      help: 'Seconds since a source was last read to the end, or a change of it taken, by whatever process.',
      labelNames: ['producer'],
      registers: [],
      async collect() {
        this.reset();
        try {
          for (const producer of producers) {
            const last = await readLastScan(ofProducers, producer);
            if (last !== undefined) this.set({ producer }, Math.max(now() - last.at, 0) / 1000);
          }
        } catch (thrown) {
          // A database that does not answer must not hide all other metrics; the producers say that it does not.
          if (!(thrown instanceof StreamError)) throw thrown;
        }
      },
    }),
  );
  let countedAt = Number.NEGATIVE_INFINITY;
  registry.registerMetric(
    new Gauge({
      name: `${prefix}events_parked`,
      help: 'Events that are parked now, over all processes.',
      registers: [],
      async collect() {
        if (now() - countedAt < parkedEveryMs) return;
        countedAt = now();
        this.set(await countParked(state, groups.sink));
      },
    }),
  );
}

/** Read from the topics when somebody asks: the same in every process. */
function measureLag(registry: Registry, transport: Pick<Transport, 'describe'>): void {
  registry.registerMetric(
    new Gauge({
      name: `${prefix}lag_events`,
      help: 'Events of a partition that its stage has not settled yet, over all processes.',
      labelNames: ['stage', 'partition'],
      registers: [],
      async collect() {
        for (const stage of stageNames) {
          for (const { partition, events } of await lagOf(transport, stage))
            this.set({ stage, partition }, events);
        }
      },
    }),
  );
}

async function lagOf(transport: Pick<Transport, 'describe'>, stage: StageName) {
  const { topic, group } = inputOf[stage];
  const states = await transport.describe(topic);
  return states.map(({ partition, earliest, next, committed }) => ({
    partition,
    events: next - (committed[group] ?? earliest),
  }));
}

function counterIn(registry: Registry) {
  return <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Counter<L>({ name: prefix + name, help, labelNames: [...labelNames], registers: [registry] });
}

function gaugeIn(registry: Registry) {
  return <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Gauge<L>({ name: prefix + name, help, labelNames: [...labelNames], registers: [registry] });
}
