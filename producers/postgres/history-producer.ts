import type { Client } from 'pg';
import { StreamError } from '../../pipeline/errors.ts';
import type { FoundObject, Producer, ScanContext } from '../../pipeline/producer.ts';
import { atIntervals } from '../../platform/at-intervals.ts';
import { StatementHistory } from '../../platform/statement-history.ts';
import { throwIfStopped } from '../../platform/stop-scan.ts';
import { withClient } from './connection.ts';
import { readStatements } from './history-rows.ts';
import type { PostgresSource } from './options.ts';
import { Catalogue } from './rows.ts';

/** What the history is read with, beside the connection. */
export interface PostgresHistoryOptions {
  readonly searchPath: readonly string[];
  readonly keepDays: number;
}

/** Reads pg_stat_statements, through the first of the databases for all of them: its counters belong to the server. */
export class PostgresHistory implements Producer {
  readonly #source: PostgresSource;
  readonly #options: PostgresHistoryOptions;
  readonly #closed = new AbortController();

  constructor(source: PostgresSource, options: PostgresHistoryOptions) {
    this.#source = source;
    this.#options = options;
  }

  /** The server's own life: a reset of the statistics takes back no lineage, so it begins no other. */
  incarnation(): Promise<string> {
    return this.#with(this.#closed.signal, (client) => new Catalogue(client).incarnation());
  }

  async *scan(context: ScanContext): AsyncIterable<FoundObject> {
    const { searchPath, keepDays } = this.#options;
    const signal = AbortSignal.any([context.signal, this.#closed.signal]);
    throwIfStopped(context.signal);
    const read = await this.#with(signal, (client) => readStatements(client, this.#source.databases));
    const history = await StatementHistory.open(context.memory, {
      system: 'postgresql',
      dialect: 'postgres',
      server: this.#source.server,
      keepDays,
      now: read.now,
    });
    for (const { database, user, key, epoch, text, cut, calls, since } of read.statements) {
      history.observe({
        database,
        searchPath,
        text,
        user,
        cut,
        flows: null,
        executions: { key, epoch, value: calls },
        firstSeen: since,
        lastSeen: null,
      });
    }
    if (read.hidden > 0) context.reject({ objectId: 'pg_stat_statements', error: this.#hidden(read.hidden) });
    for (const found of history.found()) {
      throwIfStopped(context.signal);
      yield found;
    }
    history.remember(context.memory);
  }

  changes(signal: AbortSignal): AsyncIterable<undefined> {
    return atIntervals(this.#source.intervalMs, AbortSignal.any([signal, this.#closed.signal]));
  }

  async close(): Promise<void> {
    this.#closed.abort(new StreamError('SOURCE_UNAVAILABLE', 'The producer was closed.'));
  }

  #hidden(count: number): StreamError {
    const { host, port, user } = this.#source;
    return new StreamError(
      'SOURCE_REFUSED',
      `PostgreSQL at ${host}:${port} hides statements of other roles from ${user}.`,
      { advice: `Run: GRANT pg_read_all_stats TO "${user}". Hidden now: ${count}.` },
    );
  }

  #with<T>(signal: AbortSignal, use: (client: Client) => Promise<T>): Promise<T> {
    const [database = this.#source.user] = this.#source.databases;
    return withClient({ source: this.#source, database, signal }, use);
  }
}
