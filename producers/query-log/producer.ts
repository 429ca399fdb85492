import { stat } from 'node:fs/promises';
import path from 'node:path';
import { pause } from '../../pipeline/delivery/backoff.ts';
import { StreamError } from '../../pipeline/errors.ts';
import type { FoundObject, Producer, ScanContext } from '../../pipeline/producer.ts';
import { listFiles } from '../../platform/list-files.ts';
import { StatementHistory } from '../../platform/statement-history.ts';
import { throwIfStopped } from '../../platform/stop-scan.ts';
import { FileReader } from './file-reader.ts';
import { Marks } from './marks.ts';
import type { QueryLogOptions } from './options.ts';
import { QueryIds } from './query-ids.ts';

/** Reads files of statements from where the last scan ended. */
export class QueryLog implements Producer {
  readonly #options: QueryLogOptions;

  constructor(options: QueryLogOptions) {
    this.#options = options;
  }

  /** Files that are restored from a copy are the same source: what was read of them is known by their contents. */
  incarnation(): Promise<string> {
    return Promise.resolve('files');
  }

  async *scan(context: ScanContext): AsyncIterable<FoundObject> {
    const { system, dialect, server, keepDays, overlapMs, now } = this.#options;
    const history = await StatementHistory.open(context.memory, {
      system,
      dialect,
      server,
      keepDays,
      now: now(),
    });
    const marks = await Marks.open(context.memory);
    const ids = await QueryIds.open(context.memory, overlapMs);
    const reader = new FileReader(this.#options, context, { history, ids });
    for (const file of await this.#files()) await reader.read(file, marks);
    reader.reportRest();
    for (const found of history.found()) {
      throwIfStopped(context.signal);
      yield found;
    }
    for (const part of [history, marks, ids]) part.remember(context.memory);
  }

  /** Looks every `interval` whether a file was written or renamed: a log that is written all the time never settles. */
  async *changes(signal: AbortSignal): AsyncIterable<undefined> {
    let last: string | undefined;
    for (;;) {
      const now = await this.#signature().catch(() => ''); // the scan that follows tells what is wrong
      if (last !== now && !signal.aborted) yield undefined;
      last = now;
      await pause(this.#options.intervalMs, signal);
      if (signal.aborted) return;
    }
  }

  async close(): Promise<void> {
    // Nothing is held between two scans.
  }

  async #signature(): Promise<string> {
    const files = await this.#files();
    const stats = await Promise.all(files.map((file) => stat(path.join(this.#options.root, file))));
    return JSON.stringify(stats.map(({ size, mtimeMs, ino }, index) => [files[index], size, mtimeMs, ino]));
  }

  /** Every file once; packed ones were plain before they were packed, and read then. */
  async #files(): Promise<readonly string[]> {
    const { root, globs } = this.#options;
    const lists = await Promise.all(globs.map((glob) => listFiles({ root, glob, maxDepth: 8 })));
    const files = [...new Set(lists.flat())].filter((file) => !/\.(?:gz|bz2|xz|zst|zip)$/i.test(file));
    if (files.length === 0)
      throw new StreamError('SOURCE_NOT_FOUND', `There is no file ${globs[0] ?? ''} in ${root}.`);
    return files.sort();
  }
}
