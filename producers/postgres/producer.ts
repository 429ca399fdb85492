import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from 'pg';
import { StreamError } from '../../pipeline/errors.ts';
import type { FoundObject, Producer, ScanContext } from '../../pipeline/producer.ts';
import { connect, sourceError } from './connection.ts';
import type { PostgresSource } from './options.ts';
import { Catalogue } from './rows.ts';
import { scanDatabase } from './scan.ts';

/** Reads PostgreSQL's catalogues: whole databases in one snapshot each, and a cheap fingerprint in between. */
export class PostgresProducer implements Producer {
  readonly #source: PostgresSource;
  readonly #closed = new AbortController();

  constructor(source: PostgresSource) {
    this.#source = source;
  }

  async incarnation(): Promise<string> {
    const [database] = this.#source.databases;
    if (database === undefined)
      throw new StreamError('CONFIG_INVALID', 'The option database lists no database.');
    return this.#with(database, this.#closed.signal, (client) => new Catalogue(client).incarnation());
  }

  async *scan(context: ScanContext): AsyncIterable<FoundObject> {
    const signal = AbortSignal.any([context.signal, this.#closed.signal]);
    for (const database of this.#source.databases) {
      let client: Client | undefined;
      try {
        client = await connect(this.#source, database, signal);
        for await (const found of scanDatabase(client, this.#source, database)) {
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
   * Looks at the fingerprint of every database each `interval`. Yields when one differs, and also when one cannot be looked at: the scan
   * that follows tells what is wrong, and the look after it starts afresh.
   */
  async *changes(signal: AbortSignal): AsyncIterable<void> {
    const stop = AbortSignal.any([signal, this.#closed.signal]);
    const watched = new Map<string, Watched>();
    try {
      for (;;) {
        let changed = false;
        for (const database of this.#source.databases) {
          if (await this.#differs(database, watched, stop)) changed = true;
        }
        if (stop.aborted) return;
        if (changed) yield;
        if (await aborted(this.#source.intervalMs, stop)) return;
      }
    } finally {
      await Promise.all([...watched.values()].map(({ client }) => client.end()));
    }
  }

  async close(): Promise<void> {
    this.#closed.abort(new StreamError('SOURCE_UNAVAILABLE', 'The producer was closed.'));
  }

  /** Looks once; remembers connection and fingerprint in `watched`, and forgets both when the look fails. */
  async #differs(database: string, watched: Map<string, Watched>, stop: AbortSignal): Promise<boolean> {
    const known = watched.get(database);
    try {
      const client = known?.client ?? (await connect(this.#source, database, stop));
      watched.set(database, { client, fingerprint: known?.fingerprint });
      const fingerprint = await new Catalogue(client).fingerprint();
      watched.set(database, { client, fingerprint });
      return known?.fingerprint !== fingerprint;
    } catch {
      await watched.get(database)?.client.end();
      watched.delete(database);
      return true;
    }
  }

  async #with<T>(database: string, signal: AbortSignal, use: (client: Client) => Promise<T>): Promise<T> {
    const client = await connect(this.#source, database, signal);
    try {
      return await use(client);
    } catch (thrown) {
      signal.throwIfAborted();
      throw sourceError(thrown, this.#source, database);
    } finally {
      await client.end();
    }
  }
}

/** An open connection and what the last look through it saw. */
interface Watched {
  readonly client: Client;
  readonly fingerprint: string | undefined;
}

/** Waits; true when `signal` fired. */
async function aborted(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await delay(ms, undefined, { signal });
    return false;
  } catch (thrown) {
    if (signal.aborted) return true;
    throw thrown;
  }
}
