import type { Client } from 'pg';
import { z } from 'zod';
import type { FoundObject, PartialChange } from '../../pipeline/producer.ts';
import { captureChannel } from './capture.ts';
import { connect, sourceError } from './connection.ts';
import { DatabaseObjects } from './objects.ts';
import type { PostgresSource } from './options.ts';
import { type CaptureState, Outbox, type Touched } from './outbox.ts';
import { OutboxStream } from './outbox-stream.ts';
import { Catalogue } from './rows.ts';
import { beginReading, readObjects } from './scan.ts';
import { slotOf } from './slots.ts';

/** Milliseconds between two looks at the outbox; a NOTIFY only shortens them. */
const pollMs = 250;
/** Milliseconds until a commit that was received is looked for again: others see it a moment later. */
const visibleMs = 20;
/** Milliseconds until replication that has failed is tried again; the outbox is looked at meanwhile. */
const streamAgainMs = 10_000;
/** Milliseconds between two deletions of old rows of the outbox. */
const forgetMs = 3_600_000;

/** How far a database was read: what the snapshot saw, in that life of the server. */
export const markSchema = z.object({
  incarnation: z.string(),
  snapshot: z.string().regex(/^\d+:\d+:[\d,]*$/),
});
/** How far a database was read. */
export type Mark = z.output<typeof markSchema>;

/** What was noted since the last look. */
export interface Delta extends Pick<PartialChange, 'found' | 'looked'> {
  readonly mark: Mark;
}

/** What a watcher starts with. */
export interface WatchOptions {
  readonly source: PostgresSource;
  readonly database: string;
  /** Fires when the watcher is to end; cuts its connection. */
  readonly stop: AbortSignal;
  /** Called when the database says that something was committed. */
  readonly wake: () => void;
  /** What was read before. */
  readonly mark: Mark | undefined;
  /** Snapshot of the last scan of this process, which is read from where there is no mark of this life of the server. */
  readonly scanned: () => string | undefined;
}

/** Whether changes can be read from the outbox; if not, why, for a person. */
export function whyNoTriggers(state: CaptureState): string | undefined {
  if (!state.installed) return 'no event triggers are installed';
  if (!state.enabled) return 'the event triggers are disabled or gone';
  if (!state.complete) return 'the event triggers were installed by another version: install them again';
  if (!state.readable) return 'the role may not read what the event triggers note: install them again';
  return undefined;
}

interface Session {
  readonly client: Client;
  readonly incarnation: string;
  readonly standby: boolean;
  /** Whether the event triggers are read; else the fingerprint. */
  readonly triggers: boolean;
  readonly forgets: boolean;
  /** What tells of the outbox, where that is asked for. */
  readonly stream: OutboxStream | undefined;
}

/**
 * Watches one database by its event triggers, or by the fingerprint of its catalogue where it has none that can be read. Everything
 * that goes wrong ends the connection; the next look begins anew, from the same mark.
 */
