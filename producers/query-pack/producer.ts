import { createHash } from 'node:crypto';
import { z } from 'zod';
import { messageOf, StreamError } from '../../pipeline/errors.ts';
import type { NameFilter } from '../../pipeline/name-filter.ts';
import { nameFilter } from '../../pipeline/name-filter.ts';
import type { FoundObject, Producer, ScanContext } from '../../pipeline/producer.ts';
import type { MiddleLevel } from '../../pipeline/relational-types.ts';
import { atIntervals } from '../../platform/at-intervals.ts';
import { redactText } from '../../platform/redact.ts';
import type { RelationalSource } from '../../platform/relational/model.ts';
import { relationalObjects } from '../../platform/relational/objects.ts';
import { type QueryResult, type Row, scalarText } from '../../platform/relational/row-reader.ts';
import { throwIfStopped } from '../../platform/stop-scan.ts';
import type { ConnectionOptions, Driver, DriverConnection } from './drivers/driver.ts';
import { type Pack, packQuery, type PackQuery } from './pack.ts';

/** What a producer with a query pack works with. */
export interface QueryPackSource {
  readonly pack: Pack;
  /** Path of the pack, for errors. */
  readonly file: string;
  readonly driver: Driver;
  readonly connection: ConnectionOptions;
  readonly baseFolder: string;
  readonly server: string;
  /** Names of levels that the queries do not tell. */
  readonly names: Partial<Readonly<Record<MiddleLevel, string>>>;
  readonly filters: Readonly<Record<MiddleLevel | 'table' | 'routine', NameFilter>>;
  readonly maxRows: number;
  readonly timeoutMs: number;
  readonly intervalMs: number;
}

/** Reads a database by the queries of a pack. */
export class QueryPackProducer implements Producer {
  readonly #source: QueryPackSource;
  readonly #closed = new AbortController();

  constructor(source: QueryPackSource) {
    this.#source = source;
  }

  async incarnation(): Promise<string> {
    const { incarnation } = this.#source.pack.queries;
    if (incarnation === undefined) return 'database';
    return this.#connected(this.#closed.signal, (session) => session.value('incarnation', incarnation));
  }

  async *scan(context: ScanContext): AsyncGenerator<FoundObject> {
    throwIfStopped(context.signal);
    const signal = AbortSignal.any([context.signal, this.#closed.signal]);
    const { pack } = this.#source;
    const read = await this.#connected(signal, async (session) => ({
      version:
        pack.queries.version === undefined ? null : await session.value('version', pack.queries.version),
      databases: await session.result('databases'),
      containers: await session.result('containers'),
      schemas: await session.result('schemas'),
      tables: await session.required('tables'),
      columns: await session.required('columns'),
      keys: await session.result('keys'),
      views: await session.result('views'),
      routines: await session.result('routines'),
    }));
    const { version, databases, containers, schemas, ...results } = read;
    const levels = {
      ...(databases === undefined ? {} : { database: databases }),
      ...(containers === undefined ? {} : { container: containers }),
      ...(schemas === undefined ? {} : { schema: schemas }),
    };
    for (const found of relationalObjects(
      this.#relational(version),
      { ...results, levels },
      { reject: (rejection) => context.reject(rejection) },
    )) {
      throwIfStopped(context.signal);
      yield found;
    }
  }

  /** Looks at the fingerprint where the pack has one; else a scan is due at every interval. */
  async *changes(signal: AbortSignal): AsyncGenerator<undefined> {
    const stop = AbortSignal.any([signal, this.#closed.signal]);
    const { fingerprint } = this.#source.pack.queries;
    let last: string | undefined;
    for await (const _tick of atIntervals(this.#source.intervalMs, stop)) {
      if (fingerprint === undefined) yield undefined;
      else {
        const now = await this.#fingerprint(fingerprint, stop);
        if (stop.aborted) return;
        if (now === undefined || now !== last) yield undefined;
        last = now;
      }
    }
  }

  async describeChanges(): Promise<string> {
    const { intervalMs, pack } = this.#source;
    const how = pack.queries.fingerprint === undefined ? 'a scan' : 'the fingerprint query';
    return `${how} every ${intervalMs / 1_000} s`;
  }

  async close(): Promise<void> {
    this.#closed.abort(new StreamError('SOURCE_UNAVAILABLE', 'The producer was closed.'));
  }

  /** Undefined when it cannot be asked: the scan then says why. */
  async #fingerprint(sql: string, stop: AbortSignal): Promise<string | undefined> {
    try {
      return await this.#connected(stop, (session) => session.value('fingerprint', sql));
    } catch (thrown) {
      if (stop.aborted || thrown instanceof StreamError) return undefined;
      throw thrown;
    }
  }

  #relational(version: string | null): RelationalSource {
    const { pack, server, names, filters, driver, connection } = this.#source;
    const tests = {
      database: nameFilter(filters.database),
      container: nameFilter(filters.container),
      schema: nameFilter(filters.schema),
      table: nameFilter(filters.table),
      routine: nameFilter(filters.routine),
    };
    const database = names.database ?? driver.databaseName?.(connection);
    return {
      system: pack.system,
      server,
      version,
      levels: pack.levels,
      defaults: { ...names, ...(database === undefined ? {} : { database }) },
      isRead: (level, name) => tests[level](name),
    };
  }

  async #connected<T>(signal: AbortSignal, use: (session: Session) => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    const { driver, connection: options, baseFolder, timeoutMs } = this.#source;
    const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    let connection: DriverConnection | undefined;
    try {
      connection = await driver.connect(options, { signal: limit, baseFolder });
      return await use(new Session(this.#source, connection));
    } catch (thrown) {
      signal.throwIfAborted();
      if (limit.aborted)
        throw new StreamError(
          'SOURCE_UNAVAILABLE',
          `${this.#where} did not answer within ${timeoutMs / 1_000} s.`,
          {
            cause: thrown,
            advice: 'Raise the option timeout, or lower what is read.',
          },
        );
      throw this.#sourceError(thrown);
    } finally {
      await connection?.close();
    }
  }

  get #where(): string {
    return `The database of ${this.#source.pack.product} (${this.#source.server})`;
  }

  #sourceError(thrown: unknown): StreamError {
    if (thrown instanceof StreamError) return thrown;
    if (thrown instanceof z.ZodError) {
      const [issue] = thrown.issues;
      return new StreamError(
        'CONFIG_INVALID',
        `connection.${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`,
        { cause: thrown },
      );
    }
    const kind =
      thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : '';
    const refused = /^28|^42501|ACCESS_DENIED|^ER_NOT_SUPPORTED_AUTH|^ELOGIN/.test(kind);
    const text = redactText(messageOf(thrown).replace(/\.$/, ''));
    return new StreamError(refused ? 'SOURCE_REFUSED' : 'SOURCE_UNAVAILABLE', `${this.#where}: ${text}.`, {
      cause: thrown,
      advice: refused
        ? 'Check user and password under connection.'
        : 'Is it running, and is connection right?',
    });
  }
}

