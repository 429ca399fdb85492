import type { Connection } from 'mysql2/promise';
import { pause } from '../../pipeline/delivery/backoff.ts';
import { StreamError } from '../../pipeline/errors.ts';
import { type NameFilter, nameFilter } from '../../pipeline/name-filter.ts';
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
import { objectIdOf, routineIdOf } from '../../platform/relational/paths.ts';
import { throwIfStopped } from '../../platform/stop-scan.ts';
import type { NamePart } from '../../schemas/types.ts';
import { endOfLog, keptMark, type LogMark, logMarkSchema, type LogNews, LogReader } from './binlog.ts';
import { mayReadLog, readCatalogue, readFingerprint, readState, type ServerState } from './catalogue.ts';
import { withConnection } from './connection.ts';
import type { MysqlConnection } from './options.ts';
import type { Touched } from './queries.ts';
import { hasNames, isThere, joinedNews, type NamedNews, type ReadNews } from './read-news.ts';
import { renamedBy, toldRenames } from '../../platform/relational/renames.ts';

/** What the producer works with. */
export interface MysqlCatalogueSource extends MysqlConnection {
  readonly filters: Readonly<Record<'database' | 'table' | 'routine', NameFilter>>;
  readonly follow: 'auto' | 'binlog' | 'fingerprint';
  readonly resume: 'position' | 'gtid';
  readonly intervalMs: number;
  readonly reconcileMs: number;
}

/** How long the log may take to say what became of something that was renamed and is not there any more. */
const soonMs = 1000;

/** Reads information_schema of MySQL and MariaDB, and in between what the binary log says has changed. */
export class MysqlProducer implements Producer {
  readonly #source: MysqlCatalogueSource;
  readonly #closed = new AbortController();
  /** Where the log was when the last scan began. */
  #scanned: LogMark | undefined;

  constructor(source: MysqlCatalogueSource) {
    this.#source = source;
  }

