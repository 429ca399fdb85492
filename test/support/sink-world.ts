import { mkdtemp } from 'node:fs/promises';
import path from 'node:path';
import { openCatalog, type OpenCatalog } from '../../catalog/open-catalog.ts';
import { waitUntilSettled } from '../../cli/settled.ts';
import { SinkStage, type SinkStageOptions } from '../../pipeline/sink-stage.ts';
import { createTelemetry } from '../../pipeline/telemetry.ts';
import { topics } from '../../pipeline/topics.ts';
import { systemClock } from '../../platform/clock.ts';
import { encodeEvent } from '../../schemas/codec.ts';
import type { EntityChange } from '../../schemas/types.ts';
import { sinks } from '../../sinks/index.ts';
import { createEmbeddedTransport, type EmbeddedTransport } from '../../transports/embedded/transport.ts';
import type { AtlasTarget } from './atlas/setup.ts';
import { catalogUser } from './local-catalog.ts';
import { sinkHost } from './sink-host.ts';

/** A sink stage that runs, with the log as it alone has opened it. */
export interface RunningSink {
  /** Resolves when everything is settled and nothing that is parked here moves on. */
  settled(): Promise<void>;
  /** Drains and leaves the group. */
  stop(): Promise<void>;
}

/** A pipeline's second half on an embedded log, with a catalogue behind it. */
export class SinkWorld {
  readonly transport: EmbeddedTransport;
  readonly catalog: OpenCatalog;
  /** qualifiedNames of what was parked, and what became of it. */
  readonly parked: string[] = [];
  readonly unparked: string[] = [];
  /** Messages of dead letters. */
  readonly letters: string[] = [];
  /** Events by how they were settled, and those that were received and given back. */
  readonly counts = new Map<string, number>();
  readonly #place: string;
  readonly #remote: AtlasTarget | undefined;

  private constructor(
    place: string,
    transport: EmbeddedTransport,
    { catalog, remote }: { readonly catalog: OpenCatalog; readonly remote: AtlasTarget | undefined },
  ) {
    this.#place = place;
    this.#remote = remote;
    this.transport = transport;
    this.catalog = catalog;
  }

  /** Opens a new one in a folder. With `remote`, the sinks write there, and the local catalogue stays empty. */
  static async open(folder: string, partitions: number, remote?: AtlasTarget): Promise<SinkWorld> {
    const place = await mkdtemp(path.join(folder, 'world-'));
    const transport = createEmbeddedTransport({ folder: path.join(place, 'topics') });
    await transport.ensureTopics(Object.values(topics).map((name) => ({ name, partitions })));
    const catalog = await openCatalog({ path: path.join(place, 'catalog'), port: 0 });
    return new SinkWorld(place, transport, { catalog, remote });
  }

  /** Appends changes to their topic. */
  async append(changes: readonly EntityChange[]): Promise<void> {
    const records = changes.map((change) => ({
      key: change.qualifiedName,
      value: encodeEvent('entity-change', change),
      headers: {},
    }));
    await this.transport.append(topics.entities, records);
  }

  /** Starts a sink stage that shares nothing with the others but the folder, as a process of its own would. */
  start(options: Partial<SinkStageOptions> = {}): RunningSink {
    const transport = createEmbeddedTransport({ folder: path.join(this.#place, 'topics') });
    const { state } = transport.transactions;
    const host = sinkHost({ state, clock: systemClock });
    const sink =
      this.#remote === undefined
        ? sinks.local.create({ url: this.catalog.url, ...catalogUser }, host)
        : sinks.atlas.create({ ...this.#remote }, host);
    const stage = new SinkStage({
      transport,
      sink,
      telemetry: this.#telemetry(),
      credits: { records: 100, bytes: 1_000_000 },
      lanes: 1,
      batch: { count: 100, bytes: 1_000_000, withinMs: 1 },
      missingReferent: 'placeholder',
      parkForMs: 600_000,
      retryDelayMs: 20,
      now: () => new Date(),
      ...options,
    });
    const stop = new AbortController();
    const running = stage.run(stop.signal);
    return {
      settled: () =>
        Promise.race([running, waitUntilSettled(transport, stop.signal, { stages: ['sink'], sink: stage })]),
      stop: async () => {
        stop.abort();
        await running;
        await transport.close();
      },
    };
  }

  /** Runs a stage until everything is settled and nothing that is parked moves on. */
  async settle(options: Partial<SinkStageOptions> = {}): Promise<void> {
    const stage = this.start(options);
    await stage.settled();
    await stage.stop();
  }

  /** Closes the log and the catalogue. */
  async close(): Promise<void> {
    await this.transport.close();
    await this.catalog.close();
  }

  #telemetry() {
    const telemetry = createTelemetry();
    const count = (what: string, by: number): void => {
      this.counts.set(what, (this.counts.get(what) ?? 0) + by);
    };
    telemetry.on('received', ({ events }) => count('received', events));
    telemetry.on('returned', ({ events }) => count('returned', events));
    telemetry.on('settled', ({ as }) => count(as, 1));
    telemetry.on('parked', ({ qualifiedName }) => this.parked.push(qualifiedName));
    telemetry.on('unparked', ({ as }) => this.unparked.push(as));
    telemetry.on('deadLettered', ({ message }) => this.letters.push(message));
    return telemetry;
  }
}
