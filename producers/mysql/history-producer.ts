import { StreamError } from '../../pipeline/errors.ts';
import type { FoundObject, Producer, ScanContext } from '../../pipeline/producer.ts';
import { atIntervals } from '../../platform/at-intervals.ts';
import { StatementHistory } from '../../platform/statement-history.ts';
import { throwIfStopped } from '../../platform/stop-scan.ts';
import { withConnection } from './connection.ts';
import { readDigests, readServer } from './history-rows.ts';
import type { MysqlSource } from './options.ts';

const cutAdvice =
  'Raise max_digest_length and performance_schema_max_digest_length (MySQL: performance_schema_max_sql_text_length too) of the server.';

/** Reads the digests of performance_schema. */
export class MysqlHistory implements Producer {
  readonly #source: MysqlSource;
  readonly #closed = new AbortController();

  constructor(source: MysqlSource) {
    this.#source = source;
  }

  /** The server's own life: a truncated table of digests takes back no lineage, so it begins no other. */
  async incarnation(): Promise<string> {
    return (await withConnection(this.#source, this.#closed.signal, readServer)).incarnation;
  }

  async *scan(context: ScanContext): AsyncIterable<FoundObject> {
    throwIfStopped(context.signal);
    const { databases, server, keepDays } = this.#source;
    const signal = AbortSignal.any([context.signal, this.#closed.signal]);
    const read = await withConnection(this.#source, signal, async (connection) => {
      const facts = await readServer(connection);
      return { facts, rows: await readDigests(connection, facts, databases) };
    });
    const { system, now } = read.facts;
    const history = await StatementHistory.open(context.memory, {
      system,
      dialect: system,
      server,
      keepDays,
      now,
    });
    for (const { database, digest, text, cut, count, firstSeen, lastSeen } of read.rows.digests) {
      history.observe({
        database,
        searchPath: [],
        text,
        identity: digest,
        user: null,
        // A digest that was dropped and made anew begins later.
        executions: { key: '', epoch: `${firstSeen?.getTime() ?? 0}`, value: count },
        firstSeen,
        lastSeen,
        flows: null,
        cut,
        cutAdvice,
      });
    }
    if (read.rows.lost > 0) context.reject({ objectId: 'digests', error: this.#full() });
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

  #full(): StreamError {
    const { host, port } = this.#source;
    return new StreamError(
      'SOURCE_LIMIT',
      `The table of digests of MySQL at ${host}:${port} is full: it counts further statements without telling which.`,
      { advice: 'Raise performance_schema_digests_size of the server, or truncate the table now and then.' },
    );
  }
}