/** One connection while it is used. */
class Session {
  readonly #source: QueryPackSource;
  readonly #connection: DriverConnection;

  constructor(source: QueryPackSource, connection: DriverConnection) {
    this.#source = source;
    this.#connection = connection;
  }

  /** The first value of the first row, as text; long ones as their hash. */
  async value(name: string, sql: string): Promise<string> {
    const [row] = await this.#run(name, { sql, map: {} });
    const [value] = Object.values(row ?? {});
    const text = scalarText(value) ?? JSON.stringify(value ?? null);
    return text.length <= 200 ? text : createHash('sha256').update(text).digest('hex');
  }

  async required(name: 'tables' | 'columns'): Promise<QueryResult> {
    const result = await this.result(name);
    if (result === undefined)
      throw new StreamError('CONFIG_INVALID', `${this.#source.file} has no query ${name}.`);
    return result;
  }

  /** The result of a query; undefined where the pack has none of that name. */
  async result(name: Parameters<typeof packQuery>[1]): Promise<QueryResult | undefined> {
    const query = packQuery(this.#source.pack, name);
    if (query === undefined) return undefined;
    return { place: this.#place(name), rows: await this.#run(name, query), map: query.map };
  }

  #place(name: string): string {
    return `${this.#source.file}, query ${name}`;
  }

  async #run(name: string, { sql }: PackQuery): Promise<readonly Row[]> {
    let rows: readonly Row[];
    try {
      rows = await this.#connection.query(sql);
    } catch (thrown) {
      const isLost = thrown instanceof Error && 'fatal' in thrown && thrown.fatal === true;
      if (thrown instanceof StreamError || isLost) throw thrown;
      throw new StreamError(
        'SOURCE_INVALID',
        `${this.#place(name)} failed: ${redactText(messageOf(thrown).replace(/\.$/, ''))}.`,
        { cause: thrown },
      );
    }
    const { maxRows } = this.#source;
    if (rows.length <= maxRows) return rows;
    throw new StreamError(
      'SOURCE_LIMIT',
      `${this.#place(name)} gave ${rows.length} rows, more than ${maxRows}.`,
      {
        advice: 'Raise the option maxRows, or read less of the database with one producer.',
      },
    );
  }
}
