import { randomInt } from 'node:crypto';
import type ZongJi from '@vlasky/zongji';
import type { Connection } from 'mysql2/promise';
import { z } from 'zod';
import { pause } from '../../pipeline/delivery/backoff.ts';
import { messageOf } from '../../pipeline/errors.ts';
import type { Json } from '../../pipeline/state.ts';
import { clientOptions, sourceError } from './connection.ts';
import { effectOf } from './ddl.ts';
import type { MysqlConnection } from './options.ts';
import type { Touched } from './queries.ts';
import type { NameStep } from '../../platform/relational/renames.ts';
import { nameSteps } from './renames.ts';

/** How far the binary log is read. */
export const logMarkSchema = z.object({
  /** Which life of the server the position is of. */
  incarnation: z.string(),
  filename: z.string().min(1).max(512),
  position: z.number().int().min(4),
  /** Executed GTIDs, where they are what the log is resumed by. */
  gtids: z.string().max(1_000_000).optional(),
});
/** How far the binary log is read. */
export type LogMark = z.output<typeof logMarkSchema>;

/** A mark as the runner keeps it. */
export function keptMark({ incarnation, filename, position, gtids }: LogMark): Json {
  return { incarnation, filename, position, ...(gtids === undefined ? {} : { gtids }) };
}

/** What was read since the last time. */
export interface LogNews {
  /** What was touched, each once; `everything` where only a scan can tell. Undefined when nothing was, and only the mark has moved. */
  readonly touched: Touched | 'everything' | undefined;
  /** What was done to names, in order. */
  readonly steps: readonly NameStep[];
  readonly mark: LogMark;
}

const endSchema = z.array(z.object({ File: z.string(), Position: z.coerce.number() })).min(1);
const gtidSchema = z.array(z.object({ gtids: z.string().nullable() }));

/** Where the log ends now. Rejects where the user has not the right REPLICATION CLIENT, or there is no log. */
export async function endOfLog(
  connection: Connection,
  {
    incarnation,
    byGtid,
    system,
  }: { readonly incarnation: string; readonly byGtid: boolean; readonly system: 'mysql' | 'mariadb' },
): Promise<LogMark> {
  const [rows] = await connection.query('SHOW MASTER STATUS').catch((thrown: unknown) => {
    const isUnknown = thrown instanceof Error && 'code' in thrown && thrown.code === 'ER_PARSE_ERROR';
    if (!isUnknown) throw thrown;
    return connection.query('SHOW BINARY LOG STATUS'); // its name in MySQL 8.4
  });
  const [end] = endSchema.parse(rows);
  const mark = { incarnation, filename: end?.File ?? '', position: end?.Position ?? 4 };
  if (!byGtid) return mark;
  const variable = system === 'mariadb' ? 'gtid_current_pos' : 'gtid_executed';
  const [gtids] = await connection.query(`SELECT @@GLOBAL.${variable} AS gtids`);
  return { ...mark, gtids: (gtidSchema.parse(gtids)[0]?.gtids ?? '').replaceAll(/\s/g, '') };
}

/** The server has not the log any more that is asked for (ER_MASTER_FATAL_ERROR_READING_BINLOG, ER_GTID_…): only a scan can tell what was missed. */
const lostLog =
  /\b1236\b|FATAL_ERROR_READING_BINLOG|could not find first log|purged|ER_GTID|not in the binlog|impossible position/i;

/** For how long the log has to say nothing before what it said is read, and for how long that is waited for at most, in milliseconds. */
const quietMs = 300;
const longestMs = 5_000;

/** Names that may be touched between two looks; more are a scan. */
const maxTouched = 2_000;

/**
 * Reads the binary log from a mark on, and remembers what its statements touch until somebody asks: memory is bounded, however much is written.
 */
export class LogReader {
  readonly #source: MysqlConnection;
  readonly #reader: ZongJi;
  readonly #incarnation: string;
  readonly #tables = new Map<string, readonly [string, string]>();
  readonly #routines = new Map<string, readonly [string, string]>();
  #steps: NameStep[] = [];
  #everything = false;
  #mark: LogMark;
  #moved = false;
  /** Events that were taken so far. */
  #taken = 0;
  #failure: unknown;
  #wake: (() => void) | undefined;

