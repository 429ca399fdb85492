import { z } from 'zod';
import { pause } from '../../pipeline/delivery/backoff.ts';
import { StreamError } from '../../pipeline/errors.ts';
import { nameFilter } from '../../pipeline/name-filter.ts';
import type {
  FoundObject,
  PartialChange,
  Producer,
  Rejection,
  ScanContext,
} from '../../pipeline/producer.ts';
import type { Json } from '../../pipeline/state.ts';
import type { RelationalSource } from '../../platform/relational/model.ts';
import { relationalObjects } from '../../platform/relational/objects.ts';
import { toldRenames } from '../../platform/relational/renames.ts';
import { objectIdOf, pathOf, refOf, routineIdOf } from '../../platform/relational/paths.ts';
import { throwIfStopped } from '../../platform/stop-scan.ts';
import { captureSchema } from './capture.ts';
import { type DatabaseState, readCatalogue, readState } from './catalogue.ts';
import type { WithDatabase } from './connection.ts';
import { databasesOf, type SqlServerOptions } from './options.ts';
import { readLook, whyNoTrigger } from './outbox.ts';
import type { QualifiedName, Touched } from './queries.ts';
import { DatabaseWatcher, endOfOutbox, type Mark, markSchema, type News } from './watch-database.ts';

const marksSchema = z.record(z.string(), markSchema);

/** Reads the catalogue views of SQL Server and Azure SQL, and in between what the DDL trigger has noted. */
export class SqlServerProducer implements Producer {
  readonly #options: SqlServerOptions;
  readonly #with: WithDatabase;
  readonly #closed = new AbortController();
  /** Where the outbox was when the last scan began, by database. */
  readonly #scanned = new Map<string, Mark>();

  constructor(options: SqlServerOptions, withDatabase: WithDatabase) {
    this.#options = options;
    this.#with = withDatabase;
  }

  /** That of the first database: when it was created, also by a restore. */
  async incarnation(): Promise<string> {
    const [database = ''] = databasesOf(this.#options);
    return (await this.#with(database, this.#closed.signal, readState)).incarnation;
  }

  async *scan(context: ScanContext): AsyncGenerator<FoundObject> {
    const signal = AbortSignal.any([context.signal, this.#closed.signal]);
    for (const [index, database] of databasesOf(this.#options).entries()) {
      throwIfStopped(context.signal);
      const { state, end, results } = await this.#with(database, signal, async (query) => {
        const now = await readState(query);
        return { state: now, end: await endOfOutbox(query, now), results: await readCatalogue(query, now) };
      });
      const reject = (one: Rejection): void => context.reject(one);
      for (const found of relationalObjects(this.#relational(state), results, { reject })) {
        throwIfStopped(context.signal);
        // The server is told once, with the first database.
        if (index === 0 || found.objectId !== '/') yield found;
      }
      if (end !== undefined) this.#scanned.set(database, end);
    }
  }

  /** Looks at every database each `interval`: at what its DDL trigger has noted, else at its fingerprint. */
  async *changes(signal: AbortSignal, saved?: Json): AsyncGenerator<PartialChange | undefined> {
    const stop = AbortSignal.any([signal, this.#closed.signal]);
    const marks = marksSchema.safeParse(saved).data ?? {};
    const watchers = databasesOf(this.#options).map(
      (database) =>
        new DatabaseWatcher(
          {
            database,
            withDatabase: this.#with,
            reconcileMs: this.#options.reconcile * 1_000,
            scanned: () => this.#scanned.get(database),
          },
          marks[database],
        ),
    );
    while (!stop.aborted) {
      let unknown = false;
      for (const watcher of watchers) {
        for await (const news of watcher.look(stop)) {
          if (stop.aborted) return;
          if (news === undefined) unknown = true;
          else yield this.#told(news, { watcher, watchers, stop });
        }
      }
      if (stop.aborted) return;
      if (unknown) yield undefined;
      await pause(this.#options.interval * 1_000, stop);
    }
  }

  async describeChanges(): Promise<string> {
    const { interval } = this.#options;
    const ways = new Map<string, string[]>();
    for (const database of databasesOf(this.#options)) {
      const why = whyNoTrigger(await this.#with(database, this.#closed.signal, readLook));
      const way =
        why === undefined
          ? `what the DDL trigger notes every ${interval} s`
          : `the fingerprint of the catalogue views every ${interval} s (${why})`;
      ways.set(way, [...(ways.get(way) ?? []), database]);
    }
    return [...ways].map(([way, databases]) => `${way} in ${databases.join(', ')}`).join('; ');
  }

  async close(): Promise<void> {
    this.#closed.abort(new StreamError('SOURCE_UNAVAILABLE', 'The producer was closed.'));
  }

  #told(
    { state, touched, renamed, mark }: News,
    {
      watcher,
      watchers,
      stop,
    }: {
      readonly watcher: DatabaseWatcher;
      readonly watchers: readonly DatabaseWatcher[];
      readonly stop: AbortSignal;
    },
  ): PartialChange {
    const marks = watchers.flatMap((one): readonly (readonly [string, Mark])[] =>
      one.mark === undefined ? [] : [[one.database, one.mark]],
    );
    const source = this.#relational(state);
    return {
      found: this.#read(watcher.database, { state, touched }, stop),
      looked: touched === undefined ? [] : refsOf(source, state, touched),
      renamed: toldRenames(renamed, (name) => tableId(source, state, name)),
      mark: { ...Object.fromEntries(marks), [watcher.database]: mark },
    };
  }

  /** Reads what was touched as it is now. A row that is wrong is a scan's to reject. */
  async *#read(
    database: string,
    { state, touched }: Pick<News, 'state' | 'touched'>,
    stop: AbortSignal,
  ): AsyncGenerator<FoundObject> {
    if (touched === undefined) return;
    const results = await this.#with(database, stop, (query) => readCatalogue(query, state, touched));
    const reject = ({ error }: Rejection): never => {
      throw error;
    };
    yield* relationalObjects(this.#relational(state), results, { reject, partial: true });
  }

  #relational({ version, name, foldsCase }: DatabaseState): RelationalSource {
    const { host, port, server, schemas, tables, routines } = this.#options;
    const tests = { schema: nameFilter(schemas), table: nameFilter(tables), routine: nameFilter(routines) };
    return {
      system: 'tsql',
      server: server ?? (port === 1433 ? host : `${host}:${port}`),
      version,
      levels: ['database', 'schema'],
      defaults: { database: name },
      foldsCase,
      isRead: (level, of) =>
        level === 'database' ||
        level === 'container' ||
        (tests[level](of) && !(level === 'schema' && of === captureSchema)),
    };
  }
}

function refsOf(
  source: RelationalSource,
  state: DatabaseState,
  { tables, routines }: Touched,
): readonly string[] {
  const routineId = ([schema, name]: QualifiedName): string =>
    routineIdOf([...pathOf(source, [state.name, schema]), { level: 'routine', name }]);
  return [...tables.map((one) => tableId(source, state, one)), ...routines.map(routineId)].map((id) =>
    refOf(source, id),
  );
}

function tableId(source: RelationalSource, state: DatabaseState, [schema, name]: QualifiedName): string {
  return objectIdOf([...pathOf(source, [state.name, schema]), { level: 'table', name }]);
}