  async incarnation(): Promise<string> {
    return (await this.#connected(this.#closed.signal, readState)).incarnation;
  }

  async *scan(context: ScanContext): AsyncGenerator<FoundObject> {
    throwIfStopped(context.signal);
    const signal = AbortSignal.any([context.signal, this.#closed.signal]);
    const { state, results, end } = await this.#connected(signal, async (connection) => {
      const server = await readState(connection);
      const isLogged = (await this.#whyNoLog(connection, server)) === undefined;
      return {
        state: server,
        end: isLogged ? await this.#end(connection, server) : undefined,
        results: await readCatalogue(connection),
      };
    });
    const reject = (rejection: Rejection): void => context.reject(rejection);
    for (const found of relationalObjects(this.#relational(state), results, { reject })) {
      throwIfStopped(context.signal);
      yield found;
    }
    this.#scanned = end;
  }

  async *changes(signal: AbortSignal, saved?: Json): AsyncGenerator<PartialChange | undefined> {
    const stop = AbortSignal.any([signal, this.#closed.signal]);
    let mark = logMarkSchema.safeParse(saved).data;
    while (!stop.aborted) {
      const { state, why, end } = await this.#look(stop);
      if (stop.aborted) return;
      if (end === undefined) {
        yield* this.#fingerprints(stop, why);
        continue;
      }
      const known = this.#isOf(mark, state) ? mark : this.#scanned;
      // What is dropped after the first mark is known even if this process ends before anything else happens.
      if (!this.#isOf(mark, state)) yield { found: nothing(), looked: [], mark: keptMark(known ?? end) };
      if (known === undefined) yield undefined;
      mark = yield* this.#follow(state, known ?? end, stop);
    }
  }

  async describeChanges(): Promise<string> {
    const why = await this.#connected(this.#closed.signal, async (connection) =>
      this.#whyNoLog(connection, await readState(connection)),
    );
    const seconds = this.#source.intervalMs / 1_000;
    return why === undefined
      ? 'the binary log'
      : `the fingerprint of information_schema every ${seconds} s (${why})`;
  }

  async close(): Promise<void> {
    this.#closed.abort(new StreamError('SOURCE_UNAVAILABLE', 'The producer was closed.'));
  }

  async #look(stop: AbortSignal) {
    return this.#connected(stop, async (connection) => {
      const state = await readState(connection);
      const why = await this.#whyNoLog(connection, state);
      return { state, why, end: why === undefined ? await this.#end(connection, state) : undefined };
    }).catch((thrown: unknown) => {
      if (!stop.aborted) throw thrown;
      return { state: undefined, why: undefined, end: undefined };
    });
  }

  /** Why the log is not followed; undefined where it is. Throws where it is asked for and cannot be. */
  async #whyNoLog(connection: Connection, { logs }: ServerState): Promise<string | undefined> {
    const { follow } = this.#source;
    if (follow === 'fingerprint') return 'follow: fingerprint';
    if (follow === 'binlog') return undefined;
    if (!logs) return 'the server writes no binary log';
    return (await mayReadLog(connection)) ? undefined : 'the user may not read the binary log';
  }

  #end(connection: Connection, { incarnation, system, gtids }: ServerState): Promise<LogMark> {
    return endOfLog(connection, { incarnation, system, byGtid: gtids && this.#source.resume === 'gtid' });
  }

  /** A GTID holds on every server of a replication, a position only on its own. */
  #isOf(mark: LogMark | undefined, state: ServerState | undefined): mark is LogMark {
    if (mark === undefined) return false;
    const byGtid = this.#source.resume === 'gtid' && mark.gtids !== undefined && state?.gtids === true;
    return byGtid || (mark.gtids === undefined && mark.incarnation === state?.incarnation);
  }

  /** Follows the log until it is stopped, or until the log is lost; then a scan is due, and what to follow is looked for anew. */
  async *#follow(
    state: ServerState | undefined,
    from: LogMark,
    stop: AbortSignal,
  ): AsyncGenerator<PartialChange | undefined, undefined> {
    if (state === undefined) return undefined;
    const reader = await LogReader.open(this.#source, from);
    try {
      for (let left: LogNews | 'lost' | undefined; ; ) {
        const due = AbortSignal.any([stop, AbortSignal.timeout(this.#source.reconcileMs)]);
        const news: LogNews | 'lost' | undefined = left ?? (await reader.next(due));
        left = undefined;
        if (stop.aborted) return undefined;
        if (news === 'lost') {
          this.#scanned = undefined;
          return undefined;
        }
        if (news === undefined) yield undefined;
        else if (hasNames(news)) {
          const read = await this.#settled(reader, news, stop);
          if (read === undefined) return undefined;
          left = read.left;
          yield this.#changeOf(state, read);
        } else {
          if (news.touched === 'everything') yield undefined;
          yield { found: nothing(), looked: [], mark: keptMark(news.mark) };
        }
      }
    } finally {
      reader.close();
    }
  }

  /** Looks at the fingerprint until the log can be followed. */
  async *#fingerprints(stop: AbortSignal, why: string | undefined): AsyncGenerator<undefined> {
    let last: string | undefined;
    for (;;) {
      const now = await this.#connected(stop, async (connection) => ({
        why: await this.#whyNoLog(connection, await readState(connection)),
        fingerprint: await readFingerprint(connection),
      })).catch((thrown: unknown) => {
        if (stop.aborted || thrown instanceof StreamError) return undefined;
        throw thrown;
      });
      if (stop.aborted) return;
      // One that cannot be asked for is a scan, which says what is wrong.
      if (now === undefined || now.fingerprint !== last) yield undefined;
      if (now !== undefined && now.why === undefined && why !== undefined) return;
      last = now?.fingerprint;
      await pause(this.#source.intervalMs, stop);
      if (stop.aborted) return;
    }
  }

  /**
   * Reads what was touched. What has the new name of a rename no more has got another one since, or was dropped: the log is about to say so, and
   * both are one change then. Undefined when `stop` fires.
   */
  async #settled(reader: LogReader, news: NamedNews, stop: AbortSignal): Promise<ReadNews | undefined> {
    try {
      for (let known = news; ; ) {
        const read = await this.#connected(stop, (connection) => readCatalogue(connection, known.touched));
        const found = { ...known, results: read, renamed: renamedBy(known.steps) };
        if (isThere(found)) return found;
        const left = await reader.next(AbortSignal.any([stop, AbortSignal.timeout(soonMs)]));
        if (left === undefined || left === 'lost' || left.touched === 'everything') return { ...found, left };
        known = joinedNews(known, left);
      }
    } catch (thrown) {
      if (stop.aborted) return undefined;
      throw thrown;
    }
  }

  #changeOf(state: ServerState, { touched, results, renamed, mark }: ReadNews): PartialChange {
    const reject = ({ error }: Rejection): never => {
      throw error;
    };
    const objects = () => relationalObjects(this.#relational(state), results, { reject, partial: true });
    return {
      found: (async function* each() {
        yield* objects();
      })(),
      looked: this.#refs(touched),
      renamed: toldRenames(renamed, (name) => objectIdOf(pathTo('table', name))),
      mark: keptMark(mark),
    };
  }

  #refs({ tables, routines }: Touched): readonly string[] {
    return [
      ...tables.map((name) => objectIdOf(pathTo('table', name))),
      ...routines.map((name) => routineIdOf(pathTo('routine', name))),
    ];
  }

  #relational({ system, version }: ServerState): RelationalSource {
    const { server, filters } = this.#source;
    const tests = {
      database: nameFilter(filters.database),
      table: nameFilter(filters.table),
      routine: nameFilter(filters.routine),
    };
    return {
      system,
      server,
      version,
      levels: ['database'],
      defaults: {},
      isRead: (level, name) => level === 'container' || level === 'schema' || tests[level](name),
    };
  }

  #connected<T>(signal: AbortSignal, use: (connection: Connection) => Promise<T>): Promise<T> {
    return withConnection(this.#source, signal, use);
  }
}

/** The path of an object, but for the name of the server, which its id does not have. */
function pathTo(
  level: 'table' | 'routine',
  [database, name]: readonly [string, string],
): readonly NamePart[] {
  return [
    { level: 'server', name: '' },
    { level: 'database', name: database },
    { level, name },
  ];
}

async function* nothing(): AsyncGenerator<FoundObject> {
  yield* [];
}