  /** Begins to read. A connection that cannot be made shows in {@link next}. */
  static async open(source: MysqlConnection, from: LogMark): Promise<LogReader> {
    const { default: Reader } = await import('@vlasky/zongji'); // loaded where it is used, as mysql2 is
    return new LogReader(new Reader({ ...clientOptions(source), dateStrings: true }), source, from);
  }

  private constructor(reader: ZongJi, source: MysqlConnection, from: LogMark) {
    this.#source = source;
    this.#mark = from;
    this.#incarnation = from.incarnation;
    this.#reader = reader;
    this.#reader.on('error', (thrown: unknown) => this.#fail(thrown));
    this.#reader.on('binlog', (event) => this.#take(event));
    const at =
      from.gtids === undefined
        ? { filename: from.filename, position: from.position }
        : { gtidSet: from.gtids };
    this.#reader.start({
      ...at,
      // Each reader of a server's log needs a number of its own among all its replicas.
      serverId: randomInt(2 ** 30, 2 ** 32 - 1),
      includeEvents: ['query', 'rotate'],
    });
  }

  /**
   * Waits for news, and until no more follow at once: of what is renamed and renamed again only the last name can be read, and only all of its
   * renames together say what it was called. Undefined when `stop` fires; `lost` when the server has not the log any more. Rejects with a
   * StreamError when the connection breaks.
   */
  async next(stop: AbortSignal): Promise<LogNews | 'lost' | undefined> {
    const wake = (): void => this.#wake?.();
    stop.addEventListener('abort', wake, { once: true });
    try {
      while (!this.#moved && this.#failure === undefined && !stop.aborted) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      stop.removeEventListener('abort', wake);
    }
    if (this.#moved) await this.#quiet(stop);
    if (stop.aborted) return undefined;
    if (this.#moved) return this.#news();
    if (lostLog.test(messageOf(this.#failure))) return 'lost';
    throw sourceError(this.#failure, this.#source);
  }

  close(): void {
    this.#reader.stop();
  }

  async #quiet(stop: AbortSignal): Promise<void> {
    const until = performance.now() + longestMs;
    for (let before = -1; before !== this.#taken && performance.now() < until && !stop.aborted; ) {
      before = this.#taken;
      await pause(quietMs, stop);
    }
  }

  #news(): LogNews {
    const touched = this.#everything
      ? ('everything' as const)
      : this.#tables.size + this.#routines.size === 0
        ? undefined
        : { tables: [...this.#tables.values()], routines: [...this.#routines.values()] };
    const steps = this.#steps;
    this.#forget();
    this.#everything = false;
    this.#moved = false;
    return { touched, steps, mark: this.#mark };
  }

  #take(event: {
    getEventName(): string;
    readonly nextPosition: number;
    readonly query?: string;
    readonly schema?: string;
  }): void {
    const isRotation = event.getEventName() === 'rotate';
    const { query = '', schema = '' } = event;
    const effect = isRotation ? undefined : effectOf(query, schema);
    const { filename = this.#mark.filename, position } = this.#reader.options ?? {};
    // The server begins with a rotation to where the reading begins.
    if (isRotation ? filename === this.#mark.filename : effect === undefined) return;
    this.#mark = {
      incarnation: this.#incarnation,
      filename,
      position: position ?? this.#mark.position,
      ...(this.#mark.gtids === undefined ? {} : { gtids: this.#reader.gtidSet ?? this.#mark.gtids }),
    };
    if (effect !== undefined) this.#note(effect, query, schema);
    this.#moved = true;
    this.#taken += 1;
    this.#wake?.();
  }

  #note(effect: Touched | 'everything', query: string, database: string): void {
    if (effect === 'everything') this.#everything = true;
    else {
      for (const name of effect.tables) this.#tables.set(JSON.stringify(name), name);
      for (const name of effect.routines) this.#routines.set(JSON.stringify(name), name);
      this.#steps.push(...nameSteps(query, database));
      if (this.#tables.size + this.#routines.size + this.#steps.length > maxTouched) this.#everything = true;
    }
    if (this.#everything) this.#forget();
  }

  #forget(): void {
    this.#tables.clear();
    this.#routines.clear();
    this.#steps = [];
  }

  #fail(thrown: unknown): void {
    this.#failure ??= thrown ?? new Error('The binary log ended.');
    this.#wake?.();
  }
}
