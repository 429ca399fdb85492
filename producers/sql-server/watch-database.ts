import { z } from 'zod';
import { StreamError } from '../../pipeline/errors.ts';
import { type DatabaseState, readState } from './catalogue.ts';
import { renamedBy, type TableRename } from '../../platform/relational/renames.ts';
import type { RunQuery, WithDatabase } from './connection.ts';
import {
  forgetQuery,
  type Look,
  nameSteps,
  readLook,
  readNoted,
  touchedBy,
  versionSchema,
  whyNoTrigger,
} from './outbox.ts';
import { absentQuery, fingerprintQuery, type Touched } from './queries.ts';

/** Looks for which a change waits when what it gave a new name has that no more: the next ones tell what became of it, and both are one change then. */
const mostWaits = 3;
const absentShape = z.object({ absent: z.number() });

/** Milliseconds between two deletions of old rows of the outbox. */
const forgetMs = 3_600_000;

/** How far the outbox of a database was read, in that life of it. */
export const markSchema = z.object({
  incarnation: z.string(),
  version: versionSchema,
  /** Which trigger noted it: one that was disabled or made anew in between may have missed changes. */
  trigger: z.string(),
});
/** How far the outbox of a database was read. */
export type Mark = z.output<typeof markSchema>;

/** What was noted since the last look; without `touched` only the mark has moved. */
export interface News {
  readonly state: DatabaseState;
  readonly touched: Touched | undefined;
  /** What of it has other names now. */
  readonly renamed: readonly TableRename[];
  readonly mark: Mark;
}

/** Where the outbox is now; undefined where it cannot be read. */
export async function endOfOutbox(query: RunQuery, state: DatabaseState): Promise<Mark | undefined> {
  return markOf(await readLook(query), state);
}

function markOf(look: Look, { incarnation }: DatabaseState): Mark | undefined {
  if (whyNoTrigger(look) !== undefined || look.trigger === null) return undefined;
  return { incarnation, version: look.upto, trigger: look.trigger };
}

/** What a watcher starts with. */
export interface WatchOptions {
  readonly database: string;
  readonly withDatabase: WithDatabase;
  /** Milliseconds between two full scans while the outbox is read. */
  readonly reconcileMs: number;
  /** Where the outbox was when the last scan of this process began. */
  readonly scanned: () => Mark | undefined;
}

/** Watches one database by the outbox of its DDL trigger, or by its fingerprint where it has none that can be read. */
export class DatabaseWatcher {
  readonly database: string;
  readonly #options: WatchOptions;
  #mark: Mark | undefined;
  #fingerprint: string | undefined;
  #scanAt = 0;
  #forgetAt = 0;
  #waits = 0;

  constructor(options: WatchOptions, mark: Mark | undefined) {
    this.#options = options;
    this.database = options.database;
    this.#mark = mark;
  }

  /** How far the outbox was read. */
  get mark(): Mark | undefined {
    return this.#mark;
  }

  /**
   * Looks once. Yields what was noted, and then counts it as read; undefined when the database may have changed in a way that only a scan tells,
   * and when it cannot be asked: the scan then tells what is wrong.
   */
  async *look(stop: AbortSignal): AsyncGenerator<News | undefined> {
    let seen: readonly (News | undefined)[] = [undefined];
    try {
      seen = await this.#options.withDatabase(this.database, stop, (query) => this.#ask(query));
    } catch (thrown) {
      if (!(stop.aborted || thrown instanceof StreamError)) throw thrown;
      this.#fingerprint = undefined;
    }
    for (const news of seen) {
      if (stop.aborted) return;
      yield news;
      if (news !== undefined) this.#mark = news.mark;
    }
  }

  async #ask(query: RunQuery): Promise<readonly (News | undefined)[]> {
    const look = await readLook(query);
    const state = await readState(query);
    const now = markOf(look, state);
    if (now === undefined) {
      const fingerprint = JSON.stringify(await query(fingerprintQuery));
      const same = fingerprint === this.#fingerprint;
      this.#fingerprint = fingerprint;
      return same ? [] : [undefined];
    }
    this.#fingerprint = undefined;
    if (look.forgets && performance.now() >= this.#forgetAt) {
      await query(forgetQuery);
      this.#forgetAt = performance.now() + forgetMs;
    }
    return [...(await this.#noted(query, state, now)), ...(this.#isScanDue() ? [undefined] : [])];
  }

  async #noted(query: RunQuery, state: DatabaseState, now: Mark): Promise<readonly (News | undefined)[]> {
    const isNew = this.#mark?.incarnation !== now.incarnation;
    const known = isNew ? this.#options.scanned() : this.#mark;
    const moved = { state, touched: undefined, renamed: [], mark: now };
    if (known?.incarnation !== now.incarnation || known.trigger !== now.trigger) return [moved, undefined];
    const noted = await readNoted(query, known.version, now.version);
    const touched = noted.length === 0 ? undefined : touchedBy(noted);
    if (touched === 'everything') return [undefined, moved];
    const renamed = renamedBy(nameSteps(noted));
    if (await this.#hasMoved(query, renamed)) return [];
    // What is dropped after the first mark is known even if this process ends before anything else happens.
    if (touched !== undefined || isNew) return [{ state, touched, renamed, mark: now }];
    this.#mark = now;
    return [];
  }

  /** Whether something that was renamed has its new name no more, and may be heard of again. */
  async #hasMoved(query: RunQuery, renamed: readonly TableRename[]): Promise<boolean> {
    const names = renamed.map(({ to }) => to);
    const [row] = names.length === 0 ? [{ absent: 0 }] : await query(absentQuery(names));
    const { absent } = absentShape.parse(row);
    this.#waits = absent === 0 ? 0 : (this.#waits + 1) % (mostWaits + 1);
    return this.#waits > 0;
  }

  /** What the trigger does not see is seen by a scan now and then. */
  #isScanDue(): boolean {
    const now = performance.now();
    const due = this.#scanAt !== 0 && now >= this.#scanAt;
    if (due || this.#scanAt === 0) this.#scanAt = now + this.#options.reconcileMs;
    return due;
  }
}
