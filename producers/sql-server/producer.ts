import { pause } from '../../pipeline/delivery/backoff.ts';
import { StreamError } from '../../pipeline/errors.ts';
import { nameFilter } from '../../pipeline/name-filter.ts';
import type { FoundObject, Producer, ScanContext } from '../../pipeline/producer.ts';
import type { RelationalSource } from '../../platform/relational/model.ts';
import { relationalObjects } from '../../platform/relational/objects.ts';
import { type QueryResult, RowReader } from '../../platform/relational/row-reader.ts';
import { throwIfStopped } from '../../platform/stop-scan.ts';
import type { RunQuery, WithDatabase } from './connection.ts';
import type { SqlServerOptions } from './options.ts';
import { fingerprintQuery, scanQueries, stateQuery } from './queries.ts';

/** What is known of one database. */
interface DatabaseState {
  readonly version: string;
  readonly name: string;
  readonly incarnation: string;
}

/** Reads the catalogue views of SQL Server and Azure SQL. */
export class SqlServerProducer implements Producer {
  readonly #options: SqlServerOptions;
  readonly #with: WithDatabase;
  readonly #closed = new AbortController();

  constructor(options: SqlServerOptions, withDatabase: WithDatabase) {
    this.#options = options;
    this.#with = withDatabase;
  }

  get #databases(): readonly string[] {
    const { database } = this.#options;
    return typeof database === 'string' ? [database] : [...new Set(database)];
  }

  /** That of the first database: when it was created, also by a restore. */
  async incarnation(): Promise<string> {
    const [database = ''] = this.#databases;
    return (await this.#with(database, this.#closed.signal, readState)).incarnation;
  }

  async *scan(context: ScanContext): AsyncGenerator<FoundObject> {
    const signal = AbortSignal.any([context.signal, this.#closed.signal]);
    for (const [index, database] of this.#databases.entries()) {
      throwIfStopped(context.signal);
      const read = await this.#with(database, signal, async (query) => ({
        state: await readState(query),
        schemas: await resultOf(query, 'schemas'),
        tables: await resultOf(query, 'tables'),
        columns: await resultOf(query, 'columns'),
        keys: await resultOf(query, 'keys'),
        routines: await resultOf(query, 'routines'),
      }));
      const { state, schemas, ...results } = read;
      const levels = { database: { place: 'sys.databases', rows: [{ name: state.name }] }, schema: schemas };
      const objects = relationalObjects(
        this.#relational(state),
        { ...results, levels },
        { reject: (one) => context.reject(one) },
      );
      for (const found of objects) {
        throwIfStopped(context.signal);
        // The server is told once, with the first database.
        if (index === 0 || found.objectId !== '/') yield found;
      }
    }
  }

  /** Looks at the fingerprint of every database. */
  async *changes(signal: AbortSignal): AsyncGenerator<undefined> {
    const stop = AbortSignal.any([signal, this.#closed.signal]);
    let last: string | undefined;
    while (!stop.aborted) {
      const now = await this.#fingerprint(stop);
      if (stop.aborted) return;
      // One that cannot be asked for is a scan, which says what is wrong.
      if (now === undefined || now !== last) yield undefined;
      last = now;
      await pause(this.#options.interval * 1_000, stop);
    }
  }

  async describeChanges(): Promise<string> {
    return `the fingerprint of the catalogue views every ${this.#options.interval} s`;
  }

  async close(): Promise<void> {
    this.#closed.abort(new StreamError('SOURCE_UNAVAILABLE', 'The producer was closed.'));
  }

  async #fingerprint(stop: AbortSignal): Promise<string | undefined> {
    const all: string[] = [];
    try {
      for (const database of this.#databases)
        all.push(
          await this.#with(database, stop, async (query) => JSON.stringify(await query(fingerprintQuery))),
        );
    } catch (thrown) {
      if (stop.aborted || thrown instanceof StreamError) return undefined;
      throw thrown;
    }
    return all.join('\n');
  }

  #relational({ version, name }: DatabaseState): RelationalSource {
    const { host, port, server, schemas, tables, routines } = this.#options;
    const tests = { schema: nameFilter(schemas), table: nameFilter(tables), routine: nameFilter(routines) };
    return {
      system: 'tsql',
      server: server ?? (port === 1433 ? host : `${host}:${port}`),
      version,
      levels: ['database', 'schema'],
      defaults: { database: name },
      isRead: (level, of) => level === 'database' || level === 'container' || tests[level](of),
    };
  }
}

async function readState(query: RunQuery): Promise<DatabaseState> {
  const rows = await query(stateQuery);
  const reader = new RowReader({ place: 'sys.databases', rows }, ['version', 'name', 'incarnation']).at(
    rows[0] ?? {},
    1,
  );
  return {
    version: reader.name('version'),
    name: reader.name('name'),
    incarnation: reader.name('incarnation'),
  };
}

async function resultOf(query: RunQuery, name: keyof typeof scanQueries): Promise<QueryResult> {
  return { place: `catalogue views, ${name}`, rows: await query(scanQueries[name]) };
}
