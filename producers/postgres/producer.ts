import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from 'pg';
import { z } from 'zod';
import { StreamError } from '../../pipeline/errors.ts';
import type { Backlog, FoundObject, PartialChange, Producer, ScanContext } from '../../pipeline/producer.ts';
import type { Json } from '../../pipeline/state.ts';
import { connect, sourceError, withClient } from './connection.ts';
import type { PostgresSource } from './options.ts';
import { Outbox } from './outbox.ts';
import { Catalogue } from './rows.ts';
import { scanDatabase } from './scan.ts';
import { readSlot, requireReplication, slotOf } from './slots.ts';
import { DatabaseWatcher, type Mark, markSchema, whyNoTriggers } from './watch-database.ts';

const marksSchema = z.record(z.string(), markSchema);

/** Reads PostgreSQL's catalogues: whole databases in one snapshot each, and in between what has changed. */
export class PostgresProducer implements Producer {
  readonly #source: PostgresSource;
  readonly #closed = new AbortController();
  /** Snapshot of the last scan, by database. */
  readonly #scanned = new Map<string, string>();

  constructor(source: PostgresSource) {
    this.#source = source;
  }

  async incarnation(): Promise<string> {
    const [database] = this.#source.databases;
    if (database === undefined)
      throw new StreamError('CONFIG_INVALID', 'The option database lists no database.');
    return this.#with(database, (client) => new Catalogue(client).incarnation());
  }

  async *scan(context: ScanContext): AsyncIterable<FoundObject> {
    const signal = AbortSignal.any([context.signal, this.#closed.signal]);
    for (const database of this.#source.databases) {
      let client: Client | undefined;
      try {
        client = await connect(this.#source, database, signal);
        for await (const found of scanDatabase(client, this.#source, database, (snapshot) =>
          this.#scanned.set(database, snapshot),
        )) {
          if (context.signal.aborted) return;
          yield found;
        }
      } catch (thrown) {
        if (context.signal.aborted) return;
        signal.throwIfAborted();
        throw sourceError(thrown, this.#source, database);
      } finally {
        await client?.end();
      }
    }
  }

  /**
   * Watches every database: by its event triggers, which tell what has changed; where there are none that can be read, by the
   * fingerprint each `interval`.
   */
  async *changes(signal: AbortSignal, saved?: Json): AsyncIterable<PartialChange | undefined> {
    const stop = AbortSignal.any([signal, this.#closed.signal]);
    const parsed = marksSchema.safeParse(saved);
    const marks = parsed.success ? parsed.data : {};
    const pause = new Pause();
    const watchers = this.#source.databases.map(
      (database) =>
        new DatabaseWatcher({
          source: this.#source,
          database,
          stop,
          wake: () => pause.end(),
          mark: marks[database],
          scanned: () => this.#scanned.get(database),
        }),
    );
    try {
      while (!stop.aborted) {
        let unknown = false;
        for (const watcher of watchers) {
          for await (const delta of watcher.look()) {
            if (stop.aborted) return;
            if (delta === undefined) unknown = true;
            else yield { ...delta, mark: marksOf(watchers, { [watcher.database]: delta.mark }) };
          }
        }
        if (stop.aborted) return;
        if (unknown) yield undefined;
        await pause.wait(Math.min(...watchers.map(({ pauseMs }) => pauseMs)), stop);
      }
    } finally {
      await Promise.all(watchers.map((watcher) => watcher.close()));
    }
  }

  async describeChanges(): Promise<string> {
    const ways = new Map<string, string[]>();
    for (const database of this.#source.databases) {
      const way = await this.#with(database, (client) => this.#wayOf(client, database));
      ways.set(way, [...(ways.get(way) ?? []), database]);
    }
    return [...ways].map(([way, databases]) => `${way} in ${databases.join(', ')}`).join('; ');
  }

  /** Throws SOURCE_REFUSED, with the way out, where a database cannot be followed by logical replication. */
  async requireReplication(): Promise<void> {
    const { user } = this.#source;
    for (const database of this.#source.databases) {
      const slot = slotOf(this.#source, database);
      requireReplication(await this.#with(database, (client) => readSlot(client, slot)), { user, database });
    }
  }

  /** The log that the server keeps for the slots. */
  async backlog(): Promise<readonly Backlog[]> {
    if (this.#source.follow !== 'replication') return [];
    const all: Backlog[] = [];
    for (const database of this.#source.databases) {
      const slot = slotOf(this.#source, database);
      const { behind, unlimited } = await this.#with(database, (client) => readSlot(client, slot));
      if (behind === null) continue;
      const advice = unlimited ? { advice: 'set max_slot_wal_keep_size of the server, such as 10GB' } : {};
      all.push({ what: `slot ${slot}`, bytes: behind, ...advice });
    }
    return all;
  }

  async close(): Promise<void> {
    this.#closed.abort(new StreamError('SOURCE_UNAVAILABLE', 'The producer was closed.'));
  }

  async #wayOf(client: Client, database: string): Promise<string> {
    const state = await new Outbox(client).state();
    const why = whyNoTriggers(state);
    const seconds = this.#source.intervalMs / 1000;
    if (why !== undefined) return `the fingerprint of the catalogue every ${seconds} s (${why})`;
    if (this.#source.follow !== 'replication') return 'event triggers';
    if (state.standby) return 'event triggers (a standby has no slot)';
    const slot = slotOf(this.#source, database);
    const { unlimited } = await readSlot(client, slot);
    const warning = unlimited
      ? '; max_slot_wal_keep_size is not set: when nobody reads the slot, the log fills the disk of the server'
      : '';
    return `event triggers by logical replication (slot ${slot}${warning})`;
  }

  #with<T>(database: string, use: (client: Client) => Promise<T>): Promise<T> {
    return withClient({ source: this.#source, database, signal: this.#closed.signal }, use);
  }
}

function marksOf(watchers: readonly DatabaseWatcher[], last: Readonly<Record<string, Mark>>): Json {
  const marks = watchers.flatMap(({ database, mark }) =>
    mark === undefined ? [] : [[database, mark] as const],
  );
  return { ...Object.fromEntries(marks), ...last };
}

/** A wait that can be cut short, also just before it begins. */
class Pause {
  #ended = new AbortController();

  end(): void {
    this.#ended.abort();
  }

  /** Resolves after so many milliseconds, at once when `stop` fires or {@link end} was called since the last wait. */
  async wait(ms: number, stop: AbortSignal): Promise<void> {
    const signal = AbortSignal.any([stop, this.#ended.signal]);
    try {
      await delay(ms, undefined, { signal });
    } catch (thrown) {
      if (!signal.aborted) throw thrown;
    }
    if (this.#ended.signal.aborted) this.#ended = new AbortController();
  }
}