export class DatabaseWatcher {
  readonly database: string;
  readonly #options: WatchOptions;
  #session: Session | undefined;
  #mark: Mark | undefined;
  #fingerprint: string | undefined;
  #scanAt = 0;
  #forgetAt = 0;
  #streamAt = 0;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.database = options.database;
    this.#mark = options.mark;
  }

  /** How far the database was read. */
  get mark(): Mark | undefined {
    return this.#mark;
  }

  /** Milliseconds until the next look is due. */
  get pauseMs(): number {
    const { intervalMs } = this.#options.source;
    if (this.#session?.triggers !== true) return intervalMs;
    const { stream } = this.#session;
    if (stream?.isStreaming !== true) return pollMs;
    return stream.waiting.length > 0 ? visibleMs : intervalMs;
  }

  /**
   * Looks once. Yields what was noted, and then counts it as read; undefined when the database may have changed in a way that only a
   * scan tells, and also when it cannot be connected to: the scan then tells what is wrong. Throws SOURCE_INVALID when an answer is not
   * what it should be.
   */
  async *look(): AsyncGenerator<Delta | undefined> {
    // A connection that broke while nothing was asked says nothing of the server: a new one is tried once.
    for (const last of this.#session === undefined ? [true] : [false, true]) {
      try {
        yield* this.#look(this.#session ?? (await this.#open()));
        return;
      } catch (thrown) {
        await this.close();
        if (this.#options.stop.aborted) return;
        const error = sourceError(thrown, this.#options.source, this.database);
        if (error.code === 'SOURCE_INVALID') throw error;
        if (last) yield undefined;
      }
    }
  }

  /** Ends the connection; the next look opens another. */
  async close(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    this.#fingerprint = undefined;
    await session?.stream?.close();
    await session?.client.end();
  }

  async #open(): Promise<Session> {
    const { source, stop, wake } = this.#options;
    const client = await connect(source, this.database, stop);
    try {
      const state = await new Outbox(client).state();
      const triggers = whyNoTriggers(state) === undefined;
      const incarnation = await new Catalogue(client).incarnation();
      if (triggers && !state.standby) {
        client.on('notification', wake);
        await client.query(`LISTEN ${captureChannel}`);
      }
      const { standby } = state;
      const stream = triggers && !standby && source.follow === 'replication' ? this.#stream() : undefined;
      this.#session = { client, incarnation, standby, triggers, forgets: state.forgets && !standby, stream };
      return this.#session;
    } catch (thrown) {
      await client.end();
      throw thrown;
    }
  }

  async *#look(session: Session): AsyncGenerator<Delta | undefined> {
    if (!session.triggers) {
      const fingerprint = await new Catalogue(session.client).fingerprint();
      const same = this.#fingerprint === fingerprint;
      this.#fingerprint = fingerprint;
      if (whyNoTriggers(await new Outbox(session.client).state()) === undefined) await this.close();
      if (!same) yield undefined;
      return;
    }
    const outbox = new Outbox(session.client);
    if (session.forgets && performance.now() >= this.#forgetAt) {
      await outbox.forget();
      this.#forgetAt = performance.now() + forgetMs;
    }
    const { incarnation } = session;
    const known = this.#known(incarnation);
    const look = await outbox.look(known ?? '1:1:');
    if (!look.enabled) {
      await this.close();
      yield undefined;
      return;
    }
    if (known !== undefined && look.noted) yield* this.#changes(session, known);
    else yield* this.#moveOn({ incarnation, snapshot: look.snapshot });
    await this.#settle(session);
    if (known === undefined || look.steady !== true || this.#isScanDue()) yield undefined;
  }

  #stream(): OutboxStream {
    const { source, wake } = this.#options;
    this.#streamAt = performance.now() + streamAgainMs;
    return new OutboxStream({ source, database: this.database, slot: slotOf(source, this.database), wake });
  }

  /** Tells the slot what was seen of what it told, and tries again where it has failed. */
  async #settle(session: Session): Promise<void> {
    const { stream } = session;
    if (stream === undefined || this.#session !== session) return;
    if (stream.failure !== undefined) {
      if (performance.now() < this.#streamAt) return;
      await stream.close();
      this.#session = { ...session, stream: this.#stream() };
    } else if (this.#mark !== undefined && stream.waiting.length > 0)
      stream.seen(await new Outbox(session.client).visible(stream.waiting, this.#mark.snapshot));
  }

  /** Nothing was noted. The first mark of a life is told all the same: what is dropped after it is then known even if this process ends. */
  *#moveOn(mark: Mark): Generator<Delta> {
    if (this.#mark?.incarnation !== mark.incarnation) yield { found: nothing(), looked: [], mark };
    this.#mark = mark;
  }

  /** The snapshot that everything is known up to; undefined in a new life of the server. */
  #known(incarnation: string): string | undefined {
    if (this.#mark === undefined) return this.#options.scanned();
    return this.#mark.incarnation === incarnation ? this.#mark.snapshot : undefined;
  }

  /** What event triggers do not see (owners, restores, triggers that were off for a time) is seen by a scan now and then. */
  #isScanDue(): boolean {
    const now = performance.now();
    const due = this.#scanAt !== 0 && now >= this.#scanAt;
    if (due || this.#scanAt === 0) this.#scanAt = now + this.#options.source.reconcileMs;
    return due;
  }

  async *#changes({ client, incarnation }: Session, since: string): AsyncGenerator<Delta> {
    const { source } = this.#options;
    await beginReading(client);
    const catalogue = new Catalogue(client);
    const { sequence, snapshot } = await catalogue.database();
    const mark = { incarnation, snapshot };
    const touched = await new Outbox(client).touched(since, snapshot);
    if (touched !== undefined) {
      const objects = new DatabaseObjects(source.server, this.database, sequence);
      const found = this.#read(catalogue, objects, touched.read);
      yield { found, looked: refs(objects, touched.looked), mark };
    }
    await client.query('COMMIT');
    this.#mark = mark;
  }

  async *#read(
    catalogue: Catalogue,
    objects: DatabaseObjects,
    read: Touched['read'],
  ): AsyncGenerator<FoundObject> {
    const { source } = this.#options;
    try {
      const schemas = await catalogue.schemas(source.schemas.include, source.schemas.exclude);
      for (const schema of schemas) if (read.schemas.has(schema.oid)) yield objects.schema(schema);
      const within = schemas.map((schema) => schema.oid);
      yield* readObjects(catalogue, objects, { ...read, schemas: within });
    } catch (thrown) {
      throw sourceError(thrown, source, this.database);
    }
  }
}

async function* nothing(): AsyncGenerator<FoundObject> {
  yield* [];
}

function refs(objects: DatabaseObjects, looked: Touched['looked']): readonly string[] {
  return [
    ...looked.schemas.map((oid) => objects.ref('schema', oid)),
    ...looked.relations.map((oid) => objects.ref('relation', oid)),
    ...looked.routines.map((oid) => objects.ref('routine', oid)),
  ];
}
